import { expect, test } from 'vitest'
import type { Client, ClientOptions } from '../../src/client/types.js'
import { CloseCode } from '../../src/protocol/close-codes.js'
import { FrameType, type Hello, type ProducerState, type Welcome } from '../../src/protocol/frames.js'
import type { Gap } from '../../src/protocol/messages.js'
import { memoryStorage } from '../../src/storage/memory.js'
import { type RawServerConnection, welcomeOf } from '../support/raw-server.js'
import { inEveryWorld, type RawServer, type World } from '../support/world.js'

const { HELLO, SEND, REQUEST, VOID, ENTRY, SKIP, GAP, JOIN, JOINED, LEFT } = FrameType
const { ACCEPTED, REJECTED, HANDLED, CANCEL, BYE, PING, AWAY, FAIL, ATTACH, ATTACHED, USE } = FrameType

interface Scene {
  client: Client
  server: RawServer
  /** Lifecycle gaps so far. */
  gaps: Gap[]
  /** Codes of lifecycle errors so far. */
  errors: string[]
}

/** A client that redials at once, and a hand-driven server. */
async function scene(world: World, options: Partial<ClientOptions> = {}): Promise<Scene> {
  const server = await world.serveRaw()
  const client = world.client({
    url: server.url,
    reconnect: { initialDelayMs: 1, maxDelayMs: 1, jitter: 'none' },
    heartbeat: false,
    ...options,
  })
  const gaps: Gap[] = []
  const errors: string[] = []
  client.lifecycle.on('gap', (gap) => gaps.push(gap))
  client.lifecycle.on('error', (error) => errors.push(error.code))
  return { client, server, gaps, errors }
}

/** Connects and answers the handshake. */
async function open(
  world: World,
  { client, server }: Scene,
  welcome: Partial<Welcome> | ((hello: Hello) => Partial<Welcome>) = {},
): Promise<{ connection: RawServerConnection; hello: Hello }> {
  void client.connect()
  const connection = await server.accept()
  const hello = await connection.welcome(welcome)
  await world.wait(() => client.snapshot.status === 'connected', 'the client to be connected')
  return { connection, hello }
}

/** The answer for producers that were attached in HELLO or are attached later, in place of a fresh one. */
const state = (last: number, more: Partial<ProducerState> = {}): ProducerState => ({
  last,
  held: last,
  epoch: 'epoch-1',
  refused: [],
  ...more,
})

/** Answers ATTACH if the client sends one before the frame that is awaited. */
async function numbered(
  connection: RawServerConnection,
  count: number,
): Promise<readonly (readonly unknown[])[]> {
  const frames: (readonly unknown[])[] = []
  while (frames.length < count) {
    const [type] = connection.unread[0] ?? []
    if (type === USE) connection.unread.shift()
    else if (type === ATTACH) {
      const [, index, offer] = await connection.next(ATTACH)
      connection.send([ATTACHED, index, state(offer.floor)])
    } else if (type !== undefined) frames.push(connection.unread.shift() ?? [])
    else await connection.some()
  }
  return frames
}

const sends = (frames: readonly (readonly unknown[])[]): unknown[] => frames.map(([type, seq]) => [type, seq])

