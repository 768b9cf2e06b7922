/** What was sent while the server was away, once it is there. */
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { wallClock } from '../process/clock.js'
import { payload } from '../process/payload.js'
import type { Figures, Measure, RunContext } from './measure.js'

// graphql-ws takes most of a minute for it, and is left out.
const COUNT = 100_000
const LONGEST_MS = 8_000

/** Only surewire, `ws` with resume, socket.io and mqtt have acknowledgements that survive an outage. */
const WITHOUT_ACKNOWLEDGEMENTS: readonly string[] = ['partysocket', 'reconnecting-websocket']

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function run({ server, peer, name, scale }: RunContext): Promise<Figures> {
  const count = COUNT * scale
  const port = await freePort()
  const acknowledge = !WITHOUT_ACKNOWLEDGEMENTS.includes(name)
  const scheme = name.startsWith('socketio') ? 'http' : 'ws'
  const path = name.startsWith('socketio') ? '' : '/ws'
  const client = peer.open(`${scheme}://127.0.0.1:${port}${path}`, {
    receive: false,
    acknowledge,
    queue: count,
  })
  let acknowledged = 0
  let lastAt = 0
  let allAcknowledged = (): void => undefined
  const all = new Promise<void>((resolve) => {
    allAcknowledged = resolve
  })
  const onAcknowledged = (): void => {
    acknowledged++
    if (acknowledged < count) return
    lastAt = wallClock()
    allAcknowledged()
  }
  for (let index = 0; index < count; index++) client.send(payload(index), onAcknowledged)
  await new Promise((resolve) => setTimeout(resolve, 200))
  await server.ask('start', { port })
  const books = await server.ask('books', { distinct: count, timeoutMs: LONGEST_MS })
  const complete = books.distinct === count
  if (acknowledge && complete) await Promise.race([all, new Promise((resolve) => setTimeout(resolve, 1_000))])
  const { at } = await server.ask('connectedAt', {})
  await client.close()
  return {
    ms: complete ? Math.max(books.lastAt, lastAt) - at : Number.NaN,
    missing: count - books.distinct,
    duplicated: books.handled - books.distinct,
  }
}

export const backlog: Measure = {
  name: 'backlog',
  title: `Backlog of ${COUNT.toLocaleString('en')} messages`,
  description: `${COUNT.toLocaleString('en')} messages are sent while no server listens; time from the connection until all are handled and, where there are acknowledgements, acknowledged. Missing is what the server's handler had not had after ${LONGEST_MS / 1_000} s.`,
  metrics: [
    { key: 'ms', label: 'time', unit: 'ms', better: 'lower' },
    { key: 'missing', label: 'missing', unit: '', better: 'lower' },
    { key: 'duplicated', label: 'duplicated', unit: '', better: 'lower' },
  ],
  baseline: 'socketio',
  peers: [
    'surewire',
    'ws-resume',
    'socketio',
    'socketio-retries',
    'partysocket',
    'reconnecting-websocket',
    'mqtt',
  ],
  rounds: 5,
  otherRounds: 2,
  once: ['socketio-retries', 'mqtt'],
  plot: 'ms',
  startsServer: true,
  run,
}
