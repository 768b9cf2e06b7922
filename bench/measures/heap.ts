/** Memory: of what waits, and of what idles. Heap after collections; buffers outside of it are told separately. */
import { ownPayload } from '../process/payload.js'
import { usage } from '../process/usage.js'
import type { Figures, Measure, RunContext } from './measure.js'

const FLAGS = ['--expose-gc']
const QUEUED = 60_000
const IDLE = 500
const WARM_UP = 50
/** Nothing listens there. */
const NOWHERE = 'ws://127.0.0.1:9/ws'

async function runQueued({ peer, scale }: RunContext): Promise<Figures> {
  const count = QUEUED * scale
  const client = peer.open(NOWHERE, { receive: false, acknowledge: false, queue: 2 * count })
  const ignore = (): void => undefined
  for (let index = 0; index < 1_000; index++) client.send(ownPayload(index), ignore)
  const before = await usage(true)
  for (let index = 0; index < count; index++) client.send(ownPayload(1_000 + index), ignore)
  const after = await usage(true)
  // Not closed: the process ends anyway, and some reject the promises of what was queued.
  return {
    heap: (after.heapBytes - before.heapBytes) / count,
    external: (after.externalBytes - before.externalBytes) / count,
  }
}

export const heapQueued: Measure = {
  name: 'heapQueued',
  title: 'Heap of a queued message',
  description: `${QUEUED.toLocaleString('en')} messages of 100 B, no two of which share a text, sent while no server is there. The payload is included.`,
  metrics: [
    { key: 'heap', label: 'heap', unit: 'B', better: 'lower' },
    { key: 'external', label: 'outside the heap', unit: 'B', better: 'lower' },
  ],
  baseline: 'partysocket',
  peers: [
    'surewire',
    'ws-resume',
    'socketio',
    'socketio-retries',
    'partysocket',
    'reconnecting-websocket',
    'graphql-ws',
    'mqtt',
  ],
  rounds: 3,
  otherRounds: 1,
  flags: FLAGS,
  plot: 'heap',
  startsServer: true,
  run: runQueued,
}

async function runIdle(context: RunContext): Promise<Figures> {
  const { server, scale } = context
  const count = IDLE * scale
  const openAll = async (many: number): Promise<unknown[]> => {
    const clients: unknown[] = []
    for (let index = 0; index < many; index++) {
      const client = context.open()
      clients.push(client)
      await client.ready()
    }
    return clients
  }
  const first = await openAll(WARM_UP)
  const [before, serverBefore] = [await usage(true), await server.ask('usage', { collect: true })]
  const clients = await openAll(count)
  const [after, serverAfter] = [await usage(true), await server.ask('usage', { collect: true })]
  if (first.length + clients.length !== WARM_UP + count) throw new Error('clients are missing')
  return {
    client: (after.heapBytes - before.heapBytes) / count,
    server: (serverAfter.heapBytes - serverBefore.heapBytes) / count,
  }
}

export const heapIdle: Measure = {
  name: 'heapIdle',
  title: 'Heap of an idle connection',
  description: `${IDLE} clients connect and do nothing: heap of each in the client's process and in the server's, the socket included.`,
  metrics: [
    { key: 'client', label: 'client', unit: 'B', better: 'lower' },
    { key: 'server', label: 'server session', unit: 'B', better: 'lower' },
  ],
  baseline: 'ws',
  peers: ['surewire', 'ws', 'socketio', 'partysocket', 'reconnecting-websocket', 'graphql-ws', 'mqtt'],
  rounds: 3,
  otherRounds: 1,
  flags: FLAGS,
  plot: 'client',
  run: runIdle,
}