inEveryWorld('the client: handshake', (world) => {
  test('[CLI-1] HELLO is the first frame and states version, window and longest frame', async () => {
    const { connection, hello } = await open(
      world(),
      await scene(world(), { auth: 'token', device: { kind: 'mobile' } }),
    )
    expect(hello).toMatchObject({ v: 1, auth: 'token', device: { kind: 'mobile' } })
    expect(hello.window.messages).toBeGreaterThan(0)
    expect(connection.protocol).toBe(`surewire.1.${world().serializer.name}`)
  })

  test('[CLI-2] every dial raises attach, of the session and of every producer', async () => {
    const stage = await scene(world())
    void stage.client.send('note', 1)
    const first = await open(world(), stage)
    await numbered(first.connection, 1)
    first.connection.cut()
    const second = await (await stage.server.accept()).welcome()
    const [one, other] = [first.hello.producers[0], second.producers[0]]
    expect(other?.id).toBe(one?.id)
    expect(other?.attach ?? 0).toBeGreaterThan(one?.attach ?? 0)
    expect(second.session).toMatchObject({ id: 'session-1', key: 'key of the session' })
    expect(second.session?.attach ?? 0).toBeGreaterThan(0)
  })

  test('[CLI-43] from the first WELCOME on every offer says whose it is, and what is stored says so, too', async () => {
    const storage = memoryStorage()
    const stage = await scene(world(), { queue: { storage } })
    void stage.client.send('note', 1)
    const first = await open(world(), stage)
    await numbered(first.connection, 1)
    first.connection.cut()
    const second = await (await stage.server.accept()).welcome()
    await world().wait(() => stage.client.snapshot.status === 'connected', 'the client to be connected again')
    expect([first.hello, second].map(({ producers }) => producers[0]?.user)).toEqual([undefined, 'user-1'])
    await world().during(stage.client.close({ drainMs: 0 }))
    const [left] = (await storage.open()).leftovers
    expect(left?.producer).toMatchObject({ id: second.producers[0]?.id, user: 'user-1' })
  })

  test('[CLI-3] the next dial offers the cursors where reading stopped', async () => {
    const stage = await scene(world())
    const read: unknown[] = []
    stage.client.on('news', (data) => void read.push(data))
    const { connection } = await open(world(), stage)
    for (const n of [1, 2]) connection.send([ENTRY, 'all', n, 'news', n, { id: `m${n}`, from: null, at: 0 }])
    await world().wait(() => read.length === 2, 'both entries')
    connection.cut()
    const hello = await (await stage.server.accept()).welcome()
    expect(hello.cursors).toMatchObject({ all: ['log-epoch', 2] })
  })

  test('[CLI-4] frames of unknown types from 64 on are ignored', async () => {
    const stage = await scene(world())
    const { connection } = await open(world(), stage)
    connection.send([64, 'of the future'], [PING, 7])
    await world().wait(() => connection.pongs.includes(7), 'a PONG')
    expect(stage.client.snapshot.status).toBe('connected')
  })

  test('[CLI-5] PING is answered with PONG and the same number', async () => {
    const { connection } = await open(world(), await scene(world()))
    connection.send([PING, 123])
    await world().wait(() => connection.pongs.includes(123), 'a PONG')
    expect(connection.pongs).toEqual([123])
  })

  test('[CLI-6] close() says BYE before it closes with 1000', async () => {
    const stage = await scene(world())
    const { connection } = await open(world(), stage)
    const closed = stage.client.close()
    await connection.find(BYE)
    expect((await connection.closing()).code).toBe(1000)
    await world().during(closed)
  })
})

