/** From the server to a handler in the client: a room in surewire and socket.io, a bare push elsewhere. */
import { wallClock } from '../process/clock.js'
import { usage } from '../process/usage.js'
import type { Figures, Measure, RunContext } from './measure.js'

const WARM_UP = 20_000
const COUNT = 60_000
const PER_TURN = 256

async function run(context: RunContext): Promise<Figures> {
  const { server, peer, scale } = context
  const warmUp = Math.ceil(WARM_UP * peer.pace)
  const count = Math.ceil(COUNT * peer.pace * scale)
  const client = context.open({ receive: true })
  let handled = 0
  let lastAt = 0
  let target = warmUp
  let reached = (): void => undefined
  client.onPush(() => {
    handled++
    if (handled !== target) return
    lastAt = wallClock()
    reached()
  })
  await client.ready()
  const receive = async (from: number, more: number): Promise<{ at: number }> => {
    target = from + more
    const all = new Promise<void>((resolve) => {
      reached = resolve
    })
    const begun = await server.ask('push', { from, count: more, perTurn: PER_TURN })
    await all
    return begun
  }
  await receive(0, warmUp)
  const serverBefore = await server.ask('usage', { collect: false })
  const clientBefore = await usage(false)
  const { at } = await receive(warmUp, count)
  const clientAfter = await usage(false)
  const serverAfter = await server.ask('usage', { collect: false })
  await client.close()
  return {
    perSecond: (count / (lastAt - at)) * 1_000,
    clientMicros: (clientAfter.cpuMicros - clientBefore.cpuMicros) / count,
    serverMicros: (serverAfter.cpuMicros - serverBefore.cpuMicros) / count,
  }
}

export const down: Measure = {
  name: 'down',
  title: 'Down to a handler',
  description: `${COUNT.toLocaleString('en')} messages of 100 B, ${PER_TURN} in each turn of the server, until the client's handler has had the last.`,
  metrics: [
    { key: 'perSecond', label: 'handled a second', unit: '/s', better: 'higher' },
    { key: 'clientMicros', label: 'client CPU a message', unit: 'µs', better: 'lower', digits: 1 },
    { key: 'serverMicros', label: 'server CPU a message', unit: 'µs', better: 'lower', digits: 1 },
  ],
  baseline: 'ws',
  peers: [
    'surewire',
    'ws',
    'ws-resume',
    'socketio',
    'partysocket',
    'reconnecting-websocket',
    'graphql-ws',
    'mqtt',
  ],
  rounds: 7,
  otherRounds: 2,
  plot: 'perSecond',
  run,
}
