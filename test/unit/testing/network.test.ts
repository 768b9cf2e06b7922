import { beforeEach, describe, expect, test } from 'vitest'
import type { Encoded } from '../../../src/protocol/codec.js'
import type { Link } from '../../../src/runtime/ports.js'
import { createTestNetwork, type TestNetworkOptions } from '../../../src/testing/network.js'
import { type ManualClock, manualClock } from '../../../src/testing/manual-clock.js'
import type { TestNetwork, TestPeer, TraceEvent } from '../../../src/testing/network-types.js'

const URL = 'ws://server.test/ws'

/** One side of a conversation, as it was told. */
interface Heard {
  messages: Encoded[]
  events: string[]
}

let network: TestNetwork<ManualClock>
let server: Heard & { peer: TestPeer | null }
let client: Heard

function build(options: TestNetworkOptions<ManualClock> = {}): void {
  network = createTestNetwork({ seed: 1, clock: manualClock(), ...options })
  server = { messages: [], events: [], peer: null }
  client = { messages: [], events: [] }
}

function listen(protocols?: readonly string[]): () => void {
  return network.listen(
    URL,
    (peer) => {
      server.peer = peer
      server.events.push(`accepted ${peer.protocol}`)
      return {
        received: (data) => server.messages.push(data),
        closed: (code, reason) => server.events.push(`closed ${code} ${reason}`.trim()),
      }
    },
    protocols === undefined ? {} : { protocols },
  )
}

function dial(url = URL, protocols: readonly string[] = ['a', 'b']): Link {
  return network.transport().open(
    { url, protocols },
    {
      opened: (protocol) => client.events.push(`opened ${protocol}`),
      received: (data) => client.messages.push(data),
      closed: (code, reason) => client.events.push(`closed ${code} ${reason}`.trim()),
      failed: (error) => client.events.push(`failed: ${error.message}`),
    },
  )
}

function connect(): Link {
  const link = dial()
  network.clock.advance(0)
  return link
}

const only = () => {
  const [link] = network.links()
  if (link === undefined) throw new Error('there is no link')
  return link
}

beforeEach(() => build())

describe('a dial', () => {
  test('opens, and nothing happens before the clock says so', () => {
    listen()
    dial()
    expect([server.events, client.events]).toEqual([[], []])
    network.clock.advance(0)
    expect([server.events, client.events]).toEqual([['accepted a'], ['opened a']])
    expect(only().state).toBe('open')
  })

  test('chooses the first offered subprotocol that the listener speaks', () => {
    listen(['b', 'a'])
    connect()
    expect(client.events).toEqual(['opened a'])
  })

  test('without a subprotocol in common is refused with 400', () => {
    listen(['c'])
    connect()
    expect(client.events).toEqual([`failed: ${URL} answered with HTTP status 400`])
    expect(network.links()).toEqual([])
  })

  test('of an address where nothing listens fails', () => {
    dial('ws://elsewhere.test/ws')
    network.clock.advance(0)
    expect(client.events).toEqual(['failed: nothing answers at ws://elsewhere.test/ws'])
  })

  test('of something that is no address fails instead of throwing', () => {
    dial('not an address')
    network.clock.advance(0)
    expect(client.events).toEqual(['failed: nothing answers at not an address'])
  })

  test('reaches the listener whatever the scheme and the query', () => {
    listen()
    dial('wss://server.test/ws?token=1')
    network.clock.advance(0)
    expect(server.peer?.request.url).toBe('/ws?token=1')
  })

  test('takes one way there and one way back', () => {
    build({ faults: { latencyMs: 40 } })
    listen()
    dial()
    network.clock.advance(79)
    expect([server.events, client.events]).toEqual([['accepted a'], []])
    network.clock.advance(1)
    expect(client.events).toEqual(['opened a'])
  })

  test('is refused as told, with status and Retry-After', () => {
    listen()
    network.refuse({ status: 503, retryAfterMs: 2_000 })
    const errors: unknown[] = []
    const ignore = () => undefined
    network
      .transport()
      .open(
        { url: URL, protocols: [] },
        { opened: ignore, received: ignore, closed: ignore, failed: (error) => errors.push(error) },
      )
    network.clock.advance(0)
    expect(errors).toMatchObject([{ code: 'connect_failed', status: 503, retryAfterMs: 2_000 }])
  })

  test('hangs as told, until the client gives up', () => {
    listen()
    network.hang(URL)
    const link = dial()
    network.clock.advance(1_000_000)
    expect([client.events, only().state]).toEqual([[], 'dialing'])
    link.close(1000, '')
    network.clock.advance(0)
    expect([client.events, network.links()]).toEqual([[], []])
  })

  test('that is given up while the answer is on its way is seen by the server as broken', () => {
    build({ faults: { latencyMs: 10 } })
    listen()
    const link = dial()
    network.clock.advance(15)
    link.close(1000, '')
    network.clock.advance(100)
    expect([client.events, server.events]).toEqual([[], ['accepted a', 'closed 1006']])
    expect(network.links()).toEqual([])
  })

  test('fails once nobody listens there any more, and open links live on', () => {
    const stop = listen()
    connect()
    stop()
    connect()
    expect(client.events).toEqual(['opened a', `failed: nothing answers at ${URL}`])
    expect(only().state).toBe('open')
  })

  test('two listeners at one address are a mistake that is told', () => {
    listen()
    expect(() => listen()).toThrow("option 'url'")
  })
})