inEveryWorld('the client: what becomes of messages', (world) => {
  test('[CLI-7] WELCOME settles what was committed; the rest is resent in order, before what is fresh', async () => {
    const stage = await scene(world())
    const receipts = [1, 2, 3].map((n) => stage.client.send('note', n))
    const { connection } = await open(world(), stage)
    expect(sends(await numbered(connection, 3))).toEqual([1, 2, 3].map((seq) => [SEND, seq]))
    connection.cut()
    await world().wait(() => stage.client.snapshot.status === 'reconnecting', 'the loss to be noticed')
    void stage.client.send('note', 4)
    const second = await stage.server.accept()
    await second.welcome({ producers: [state(1, { held: 2 })] })
    expect(sends(await numbered(second, 2))).toEqual([
      [SEND, 3],
      [SEND, 4],
    ])
    expect((await world().during(receipts[0] ?? Promise.reject(new Error()))).outcome).toBe('accepted')
    expect(receipts[1]?.state).toBe('written')
  })

  test('[CLI-8] WELCOME settles what was committed as refused as rejected', async () => {
    const stage = await scene(world())
    const receipts = [1, 2].map((n) => stage.client.send('note', n))
    const { connection } = await open(world(), stage)
    await numbered(connection, 2)
    connection.cut()
    const second = await stage.server.accept()
    await second.welcome({ producers: [state(2, { refused: [[1, 'too_bad', 'because']] })] })
    const outcomes = await world().during(Promise.all(receipts.map((receipt) => receipt.settled)))
    expect(outcomes.map(({ outcome, code }) => [outcome, code])).toEqual([
      ['rejected', 'too_bad'],
      ['accepted', null],
    ])
  })

  /** Three messages, written; the connection is cut, and the next one is welcomed so. */
  async function afterCut(welcome: Partial<Welcome>): Promise<string[]> {
    const stage = await scene(world())
    const receipts = [1, 2, 3].map((n) => stage.client.send('note', n))
    const { connection } = await open(world(), stage)
    await numbered(connection, 3)
    connection.cut()
    const second = await stage.server.accept()
    await second.welcome(welcome)
    const outcomes = await world().during(Promise.all(receipts.map((receipt) => receipt.settled)))
    return outcomes.map(({ outcome }) => outcome)
  }

  test('[CLI-41] what the server names as void ends as cancelled, also while it is in hand there', async () => {
    const refused = [1, 3].map((seq) => [seq, 'void', ''] as const)
    const outcomes = await afterCut({ producers: [state(2, { held: 3, refused })] })
    expect(outcomes).toEqual(['cancelled', 'accepted', 'cancelled'])
  })

  test('[CLI-42] what lies before the window, and is not named as refused, is unknown', async () => {
    const outcomes = await afterCut({
      producers: [state(3, { refused: [[2, 'too_bad', 'because']] })],
      window: { messages: 2, bytes: 1_000_000 },
    })
    expect(outcomes).toEqual(['unknown', 'rejected', 'accepted'])
  })

  test('[CLI-9] REJECTED before ACCEPTED ends the message as rejected, with code and sentence', async () => {
    const stage = await scene(world())
    const receipts = [1, 2].map((n) => stage.client.send('note', n))
    const { connection } = await open(world(), stage)
    await numbered(connection, 2)
    connection.send([REJECTED, 0, 1, 'too_bad', 'because'], [ACCEPTED, 0, 2])
    const outcomes = await world().during(Promise.all(receipts.map((receipt) => receipt.settled)))
    expect(outcomes).toMatchObject([
      { outcome: 'rejected', code: 'too_bad', message: expect.stringContaining('because') as string },
      { outcome: 'accepted' },
    ])
  })

  test("[CLI-10] a record made anew: with onUnknown 'resend' what was written is sent again", async () => {
    const stage = await scene(world())
    for (const n of [1, 2, 3]) void stage.client.send('note', n)
    const { connection } = await open(world(), stage)
    await numbered(connection, 3)
    connection.send([ACCEPTED, 0, 1])
    await world().wait(() => stage.client.snapshot.inFlight === 2, 'the acknowledgement')
    connection.cut()
    const second = await stage.server.accept()
    const hello = await second.welcome({ producers: [state(1, { epoch: 'epoch-2' })] })
    expect(hello.producers).toMatchObject([{ epoch: 'epoch-1', floor: 1, written: 3 }])
    expect(sends(await numbered(second, 2))).toEqual([
      [SEND, 2],
      [SEND, 3],
    ])
  })

  test("[CLI-11] a record made anew: with onUnknown 'reject' what was written is unknown, and its numbers VOID", async () => {
    const stage = await scene(world(), { onUnknown: 'reject' })
    const receipts = [1, 2].map((n) => stage.client.send('note', n))
    const { connection } = await open(world(), stage)
    await numbered(connection, 2)
    connection.cut()
    await world().wait(() => stage.client.snapshot.status === 'reconnecting', 'the loss to be noticed')
    void stage.client.send('note', 3)
    const second = await stage.server.accept()
    await second.welcome({ producers: [state(0, { epoch: 'epoch-2' })] })
    const outcomes = await world().during(Promise.all(receipts.map((receipt) => receipt.settled)))
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['unknown', 'unknown'])
    const [voided, fresh] = await numbered(second, 2)
    expect([voided, fresh?.slice(0, 2)]).toEqual([
      [VOID, 1, 2],
      [SEND, 3],
    ])
  })

  test('[CLI-12] a written request is never sent into a new epoch: it rejects as unknown', async () => {
    const stage = await scene(world())
    const reply = stage.client.request('ask', 1)
    reply.catch(() => undefined)
    const { connection } = await open(world(), stage)
    expect(sends(await numbered(connection, 1))).toEqual([[REQUEST, 1]])
    connection.cut()
    const second = await stage.server.accept()
    await second.welcome(({ producers }) => ({
      producers: producers.map(() => state(0, { epoch: 'epoch-2' })),
    }))
    await expect(world().during(reply)).rejects.toMatchObject({ outcome: 'unknown' })
    expect(second.unread.filter(([type]) => type === REQUEST)).toEqual([])
  })

  test('[CLI-13] a number that was cancelled before it was written is VOID', async () => {
    const stage = await scene(world())
    const first = stage.client.send('note', 1)
    void stage.client.send('note', 2)
    expect(first.cancel()).toBe(true)
    const { connection } = await open(world(), stage)
    const [voided, next] = await numbered(connection, 2)
    expect([voided, next?.slice(0, 2)]).toEqual([
      [VOID, 1, 1],
      [SEND, 2],
    ])
  })

  test('[CLI-14] no more numbers are written than the window allows', async () => {
    const stage = await scene(world())
    for (let n = 1; n <= 10; n++) void stage.client.send('note', n)
    const { connection } = await open(world(), stage, { window: { messages: 3, bytes: 1_000_000 } })
    await numbered(connection, 3)
    connection.send([PING, 1])
    await world().wait(() => connection.pongs.includes(1), 'a PONG')
    expect(connection.unread).toEqual([])
    connection.send([ACCEPTED, 0, 2])
    expect(sends(await numbered(connection, 2))).toEqual([
      [SEND, 4],
      [SEND, 5],
    ])
  })

  test('[CLI-15] no more bytes are written than the window allows, but one message always may be', async () => {
    const stage = await scene(world())
    for (let n = 1; n <= 3; n++) void stage.client.send('note', 'x'.repeat(500))
    const { connection } = await open(world(), stage, { window: { messages: 100, bytes: 400 } })
    await numbered(connection, 1)
    connection.send([PING, 1])
    await world().wait(() => connection.pongs.includes(1), 'a PONG')
    expect(connection.unread).toEqual([])
    connection.send([ACCEPTED, 0, 1])
    expect(sends(await numbered(connection, 1))).toEqual([[SEND, 2]])
  })

  test('[CLI-16] an acknowledgement of something never sent is fatal', async () => {
    const stage = await scene(world())
    void stage.client.send('note', 1)
    const { connection } = await open(world(), stage)
    await numbered(connection, 1)
    connection.send([ACCEPTED, 0, 2])
    await connection.closing()
    expect(stage.errors.length).toBeGreaterThan(0)
  })

  test('[CLI-17] an acknowledgement that goes back is ignored or fatal, but never undoes an outcome', async () => {
    const stage = await scene(world())
    const receipts = [1, 2].map((n) => stage.client.send('note', n))
    const { connection } = await open(world(), stage)
    await numbered(connection, 2)
    connection.send([ACCEPTED, 0, 2])
    await world().during(Promise.all(receipts))
    connection.send([ACCEPTED, 0, 1], [REJECTED, 0, 1, 'late', 'late'])
    connection.send([PING, 1])
    await world().wait(() => connection.pongs.includes(1) || connection.ended !== null, 'a PONG or the end')
    expect(receipts.map((receipt) => receipt.state)).toEqual(['accepted', 'accepted'])
  })

  test('[CLI-18] aborting a written request asks the server to stop', async () => {
    const stage = await scene(world())
    const abort = new AbortController()
    const reply = stage.client.request('ask', 1, { signal: abort.signal })
    reply.catch(() => undefined)
    const { connection } = await open(world(), stage)
    await numbered(connection, 1)
    abort.abort()
    expect((await connection.find(CANCEL))[1]).toBe(1)
  })

  test('[CLI-19] a request is settled by the entry that names it, once', async () => {
    const stage = await scene(world())
    const reply = stage.client.request('ask', 1)
    const { connection, hello } = await open(world(), stage)
    await numbered(connection, 1)
    const id = hello.producers[0]?.id ?? ''
    const meta = (n: number) => ({ id: `s${n}`, from: null, at: 0, re: `${id}.1` })
    connection.send([ACCEPTED, 0, 1], [ENTRY, 'replies/session-1', 1, 'reply', 'yes', meta(1)])
    connection.send([ENTRY, 'replies/session-1', 2, 'reply', 'no', meta(2)])
    expect(await world().during(reply)).toBe('yes')
  })
})

