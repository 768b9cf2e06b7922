/** surewire: acknowledgements heard of by the `settled` event, or each receipt awaited. */
import { createClient } from '../../src/index.js'
import { allowAll, createServer } from '../../src/server/index.js'
import { listen } from './listen.js'
import type { OpenOptions, Payload, Peer, PeerClient, PeerServer, ServeOptions } from './peer.js'

const ROOM = 'bench'

/** Raised above their defaults where a measure needs more; docs/performance.md tells them. */
export const surewireLimits = { historyMessages: 1_000_000, historyBytes: 2 ** 31, maxRooms: 2_000 } as const

async function serve({ port, handled }: ServeOptions): Promise<PeerServer> {
  const { http, url, cut, lastConnectionAt } = await listen(port)
  const server = createServer({ authorize: allowAll, server: http, limits: surewireLimits })
  server.on('message', (data) => handled(data as Payload))
  return {
    url,
    push: (payload) => void server.toRoom(ROOM).send('push', payload),
    pushToRoom: (room, payload) => void server.toRoom(`${ROOM}/${room}`).send('push', payload),
    cut,
    lastConnectionAt,
  }
}

type Send = (payload: Payload, acknowledged: () => void) => void

function open(url: string, { receive, acknowledge, queue }: OpenOptions, awaited: boolean): PeerClient {
  const client = createClient({
    url,
    queue: { maxMessages: queue, maxBytes: 2 ** 31 },
    reconnect: { initialDelayMs: 50, maxDelayMs: 50, jitter: 'none' },
  })
  let handler: (payload: Payload) => void = () => undefined
  // Receipts of one priority settle in the order of sending; a map, because the baseline has to keep one too.
  const pending = new Map<number, () => void>()
  let sent = 0
  let settled = 0
  if (acknowledge && !awaited) {
    client.lifecycle.on('settled', ({ state }) => {
      if (state !== 'accepted') throw new Error(`a message ended as '${state}'`)
      const acknowledged = pending.get(settled)
      pending.delete(settled++)
      acknowledged?.()
    })
  }
  const sendSettled: Send = (payload, acknowledged) => {
    pending.set(sent++, acknowledged)
    client.send('message', payload)
  }
  const sendOnly: Send = (payload) => void client.send('message', payload)
  const sendAwaited: Send = (payload, acknowledged) => void client.send('message', payload).then(acknowledged)
  const join = async (id: string): Promise<void> => {
    const room = client.room(id)
    room.on('push', (data) => handler(data as Payload))
    await room.join()
  }
  if (!receive) void client.connect()
  return {
    async ready() {
      await client.connect()
      if (receive) await join(ROOM)
    },
    send: !acknowledge ? sendOnly : awaited ? sendAwaited : sendSettled,
    onPush(next) {
      handler = next
    },
    async joinRooms(count) {
      await Promise.all(Array.from({ length: count }, (_, room) => join(`${ROOM}/${room}`)))
    },
    close: () => client.close({ drainMs: 0 }),
  }
}

export const surewire: Peer = {
  title: 'surewire',
  promise: 'handled exactly once, in order',
  packages: ['surewire', 'ws'],
  queues: true,
  pace: 1,
  serve,
  open: (url, options) => open(url, options, false),
}

export const surewireAwait: Peer = {
  ...surewire,
  title: 'surewire, each receipt awaited',
  open: (url, options) => open(url, options, true),
}