describe('messages', () => {
  test('arrive in order both ways, each in a turn of its own', () => {
    build({ faults: { latencyMs: 10, jitterMs: 50 } })
    listen()
    const link = dial()
    network.clock.advance(200)
    for (let count = 0; count < 20; count++) {
      link.send(`up ${count}`)
      server.peer?.send(`down ${count}`)
    }
    network.clock.advance(9)
    expect(server.messages).toEqual([])
    network.clock.advance(100)
    expect(server.messages).toEqual(Array.from({ length: 20 }, (_, count) => `up ${count}`))
    expect(client.messages).toEqual(Array.from({ length: 20 }, (_, count) => `down ${count}`))
  })

  test('are counted in bytes of the wire', () => {
    listen()
    const link = connect()
    link.send('é')
    link.send(new Uint8Array(5))
    expect(only().sent.up).toEqual({ messages: 2, bytes: 7 })
    expect(network.stats.up).toEqual({ messages: 2, bytes: 7 })
  })

  test('take the time that the bandwidth wants, and count as buffered meanwhile', () => {
    listen()
    const link = connect()
    network.set({ bytesPerSecond: 100 })
    link.send('x'.repeat(50))
    link.send('y'.repeat(50))
    expect(link.bufferedAmount).toBe(100)
    network.clock.advance(500)
    expect([server.messages.length, link.bufferedAmount]).toEqual([1, 50])
    network.clock.advance(500)
    expect([server.messages.length, link.bufferedAmount]).toEqual([2, 0])
  })

  test('given before the link is open or after it was closed are dropped', () => {
    listen()
    const link = dial()
    link.send('too early')
    network.clock.advance(0)
    link.close(1000, '')
    link.send('too late')
    network.clock.advance(0)
    expect(server.messages).toEqual([])
  })

  test('can be put on the line by a test', () => {
    listen()
    connect()
    only().inject('up', 'forged')
    only().inject('down', 'forged too')
    network.clock.advance(0)
    expect([server.messages, client.messages]).toEqual([['forged'], ['forged too']])
  })

  test('arrive twice where the network duplicates', () => {
    listen()
    const link = connect()
    network.set({ duplicateChance: 1 })
    link.send('again')
    network.clock.advance(0)
    expect(server.messages).toEqual(['again', 'again'])
  })
})