inEveryWorld('the client: reading', (world) => {
  const entry = (offset: number, data: unknown = offset): readonly unknown[] => [
    ENTRY,
    'all',
    offset,
    'news',
    data,
    { id: `m${offset}`, from: null, at: 0 },
  ]

  async function reading(): Promise<Scene & { connection: RawServerConnection; read: unknown[] }> {
    const stage = await scene(world())
    const read: unknown[] = []
    stage.client.on('news', (data) => void read.push(data))
    const { connection } = await open(world(), stage)
    return { ...stage, connection, read }
  }

  test('[CLI-20] the entry after the cursor is delivered, one at or before it is dropped', async () => {
    const { connection, read } = await reading()
    connection.send(entry(1), entry(2), entry(1, 'again'), entry(2, 'again'), entry(3))
    await world().wait(() => read.length === 3, 'three entries')
    expect(read).toEqual([1, 2, 3])
  })

  test('[CLI-21] an entry that leaves some out, without SKIP or GAP, is a protocol error', async () => {
    const { connection, read, errors } = await reading()
    connection.send(entry(1), entry(3))
    await connection.closing()
    expect(read).toEqual([1])
    expect(errors.length).toBeGreaterThan(0)
  })

  test('[CLI-22] SKIP passes over offsets, in silence', async () => {
    const { connection, read, gaps } = await reading()
    connection.send([SKIP, 'all', 4], entry(5))
    await world().wait(() => read.length === 1, 'the entry')
    expect([read, gaps]).toEqual([[5], []])
  })

  test('[CLI-23] GAP is told with the exact range, in its place between messages', async () => {
    const { connection, read, gaps } = await reading()
    connection.send(entry(1), [GAP, 'all', 'log-epoch', 2, 4, 'history'], entry(5))
    await world().wait(() => read.length === 2, 'two entries')
    expect(read).toEqual([1, 5])
    expect(gaps).toMatchObject([
      { log: 'all', room: null, from: 2, to: 4, why: 'history', epoch: 'log-epoch' },
    ])
  })

  test('[CLI-24] GAP to null begins the log anew', async () => {
    const { connection, read, gaps } = await reading()
    connection.send(entry(1), [GAP, 'all', 'epoch-2', 2, null, 'epoch'], entry(1, 'anew'))
    await world().wait(() => read.length === 2, 'two entries')
    expect(read).toEqual([1, 'anew'])
    expect(gaps).toMatchObject([{ log: 'all', from: 2, to: null }])
  })

  test('[CLI-25] HANDLED counts entries and bytes once their handlers are done', async () => {
    const stage = await scene(world())
    let finish = (): void => undefined
    stage.client.on('news', () => new Promise<void>((resolve) => (finish = resolve)))
    const { connection } = await open(world(), stage)
    connection.send(entry(1))
    connection.send([PING, 1])
    await world().wait(() => connection.pongs.includes(1), 'a PONG')
    expect(connection.unread.filter(([type]) => type === HANDLED)).toEqual([])
    const bytes = world().serializer.size(world().serializer.batch([world().serializer.encode(entry(1))]))
    // HANDLED may wait for more to be worth a frame: a lot of entries brings it out.
    finish()
    stage.client.on('more', () => undefined)
    const more = Array.from({ length: 600 }, (_, n) => [
      ENTRY,
      'all',
      n + 2,
      'more',
      n,
      { id: 'x', from: null, at: 0 },
    ])
    connection.send(...more)
    const [, messages, handledBytes] = await connection.find(HANDLED)
    expect(messages).toBeGreaterThan(0)
    expect(handledBytes).toBeGreaterThanOrEqual(bytes)
  })

  test('[CLI-26] handlers of one log run one after another', async () => {
    const stage = await scene(world())
    const log: string[] = []
    stage.client.on('news', async (data) => {
      log.push(`start ${String(data)}`)
      await Promise.resolve()
      log.push(`end ${String(data)}`)
    })
    const { connection } = await open(world(), stage)
    connection.send(entry(1), entry(2))
    await world().wait(() => log.length === 4, 'both handlers')
    expect(log).toEqual(['start 1', 'end 1', 'start 2', 'end 2'])
  })

  test('[CLI-27] a session that was not resumed ends its old log with a GAP', async () => {
    const { connection, gaps, server, read } = await reading()
    connection.send([ENTRY, 'session/session-1', 1, 'news', 'mine', { id: 'm', from: null, at: 0 }])
    await world().wait(() => read.length === 1, 'the entry')
    connection.cut()
    const second = await server.accept()
    await second.welcome((hello) => {
      const fresh = welcomeOf({ ...hello, session: undefined } as unknown as Hello)
      const logs = {
        all: fresh.logs['all'] ?? (['log-epoch', 0] as const),
        'user/user-1': ['log-epoch', 0] as const,
        'session/session-2': ['e', 0] as const,
        'replies/session-2': ['e', 0] as const,
      }
      return { session: { id: 'session-2', key: 'k', resumed: false, why: 'unknown' }, logs }
    })
    await world().wait(() => gaps.length > 0, 'a gap')
    expect(gaps[0]).toMatchObject({ log: 'session/session-1', to: null })
  })

  test('[CLI-28] a cursor that WELCOME names otherwise is taken; GAP says what is missing', async () => {
    const { connection, gaps, server, read } = await reading()
    connection.send(entry(1))
    await world().wait(() => read.length === 1, 'the entry')
    connection.cut()
    const second = await server.accept()
    await second.welcome(({ cursors }) => ({
      logs: { ...welcomeOf({ producers: [], cursors } as unknown as Hello).logs, all: ['epoch-2', 0] },
    }))
    second.send([GAP, 'all', 'epoch-2', 2, null, 'epoch'], entry(1, 'anew'))
    await world().wait(() => read.length === 2, 'the entry of the new epoch')
    expect(gaps).toMatchObject([{ log: 'all', from: 2, to: null }])
  })
})

