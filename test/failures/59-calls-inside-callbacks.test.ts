import { describe, expect, it } from 'vitest'
import type { Client, LifecycleEvents } from '../../src/index.js'
import { flawless, Ledger } from '../support/ledger.js'
import { inMemory, type Memory } from '../support/memory.js'

type Act = (client: Client, off: () => void) => void
type Place = (client: Client, call: () => void) => () => void

const onLifecycle =
  (event: keyof LifecycleEvents): Place =>
  (client, call) => {
    client.lifecycle.on(event, call)
    return () => client.lifecycle.off(event, call)
  }

/** Every callback that the library makes, with how to unsubscribe from it. */
const places: Record<string, Place> = {
  'lifecycle.status': onLifecycle('status'),
  'lifecycle.open': onLifecycle('open'),
  'lifecycle.close': onLifecycle('close'),
  'lifecycle.settled': onLifecycle('settled'),
  'lifecycle.gap': onLifecycle('gap'),
  'lifecycle.error': onLifecycle('error'),
  'lifecycle.warning': onLifecycle('warning'),
  'a message handler': (client, call) => client.room('lobby').on('said', call),
  'a once handler': (client, call) => client.room('lobby').once('said', call),
  'a snapshot subscriber': (client, call) => client.subscribe(call),
  'a room subscriber': (client, call) => client.room('lobby').subscribe(call),
  'a presence subscriber': (client, call) => client.room('lobby').presence.subscribe(call),
}

const acts: Record<string, Act> = {
  send: (client) => void client.send('extra', null),
  unsubscribe: (_, off) => off(),
  close: (client) => void client.close({ drainMs: 0 }),
  disconnect: (client) => void client.disconnect(),
  restart: (client) => void client.restart({ force: true }).catch(() => undefined),
  'join and leave': (client) => {
    void client
      .room('other')
      .join()
      .catch(() => undefined)
    void client.room('other').leave()
  },
  throw: () => {
    throw new Error('on purpose')
  },
}

const MESSAGES = 60
/** Calls that act; the rest only look on, or a restart at every status would never end. */
const MAX_ACTS = 5

/** A life with everything in it: messages both ways, an unhandled type, a cut, a gap, presence, an unknown message. */
async function live(memory: Memory, client: Client): Promise<void> {
  const { server, network } = memory
  const lobby = client.room('lobby')
  void client.connect().catch(() => undefined)
  void lobby.join({ presence: { here: true } }).catch(() => undefined)
  await memory.pass(50)
  for (let index = 0; index < MESSAGES; index++) {
    client.send('note', index)
    if (index % 10 === 0) void server.toRoom('lobby').send('said', index)
    if (index === 20) for (const link of network.links()) link.cut({ deliver: 'some' })
    if (index === 40) server.restart({ keepStore: true })
    if (index === 50) void server.toUser('ada').send('nobody handles this', null)
    await memory.pass(7)
  }
  await memory.pass(2_000)
  server.restart({ keepStore: false })
  await memory.pass(5_000)
}

const cases = Object.keys(places).flatMap((place) => Object.keys(acts).map((act) => [act, place] as const))

describe('59: the application acts inside a callback', () => {
  it.each(cases)(
    '%s in %s: nothing runs twice, everything settles, and close() ends it all',
    async (act, place) => {
      const memory = inMemory({ faults: { latencyMs: 3 }, authenticate: () => ({ id: 'ada' }) })
      const handled = new Ledger(MESSAGES)
      const ran = new Set<unknown>()
      memory.server.on('note', (data, { redelivered }) => {
        // A server that lost its memory runs what it was sent again, and says so.
        if (!redelivered || !ran.has(data)) handled.handled(data as number)
        ran.add(data)
      })
      memory.server.on('extra', () => undefined)
      const client = memory.client({ reconnect: { jitter: 'none', initialDelayMs: 10 } })
      let depth = 0
      let deepest = 0
      let calls = 0
      let mayAct = true
      const off = places[place]?.(client, () => {
        calls++
        deepest = Math.max(deepest, ++depth)
        try {
          if (mayAct && calls <= MAX_ACTS) acts[act]?.(client, () => off?.())
        } finally {
          depth--
        }
      })

      await live(memory, client)
      mayAct = false
      // What ended the client on purpose is undone as far as it can be.
      void client.connect().catch(() => undefined)
      await memory.pass(5_000)
      const { status } = client.snapshot
      expect(status).toBe(act === 'close' && calls > 0 ? 'closed' : 'connected')
      const tally = handled.tally()
      const whole = status === 'connected' ? flawless(MESSAGES) : { duplicated: 0, outOfOrder: 0 }
      expect(tally).toMatchObject(whole)
      expect(client.snapshot.queued + client.snapshot.inFlight).toBe(0)
      // A callback runs to its end before the next one of its kind; but a subscriber that closes the client hears of it.
      const isToldAtOnce = act === 'close' && place === 'a snapshot subscriber'
      expect(deepest).toBeLessThanOrEqual(isToldAtOnce ? 2 : 1)
      expect(calls).toBeLessThanOrEqual(act === 'unsubscribe' ? 1 : Infinity)

      let isClosed = false
      void client.close({ drainMs: 100 }).then(() => (isClosed = true))
      await memory.pass(1_000)
      expect(isClosed).toBe(true)
      void memory.server.close({ drainMs: 0 })
      await memory.pass(10)
      expect(memory.clock.pendingTimers).toBe(0)
    },
  )
})