describe('a close', () => {
  test('by the client reaches the server with code and reason; the client hears nothing more', () => {
    listen()
    const link = connect()
    server.peer?.send('under way')
    link.close(4001, 'bye')
    network.clock.advance(0)
    expect(server.events).toContain('closed 4001 bye')
    expect([client.events, client.messages]).toEqual([['opened a'], []])
    expect([network.links(), network.clock.pendingTimers]).toEqual([[], 0])
  })

  test('by the server reaches the client after what was sent before; then the server is told', () => {
    listen()
    connect()
    server.peer?.send('last words')
    server.peer?.close(4100, 'away')
    network.clock.advance(0)
    expect([client.messages, client.events]).toEqual([['last words'], ['opened a', 'closed 4100 away']])
    expect(server.events).toEqual(['accepted a', 'closed 4100 away'])
    expect([network.links(), network.clock.pendingTimers]).toEqual([[], 0])
  })

  test('by the server that is never answered ends for it after 30 s', () => {
    listen()
    connect()
    network.stall()
    server.peer?.close(1001, '')
    network.clock.advance(29_999)
    expect(server.events).toEqual(['accepted a'])
    network.clock.advance(1)
    expect(server.events).toEqual(['accepted a', 'closed 1006'])
  })

  test('by both at once ends both', () => {
    listen()
    const link = connect()
    server.peer?.close(4001, '')
    link.close(4002, '')
    network.clock.advance(0)
    expect(server.events).toEqual(['accepted a', 'closed 4002'])
    expect([client.events, network.links()]).toEqual([['opened a'], []])
  })

  test('of a socket that nobody detached is followed by late events', () => {
    build({ faults: { latencyMs: 10, lateEvents: true } })
    listen()
    const link = dial()
    network.clock.advance(20)
    server.peer?.send('late')
    link.close(1000, '')
    network.clock.advance(100)
    expect([client.messages, client.events]).toEqual([['late'], ['opened a', 'closed 1000']])
  })

  test('of such a socket on a dead line is reported a minute late', () => {
    build({ faults: { lateEvents: true } })
    listen()
    const link = connect()
    network.stall()
    link.close(1000, '')
    network.clock.advance(59_999)
    expect(client.events).toEqual(['opened a'])
    network.clock.advance(1)
    expect(client.events).toEqual(['opened a', 'closed 1006'])
  })
})

describe('a cut', () => {
  test('is learnt by both ends, and what was under way is lost', () => {
    listen()
    const link = connect()
    link.send('lost')
    server.peer?.send('lost too')
    only().cut()
    network.clock.advance(0)
    expect([server.messages, client.messages]).toEqual([[], []])
    expect([server.events, client.events]).toEqual([
      ['accepted a', 'closed 1006'],
      ['opened a', 'closed 1006'],
    ])
    expect([network.stats.lost, network.stats.cuts, network.links()]).toEqual([2, 1, []])
  })

  test('is learnt by each end at its own time; what is sent meanwhile goes nowhere', () => {
    listen()
    const link = connect()
    only().cut({ clientAfterMs: 100, serverAfterMs: 5_000 })
    link.send('into the void')
    network.clock.advance(100)
    expect([client.events, server.events]).toEqual([['opened a', 'closed 1006'], ['accepted a']])
    expect(only().state).toBe('lost')
    network.clock.advance(4_900)
    expect(server.events).toEqual(['accepted a', 'closed 1006'])
    expect(server.messages).toEqual([])
  })

  test('that an end never learns of leaves it half open, until it closes by itself', () => {
    listen()
    const link = connect()
    only().cut({ clientAfterMs: null, serverAfterMs: null })
    network.clock.advance(1_000_000)
    expect([client.events, server.events]).toEqual([['opened a'], ['accepted a']])
    link.close(1000, '')
    server.peer?.close(4000, '')
    network.clock.advance(30_000)
    expect([network.links(), network.clock.pendingTimers]).toEqual([[], 0])
  })

  test('lets a prefix of what was under way arrive first', () => {
    build({ faults: { latencyMs: 10 } })
    listen()
    const link = dial()
    network.clock.advance(20)
    for (const data of ['1', '2', '3']) link.send(data)
    only().cut({ deliver: 2 })
    network.clock.advance(10)
    expect(server.messages).toEqual(['1', '2'])
    expect(server.events).toEqual(['accepted a', 'closed 1006'])
    expect(network.stats.lost).toBe(1)
  })

  test('by chance delivers a prefix that the seed decides', () => {
    const prefixes = Array.from({ length: 20 }, (_, seed) => {
      build({ seed })
      listen()
      const link = connect()
      for (const data of ['1', '2', '3']) link.send(data)
      only().cut({ deliver: 'some' })
      network.clock.advance(0)
      expect(server.messages).toEqual(['1', '2', '3'].slice(0, server.messages.length))
      return server.messages.length
    })
    expect(new Set(prefixes)).toEqual(new Set([0, 1, 2, 3]))
  })

  test('while dialing fails the dial', () => {
    build({ faults: { latencyMs: 10 } })
    listen()
    dial()
    only().cut()
    network.clock.advance(100)
    expect([client.events, network.links()]).toEqual([[`failed: the connection to ${URL} broke`], []])
  })

  test('of a link that waits for the answer to its close leaves nothing behind', () => {
    listen()
    const link = connect()
    network.stall()
    link.close(1000, '')
    only().cut({ clientAfterMs: null })
    network.clock.advance(0)
    expect([network.links(), network.clock.pendingTimers]).toEqual([[], 0])
  })
})