inEveryWorld('the client: rooms', (world) => {
  test('[CLI-29] join() asks for the position and takes the one of JOINED', async () => {
    const stage = await scene(world())
    const { connection } = await open(world(), stage)
    const joining = stage.client.room('lobby').join({ from: { epoch: 'e', offset: 4 } })
    const [, n, room, epoch, offset] = await connection.find(JOIN)
    expect([room, epoch, offset]).toEqual(['lobby', 'e', 4])
    connection.send([JOINED, n, 'lobby', 'e', 4, []])
    expect(await world().during(joining)).toMatchObject({
      cursor: { epoch: 'e', offset: 4 },
      recovered: true,
    })
  })

  test('[CLI-30] an answer to an earlier JOIN is ignored', async () => {
    const stage = await scene(world())
    const { connection } = await open(world(), stage)
    const room = stage.client.room('lobby')
    room.join().catch(() => undefined)
    const [, first] = await connection.find(JOIN)
    void room.leave()
    await connection.find(FrameType.LEAVE)
    const joining = room.join()
    const [, second] = await connection.find(JOIN)
    expect(second).toBeGreaterThan(first)
    connection.send([JOINED, first, 'lobby', 'old', 1, []], [JOINED, second, 'lobby', 'new', 2, []])
    expect((await world().during(joining)).cursor).toEqual({ epoch: 'new', offset: 2 })
  })

  test('[CLI-31] LEFT rejects the join with its reason', async () => {
    const stage = await scene(world())
    const { connection } = await open(world(), stage)
    const joining = stage.client.room('secret').join()
    joining.catch(() => undefined)
    const [, n] = await connection.find(JOIN)
    connection.send([LEFT, n, 'secret', 'forbidden'])
    await expect(world().during(joining)).rejects.toMatchObject({ code: 'forbidden' })
  })

  test('[CLI-32] a joined room is offered again with its cursor at the next dial', async () => {
    const stage = await scene(world())
    const { connection } = await open(world(), stage)
    const joining = stage.client.room('lobby').join()
    const [, n] = await connection.find(JOIN)
    connection.send([JOINED, n, 'lobby', 'e', 4, []])
    await world().during(joining)
    connection.cut()
    const hello = await (await stage.server.accept()).welcome()
    expect(hello.cursors['room/lobby']).toEqual(['e', 4])
  })
})

