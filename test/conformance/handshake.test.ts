import { expect, test } from 'vitest'
import { CloseCode } from '../../src/protocol/close-codes.js'
import { FrameType } from '../../src/protocol/frames.js'
import { helloOf, producer } from '../support/raw-client.js'
import { inEveryWorld } from '../support/world.js'

inEveryWorld('handshake', (world) => {
  test('[HS-1] WELCOME answers HELLO with version, session, user, ping interval, windows and limits', async () => {
    await world().serve()
    const client = await world().connect()
    const welcome = await client.hello({ pingMs: 20_000 })
    expect(welcome).toMatchObject({
      v: 1,
      session: { resumed: false, id: expect.any(String) as string, key: expect.any(String) as string },
      producers: [],
      pingMs: 20_000,
    })
    expect(welcome.user.id).toBe(`anonymous:${welcome.session.id}`)
    expect(welcome.window.messages).toBeGreaterThan(0)
    expect(welcome.window.bytes).toBeGreaterThan(0)
    expect(welcome.maxFrame).toBeGreaterThan(0)
    expect(welcome.sessionMs).toBeGreaterThan(0)
  })

  test('[HS-2] the subprotocol names version and codec', async () => {
    await world().serve()
    const client = await world().connect()
    expect(client.protocol).toBe(`surewire.1.${world().serializer.name}`)
  })

  test('[HS-3] a frame before HELLO ends the connection', async () => {
    await world().serve()
    const client = await world().connect()
    client.send([FrameType.PING, 1])
    expect((await client.refusal()).code).toBe(CloseCode.PROTOCOL_ERROR)
  })

  test('[HS-4] a second HELLO ends the connection', async () => {
    await world().serve()
    const client = await world().connect()
    await client.hello()
    client.send([FrameType.HELLO, helloOf()])
    expect((await client.refusal()).code).toBe(CloseCode.PROTOCOL_ERROR)
  })

  test('[HS-5] a connection that says no HELLO in time is ended', async () => {
    await world().serve({ limits: { helloMs: 300 } })
    const client = await world().connect()
    const { code } = await client.closing()
    expect(Math.floor(code / 100)).toBe(40)
  })

  test('[HS-6] a version that the server does not speak is refused with 4402', async () => {
    await world().serve()
    const client = await world().connect()
    client.send([FrameType.HELLO, helloOf({ v: 99 })])
    expect((await client.refusal()).code).toBe(CloseCode.VERSION)
  })

  test('[HS-7] WELCOME.logs names the four logs that every connection follows', async () => {
    await world().serve()
    const client = await world().connect()
    const { logs, session, user } = await client.hello()
    const expected = ['all', `user/${user.id}`, `session/${session.id}`, `replies/${session.id}`]
    expect(Object.keys(logs).toSorted()).toEqual(expected.toSorted())
  })

  test('[HS-8] WELCOME states the last number of every producer, in the order of HELLO', async () => {
    await world().serve()
    const client = await world().connect()
    const { producers } = await client.hello({ producers: [producer('a'), producer('b')] })
    expect(producers).toMatchObject([
      { last: 0, held: 0, refused: [] },
      { last: 0, held: 0, refused: [] },
    ])
  })

  test('[HS-9] a frame of an unknown type below 64 ends the connection', async () => {
    await world().serve()
    const client = await world().connect()
    await client.hello()
    client.send([63, 'what?'])
    expect((await client.refusal()).code).toBe(CloseCode.PROTOCOL_ERROR)
  })

  test('[HS-10] a frame of an unknown type from 64 on is ignored', async () => {
    await world().serve()
    const client = await world().connect()
    await client.hello()
    client.send([64, 'a frame of the future'], [1_000])
    expect(await client.barrier()).toEqual([])
  })

  test('[HS-11] elements after those of a frame are ignored', async () => {
    const server = await world().serve()
    server.on('note', () => undefined)
    const client = await world().connect()
    await client.hello({ producers: [producer('a')] })
    client.send([FrameType.SEND, 1, null, 'note', 'data', null, 'of the future'])
    expect(await client.next(FrameType.ACCEPTED)).toEqual([FrameType.ACCEPTED, 0, 1])
  })

  test('[HS-12] WELCOME grants pings no more often than the server allows', async () => {
    await world().serve()
    const client = await world().connect()
    expect((await client.hello({ pingMs: 1 })).pingMs).toBe(250)
  })

  test('[HS-13] PING is answered with PONG and the same number', async () => {
    await world().serve()
    const client = await world().connect()
    await client.hello()
    client.send([FrameType.PING, 123])
    expect(await client.next(FrameType.PONG)).toEqual([FrameType.PONG, 123])
  })

  test('[HS-14] an idle connection is pinged at the interval of WELCOME', async () => {
    await world().serve()
    const client = await world().connect()
    client.answersPings = false
    const { pingMs } = await client.hello({ pingMs: 250 })
    expect(pingMs).toBe(250)
    await world().wait(() => client.pings.length > 0, 'a PING')
  })

  test('[HS-15] a connection that answers no PING is ended and may resume', async () => {
    await world().serve({ heartbeat: { timeoutMs: 200 } })
    const client = await world().connect()
    client.answersPings = false
    await client.hello({ pingMs: 250 })
    expect((await client.closing()).code).toBe(CloseCode.TIMEOUT)
  })

  test('[HS-16] BYE and close 1000 are answered with BYE and 1000', async () => {
    await world().serve()
    const client = await world().connect()
    await client.hello()
    client.send([FrameType.BYE])
    await client.next(FrameType.BYE)
    expect((await client.closing()).code).toBe(CloseCode.NORMAL)
  })

  test('[HS-17] a server that goes away says AWAY, then closes 4100', async () => {
    const server = await world().serve()
    const client = await world().connect()
    await client.hello()
    const closed = server.close({ retryAfterMs: 1_500, spreadMs: 500 })
    const [, notice] = await client.find(FrameType.AWAY)
    expect(notice).toMatchObject({ afterMs: 1_500, spreadMs: 500 })
    expect((await client.closing()).code).toBe(CloseCode.AWAY)
    await world().during(closed)
  })
})
