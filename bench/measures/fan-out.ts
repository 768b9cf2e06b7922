/** One message to many sockets. */
import type { PeerName } from '../peers/index.js'
import { wallClock } from '../process/clock.js'
import { median } from '../process/statistics.js'
import { usage } from '../process/usage.js'
import type { Measure, RunContext } from './measure.js'

const WARM_UP = 30
const BROADCASTS = 60
/** Sockets that are opened at the same time. */
const OPENING = 50

export interface FanOut {
  readonly ms: number
  readonly clientMicros: number
  readonly serverMicros: number
}

/** `receivers` clients in one process; each broadcast waits until the one before has reached every handler. */
export async function measureFanOut(
  context: RunContext,
  receivers: number,
  broadcasts: number,
): Promise<FanOut> {
  const { server } = context
  let handled = 0
  let lastAt = 0
  let reached = (): void => undefined
  const onPush = (): void => {
    handled++
    if (handled !== receivers) return
    lastAt = wallClock()
    reached()
  }
  const clients = Array.from({ length: receivers }, () => context.open({ receive: true }))
  for (let from = 0; from < receivers; from += OPENING) {
    await Promise.all(clients.slice(from, from + OPENING).map((client) => client.ready()))
  }
  for (const client of clients) client.onPush(onPush)
  const broadcast = async (index: number): Promise<number> => {
    handled = 0
    const all = new Promise<void>((resolve) => {
      reached = resolve
    })
    const { at } = await server.ask('push', { from: index, count: 1, perTurn: 1 })
    await all
    // What the handlers' end sets off (acknowledgements) belongs to this broadcast, not to the next.
    await new Promise((resolve) => setTimeout(resolve, 2))
    return lastAt - at
  }
  for (let index = 0; index < WARM_UP; index++) await broadcast(index)
  const serverBefore = await server.ask('usage', { collect: false })
  const clientBefore = await usage(false)
  const times: number[] = []
  for (let index = 0; index < broadcasts; index++) times.push(await broadcast(WARM_UP + index))
  const clientAfter = await usage(false)
  const serverAfter = await server.ask('usage', { collect: false })
  await Promise.all(clients.map(async (client) => client.close()))
  const count = broadcasts * receivers
  return {
    ms: median(times),
    clientMicros: (clientAfter.cpuMicros - clientBefore.cpuMicros) / count,
    serverMicros: (serverAfter.cpuMicros - serverBefore.cpuMicros) / count,
  }
}

const peers: readonly PeerName[] = ['surewire', 'ws', 'socketio', 'graphql-ws', 'mqtt']
const RECEIVERS = 1_000

export const fanOut: Measure = {
  name: 'fanout',
  title: `Fan-out to ${RECEIVERS.toLocaleString('en')} sockets`,
  description: `One message of 100 B to ${RECEIVERS.toLocaleString('en')} clients in one process, until the last one's handler has had it; median of ${BROADCASTS}. Bare \`ws\` broadcasts one prepared buffer. CPU is for each receiver.`,
  metrics: [
    { key: 'ms', label: 'until all have it', unit: 'ms', better: 'lower', digits: 1 },
    { key: 'serverMicros', label: 'server CPU a receiver', unit: 'µs', better: 'lower', digits: 1 },
    { key: 'clientMicros', label: 'client CPU a receiver', unit: 'µs', better: 'lower', digits: 1 },
  ],
  baseline: 'ws',
  peers,
  rounds: 5,
  otherRounds: 1,
  plot: 'ms',
  run: async (context) => ({ ...(await measureFanOut(context, RECEIVERS, BROADCASTS * context.scale)) }),
}