inEveryWorld('the client: how connections end', (world) => {
  test.each([CloseCode.SUPERSEDED, CloseCode.KICKED, CloseCode.VERSION])(
    '[CLI-33] after %s the client does not come back by itself',
    async (code) => {
      const stage = await scene(world())
      const { connection } = await open(world(), stage)
      connection.close(code)
      await world().wait(() => stage.client.snapshot.status === 'closed', 'the client to stop')
      expect(stage.client.snapshot.error).not.toBeNull()
      expect(stage.server.connections).toHaveLength(1)
    },
  )

  test('[CLI-34] after 4200 the client comes back with a session of its own', async () => {
    const stage = await scene(world())
    const { connection } = await open(world(), stage)
    connection.close(CloseCode.SESSION_UNKNOWN)
    const hello = await (await stage.server.accept()).welcome()
    expect(hello.session).toBeUndefined()
  })

  test.each([4000, 4099, 1001, 1006, 1011, 1012])('[CLI-35] after %s the client resumes', async (code) => {
    const stage = await scene(world())
    const { connection } = await open(world(), stage)
    if (code === 1006) connection.cut()
    else connection.close(code)
    const hello = await (await stage.server.accept()).welcome()
    expect(hello.session?.id).toBe('session-1')
  })

  test('[CLI-36] after AWAY and 4100 the client waits as long as it was told', async () => {
    const stage = await scene(world())
    const { connection } = await open(world(), stage)
    connection.send([AWAY, { afterMs: 150, spreadMs: 0, reason: 'deploy' }])
    const before = world().wall()
    connection.close(CloseCode.AWAY)
    await world().wait(() => stage.client.snapshot.status === 'reconnecting', 'the loss to be noticed')
    expect(stage.client.snapshot.retryAt).not.toBeNull()
    await (await stage.server.accept()).welcome()
    // Clocks of different grain: a millisecond or two less is not early.
    expect(world().wall() - before).toBeGreaterThanOrEqual(148)
  })

  test('[CLI-37] refused credentials: a function is asked once more, then the client stops', async () => {
    let asked = 0
    const stage = await scene(world(), { auth: () => `token ${++asked}` })
    void stage.client.connect()
    for (const token of ['token 1', 'token 2']) {
      const connection = await stage.server.accept()
      const [, hello] = await connection.next(HELLO)
      expect(hello.auth).toBe(token)
      connection.send([FAIL, 'auth_refused', 'no'])
      connection.close(CloseCode.AUTH_REFUSED)
    }
    await world().wait(() => stage.client.snapshot.status === 'closed', 'the client to stop')
    expect(stage.client.snapshot.error).toMatchObject({ name: 'AuthError', code: 'auth_refused' })
    expect(asked).toBe(2)
  })

  test('[CLI-38] a WELCOME that names another user ends what was queued for the first', async () => {
    const stage = await scene(world())
    const written = stage.client.send('note', 1)
    const { connection } = await open(world(), stage)
    await numbered(connection, 1)
    connection.cut()
    await world().wait(() => stage.client.snapshot.status === 'reconnecting', 'the loss to be noticed')
    const unwritten = stage.client.send('note', 2)
    const second = await stage.server.accept()
    await second.welcome(({ producers }) => ({
      user: { id: 'user-2' },
      session: { id: 'session-2', key: 'k', resumed: false, why: 'user' },
      producers: producers.map(() => null),
      logs: {
        all: ['log-epoch', 0],
        'user/user-2': ['e', 0],
        'session/session-2': ['e', 0],
        'replies/session-2': ['e', 0],
      },
    }))
    const outcomes = await world().during(Promise.all([written.settled, unwritten.settled]))
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['unknown', 'cancelled'])
  })

  test.each<readonly [string, readonly unknown[]]>([
    ['ENTRY', [ENTRY, 'all', 1, 'news', 1, { id: 'm', from: null, at: 0 }]],
    ['ACCEPTED', [ACCEPTED, 0, 1]],
    ['a frame of a client', [SEND, 1, null, 'note', 1]],
    ['a frame without a type', []],
    ['a WELCOME that is no map', [FrameType.WELCOME, null]],
  ])('[CLI-39] %s in place of WELCOME is a protocol error', async (_title, frame) => {
    const stage = await scene(world())
    void stage.client.connect()
    const connection = await stage.server.accept()
    await connection.next(HELLO)
    connection.send(frame)
    await connection.closing()
    expect(stage.client.snapshot.status).not.toBe('connected')
  })

  test.each<readonly [string, readonly unknown[]]>([
    ['ACCEPTED of a producer that is not there', [ACCEPTED, 9, 1]],
    ['ACCEPTED of -1', [ACCEPTED, 0, -1]],
    ['ENTRY at 2^53', [ENTRY, 'all', 2 ** 53, 'news', 1, { id: 'm', from: null, at: 0 }]],
    ['ENTRY without meta', [ENTRY, 'all', 1, 'news', 1]],
    ['SKIP backwards to 0', [SKIP, 'all', 0]],
    ['GAP that ends before it begins', [GAP, 'all', 'e', 5, 4, 'history']],
    ['a second WELCOME', [FrameType.WELCOME, {}]],
    ['HELLO from a server', [HELLO, {}]],
    ['an unknown type below 64', [63]],
  ])('[CLI-40] %s ends the connection and not the client', async (_title, frame) => {
    const stage = await scene(world())
    const { connection } = await open(world(), stage)
    connection.send(frame)
    await connection.closing()
    expect(stage.errors.length).toBeGreaterThan(0)
    // A protocol error is tried once afresh.
    await (await stage.server.accept()).welcome()
    await world().wait(() => stage.client.snapshot.status === 'connected', 'the client to come back')
  })
})
