import { expect, test } from 'vitest'
import { FrameType } from '../../src/protocol/frames.js'
import { helloOf, producer, type RawClient } from '../support/raw-client.js'
import { inEveryWorld, type World } from '../support/world.js'

const { HELLO, SEND, VOID, HANDLED, JOIN, USE, ATTACH, CANCEL, LEAVE, PING, AUTH, VOLATILE, PRESENCE } =
  FrameType

/** Codes that say whose fault it was. */
const REFUSALS = [1002, 1003, 1007, 1008, 1009]

/** The code that the connection was ended with; the server must serve on. */
async function refusal(world: World, client: RawClient): Promise<number> {
  const { code } = await client.closing()
  const other = await world.connect()
  await other.hello()
  expect(await other.barrier()).toEqual([])
  return code
}

const hostileNumbers: readonly (readonly [string, unknown])[] = [
  ['-1', -1],
  ['0', 0],
  ['1.5', 1.5],
  ['2^53', 2 ** 53],
  ['a text', '1'],
  ['null', null],
  ['a map', { valueOf: 1 }],
  ['an array', [1]],
]

inEveryWorld('hostile input', (world) => {
  test.each(hostileNumbers)('[HOST-1] a sequence number %s ends the connection', async (_title, seq) => {
    const server = await world().serve()
    let runs = 0
    server.on('note', () => void runs++)
    const client = await world().connect()
    await client.hello({ producers: [producer('a')] })
    client.send([SEND, seq, null, 'note', 0])
    expect(REFUSALS).toContain(await refusal(world(), client))
    expect(runs).toBe(0)
  })

  test.each<readonly [string, readonly unknown[]]>([
    ['VOID backwards', [VOID, 3, 1]],
    ['VOID of nothing', [VOID, 0, 0]],
    ['VOID beyond 2^53', [VOID, 1, 2 ** 53]],
    ['HANDLED below zero', [HANDLED, -1, 0]],
    ['HANDLED without bytes', [HANDLED, 0]],
    ['HANDLED of a fraction', [HANDLED, 0.5, 0]],
    ['HANDLED of bytes never sent', [HANDLED, 0, 2 ** 40]],
    ['JOIN of number 0', [JOIN, 0, 'lobby']],
    ['JOIN without a room', [JOIN, 1]],
    ['JOIN of an empty room', [JOIN, 1, '']],
    ['JOIN of a room with a name too long', [JOIN, 1, 'x'.repeat(600)]],
    ['JOIN at offset -1', [JOIN, 1, 'lobby', null, -1]],
    ['USE of -1', [USE, -1]],
    ['USE of a text', [USE, '0']],
    ['ATTACH without producer', [ATTACH, 1]],
    ['ATTACH of the wrong kind', [ATTACH, 1, { ...producer('b'), kind: 'both' }]],
    ['ATTACH that wrote less than was settled', [ATTACH, 1, producer('b', { floor: 5, written: 4 })]],
    ['CANCEL of 0', [CANCEL, 0]],
    ['LEAVE without a room', [LEAVE, 1]],
    ['PING of a text', [PING, 'now']],
    ['AUTH without a token', [AUTH]],
    ['VOLATILE without a type', [VOLATILE, 'lobby']],
    ['PRESENCE without a room', [PRESENCE]],
    ['SEND without a type', [SEND, 1, null]],
    ['SEND with a number as type', [SEND, 1, null, 7, 0]],
    ['SEND with meta that is no map', [SEND, 1, null, 'note', 0, 'meta']],
    ['a frame without a type', []],
    ['a frame with a text as type', ['SEND', 1]],
    ['a frame of type -1', [-1]],
    ['a WELCOME from a client', [FrameType.WELCOME, {}]],
    ['an ACCEPTED from a client', [FrameType.ACCEPTED, 0, 1]],
    ['CHUNK, which is reserved', [FrameType.CHUNK]],
  ])('[HOST-2] %s ends the connection', async (_title, frame) => {
    await world().serve()
    const client = await world().connect()
    await client.hello({ producers: [producer('a')] })
    client.send(frame)
    expect(REFUSALS).toContain(await refusal(world(), client))
  })

  test.each<readonly [string, unknown]>([
    ['is null', null],
    ['is an array', []],
    ['has no producers', { ...helloOf(), producers: undefined }],
    ['has a producer that is null', { ...helloOf(), producers: [null] }],
    ['has a window of nothing', { ...helloOf(), window: { messages: 0, bytes: 0 } }],
    ['has a window that is no map', { ...helloOf(), window: 1 }],
    ['has cursors at negative offsets', { ...helloOf(), cursors: { all: ['e', -1] } }],
    ['has cursors that are no pairs', { ...helloOf(), cursors: { all: 'e' } }],
    ['has a session without key', { ...helloOf(), session: { id: 's', attach: 1 } }],
    ['has a session with attach 0', { ...helloOf(), session: { id: 's', key: 'k', attach: 0 } }],
    ['has an interval of pings below zero', { ...helloOf(), pingMs: -1 }],
    ['names a producer twice', helloOf({ producers: [producer('a'), producer('a')] })],
    [
      'has more producers than allowed',
      helloOf({ producers: Array.from({ length: 17 }, (_, n) => producer(`p${n}`)) }),
    ],
    [
      'has more rooms than allowed',
      helloOf({
        cursors: Object.fromEntries(
          Array.from({ length: 1_200 }, (_, n) => [`room/${n}`, ['e', 0] as const]),
        ),
      }),
    ],
    ['is longer than allowed', helloOf({ auth: 'x'.repeat(1_100_000) })],
  ])('[HOST-3] a HELLO that %s ends the connection', async (_title, hello) => {
    await world().serve()
    const client = await world().connect()
    client.send([HELLO, hello])
    expect(REFUSALS).toContain(await refusal(world(), client))
  })

  test('[HOST-4] cursors of logs that do not exist are passed over', async () => {
    await world().serve()
    const client = await world().connect()
    const { logs } = await client.hello({
      cursors: { 'planet/mars': ['e', 1], constructor: ['e', 1] as const, room: ['e', 1] },
    })
    expect(Object.keys(logs)).toHaveLength(4)
  })

  test.each(['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'])(
    '[HOST-5] the name %s is a room, a producer and a type like any other',
    async (name) => {
      const server = await world().serve()
      const handled: unknown[] = []
      server.on(name, (data) => void handled.push(data))
      const client = await world().connect()
      await client.hello({ producers: [producer(name)] })
      client.send([JOIN, 1, name], [SEND, 1, null, name, 'data'])
      expect((await client.find(FrameType.JOINED))[2]).toBe(name)
      expect(await client.find(FrameType.ACCEPTED)).toEqual([FrameType.ACCEPTED, 0, 1])
      expect(handled).toEqual(['data'])
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    },
  )

  test('[HOST-6] a type that nobody handles is refused even if every object has a member of that name', async () => {
    await world().serve()
    const client = await world().connect()
    await client.hello({ producers: [producer('a')] })
    client.send([SEND, 1, null, 'toString', 0], [SEND, 2, null, '__proto__', 0])
    expect((await client.next(FrameType.REJECTED))[3]).toBe('unknown_type')
    expect((await client.next(FrameType.REJECTED))[3]).toBe('unknown_type')
  })

  test('[HOST-7] a batch longer than WELCOME allows ends the connection with 1009', async () => {
    const server = await world().serve({ limits: { maxFrameBytes: 10_000 } })
    server.on('note', () => undefined)
    const client = await world().connect()
    const { maxFrame } = await client.hello({ producers: [producer('a')] })
    expect(maxFrame).toBe(10_000)
    client.send([SEND, 1, null, 'note', 'x'.repeat(20_000)])
    expect((await client.closing()).code).toBe(1009)
  })

  test('[HOST-8] data of the wrong kind for the codec ends the connection', async () => {
    await world().serve()
    const client = await world().connect()
    await client.hello()
    client.sendRaw(world().serializer.name === 'json' ? new Uint8Array([0x90]) : '[]')
    expect(REFUSALS).toContain(await refusal(world(), client))
  })

  test('[HOST-9] data that cannot be decoded ends the connection', async () => {
    await world().serve()
    const client = await world().connect()
    await client.hello()
    client.sendRaw(
      world().serializer.name === 'json' ? '[[6,1' : new Uint8Array([0xdd, 0xff, 0xff, 0xff, 0xff]),
    )
    expect(REFUSALS).toContain(await refusal(world(), client))
  })

  test('[HOST-10] a message that is not a batch ends the connection', async () => {
    await world().serve()
    const client = await world().connect()
    await client.hello()
    client.sendRaw(world().serializer.encode({ not: 'a batch' }))
    expect(REFUSALS).toContain(await refusal(world(), client))
  })

  test('[HOST-11] data nested deeper than 64 levels ends the connection', async () => {
    const server = await world().serve()
    server.on('note', () => undefined)
    const client = await world().connect()
    await client.hello({ producers: [producer('a')] })
    client.sendRaw(nested(world(), 64, 1))
    expect(await client.next(FrameType.ACCEPTED)).toEqual([FrameType.ACCEPTED, 0, 1])
    client.sendRaw(nested(world(), 5_000, 2))
    expect(REFUSALS).toContain(await refusal(world(), client))
  })

  test('[HOST-12] an empty batch is nothing', async () => {
    await world().serve()
    const client = await world().connect()
    await client.hello()
    client.sendRaw(world().serializer.batch([]))
    expect(await client.barrier()).toEqual([])
  })
})

/** A batch with one SEND whose data are arrays in arrays. */
function nested({ serializer }: World, levels: number, seq: number): string | Uint8Array {
  if (serializer.name === 'json') {
    return `[[${SEND},${seq},null,"note",${'['.repeat(levels)}${']'.repeat(levels)}]]`
  }
  const head = [0x91, 0x95, SEND, seq, 0xc0, 0xa4, ...new TextEncoder().encode('note')]
  return new Uint8Array([...head, ...Array.from({ length: levels - 1 }, () => 0x91), 0x90])
}