describe('a stall', () => {
  test('of one direction holds that one only, and nobody learns', () => {
    listen()
    const link = connect()
    only().stall('up')
    link.send('held')
    server.peer?.send('flows')
    network.clock.advance(1_000_000)
    expect([server.messages, client.messages, link.bufferedAmount]).toEqual([[], ['flows'], 4])
    only().heal()
    network.clock.advance(0)
    expect([server.messages, link.bufferedAmount]).toEqual([['held'], 0])
  })

  test('of the network concerns dials to come', () => {
    listen()
    network.stall()
    connect()
    network.clock.advance(1_000_000)
    expect([server.events, client.events]).toEqual([[], []])
    network.heal()
    network.clock.advance(0)
    expect(client.events).toEqual(['opened a'])
  })

  test('holds a closing handshake too', () => {
    listen()
    const link = connect()
    network.stall('up')
    link.close(1000, '')
    network.clock.advance(1_000)
    expect(server.events).toEqual(['accepted a'])
  })

  test('ends when the link is cut: both ends learn', () => {
    listen()
    connect()
    network.stall()
    only().cut()
    network.clock.advance(0)
    expect([server.events[1], client.events[1]]).toEqual(['closed 1006', 'closed 1006'])
  })
})

describe('healing', () => {
  test('ends refusals, hangs and chance, of links too; latency stays', () => {
    listen()
    network.set({ latencyMs: 5, cutChance: 1, refuseChance: 1 })
    network.refuse()
    network.hang(URL)
    network.heal()
    const link = dial()
    network.clock.advance(10)
    only().set({ cutChance: 1 })
    network.heal()
    link.send('safe')
    network.clock.advance(4)
    expect(server.messages).toEqual([])
    network.clock.advance(1)
    expect([server.messages, network.stats.cuts]).toEqual([['safe'], 0])
  })
})

describe('chance', () => {
  function unrest(seed: number): TraceEvent[] {
    const trace: TraceEvent[] = []
    build({
      seed,
      faults: {
        latencyMs: 5,
        jitterMs: 20,
        cutChance: 0.05,
        cutNoticeMs: [0, 50],
        stallChance: 0.1,
        stallMs: [10, 100],
        duplicateChance: 0.1,
        refuseChance: 0.2,
        hangChance: 0.1,
      },
    })
    network.trace((event) => trace.push(event))
    listen()
    for (let round = 0; round < 100; round++) {
      const link = dial()
      network.clock.advance(100)
      link.send(`${round}`)
      server.peer?.send(`${round}`)
      network.clock.advance(20)
      link.close(1000, '')
    }
    return trace
  }

  test('the same seed gives the same trace', () => {
    expect(unrest(11)).toEqual(unrest(11))
  })

  test('every kind of fault comes up', () => {
    const kinds = new Set(unrest(12).map((event) => event.what))
    expect([...kinds].toSorted()).toEqual(
      ['arrive', 'close', 'cut', 'dial', 'fail', 'heal', 'learn', 'open', 'send', 'stall'].toSorted(),
    )
    expect(network.stats.duplicated).toBeGreaterThan(0)
  })

  test('another seed gives another trace', () => {
    expect(unrest(11)).not.toEqual(unrest(12))
  })
})
