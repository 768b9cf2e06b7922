import { expect, test } from 'vitest'
import { CloseCode } from '../../src/protocol/close-codes.js'
import { FrameType } from '../../src/protocol/frames.js'
import { AuthError } from '../../src/server/index.js'
import { helloOf, producer } from '../support/raw-client.js'
import { inEveryWorld } from '../support/world.js'

const { HELLO, AUTH, AUTHED, JOIN, JOINED, LEAVE, PRESENCE, VOLATILE, SEND, ACCEPTED, BYE } = FrameType

/** Whoever says a name is that user; `refuse me` is refused, `later` finds the server's user database down. */
function authenticate({ auth }: { auth: unknown }): { id: string } {
  if (auth === 'refuse me') throw new AuthError('not you')
  if (auth === 'later') throw new Error('the user database is down')
  return { id: String(auth) }
}

inEveryWorld('identity', (world) => {
  test('[ID-1] refused credentials: the upgrade completes, then FAIL and 4300', async () => {
    await world().serve({ authenticate })
    const client = await world().connect()
    client.send([HELLO, helloOf({ auth: 'refuse me' })])
    expect(await client.refusal()).toEqual({ fail: 'auth_refused', code: CloseCode.AUTH_REFUSED })
  })

  test('[ID-2] credentials that cannot be checked: FAIL and 1011, to be tried again', async () => {
    await world().serve({ authenticate })
    const client = await world().connect()
    client.send([HELLO, helloOf({ auth: 'later' })])
    expect(await client.refusal()).toEqual({ fail: 'auth_unavailable', code: 1011 })
  })

  test('[ID-3] WELCOME names the user', async () => {
    await world().serve({ authenticate })
    const client = await world().connect()
    expect((await client.hello({ auth: 'ada' })).user).toMatchObject({ id: 'ada' })
  })

  test("[ID-4] nobody resumes another user's session, even with its key", async () => {
    await world().serve({ authenticate })
    const ada = await world().connect()
    const { session } = await ada.hello({ auth: 'ada' })
    const eve = await world().connect()
    const offer = { id: session.id, key: session.key, attach: 2 }
    const welcome = await eve.hello({ auth: 'eve', session: offer })
    expect(welcome.session).toMatchObject({ resumed: false, why: 'user' })
    expect(await ada.barrier()).toEqual([])
  })

  test("[ID-5] nobody attaches another user's producer, even with its key", async () => {
    await world().serve({ authenticate })
    const ada = await world().connect()
    await ada.hello({ auth: 'ada', producers: [producer('a')] })
    const eve = await world().connect()
    const { producers } = await eve.hello({ auth: 'eve', producers: [producer('a', { attach: 2 })] })
    expect(producers).toEqual([null])
    expect(await ada.barrier()).toEqual([])
  })

  test("[ID-6] nobody reads another's user, session or replies log", async () => {
    const server = await world().serve({ authenticate })
    const ada = await world().connect()
    const { session, logs } = await ada.hello({ auth: 'ada' })
    await world().during(server.toUser('ada').send('note', 'private'))
    const eve = await world().connect()
    const wanted = ['user/ada', `session/${session.id}`, `replies/${session.id}`]
    const cursors = Object.fromEntries(wanted.map((log) => [log, logs[log] ?? (['', 0] as const)]))
    const welcome = await eve.hello({ auth: 'eve', cursors })
    for (const log of wanted) expect(Object.hasOwn(welcome.logs, log)).toBe(false)
    expect((await eve.barrier()).filter(([type]) => type === FrameType.ENTRY)).toEqual([])
  })

  test('[ID-7] AUTH with new credentials of the same user is answered with AUTHED', async () => {
    await world().serve({ authenticate })
    const client = await world().connect()
    await client.hello({ auth: 'ada' })
    client.send([AUTH, 'ada'])
    expect((await client.next(AUTHED))[1]).toMatchObject({ id: 'ada' })
  })

  test('[ID-8] AUTH that turns out to be another user ends the connection', async () => {
    await world().serve({ authenticate })
    const client = await world().connect()
    await client.hello({ auth: 'ada' })
    client.send([AUTH, 'eve'])
    const { code } = await client.closing()
    expect([42, 43]).toContain(Math.floor(code / 100))
  })

  test('[ID-9] AUTH with refused credentials: FAIL and 4300', async () => {
    await world().serve({ authenticate })
    const client = await world().connect()
    await client.hello({ auth: 'ada' })
    client.send([AUTH, 'refuse me'])
    expect(await client.refusal()).toEqual({ fail: 'auth_refused', code: CloseCode.AUTH_REFUSED })
  })

  test('[ID-10] a session is kept when its connection breaks and resumed with id and key', async () => {
    await world().serve()
    const first = await world().connect()
    const { session } = await first.hello()
    first.close(1006)
    const again = await world().connect()
    const welcome = await again.hello({ session: { id: session.id, key: session.key, attach: 2 } })
    expect(welcome.session).toMatchObject({ id: session.id, key: session.key, resumed: true })
  })

  test('[ID-11] BYE ends the connection, not the session: it is resumed while it is kept', async () => {
    await world().serve()
    const first = await world().connect()
    const { session } = await first.hello()
    first.send([BYE])
    await first.closing()
    const again = await world().connect()
    const welcome = await again.hello({ session: { id: session.id, key: session.key, attach: 2 } })
    expect(welcome.session).toMatchObject({ id: session.id, resumed: true })
  })

  test('[ID-12] a session that was kept too long is forgotten', async () => {
    await world().serve({ limits: { sessionMs: 50 } })
    const first = await world().connect()
    const welcome = await first.hello()
    expect(welcome.sessionMs).toBe(50)
    const { session } = welcome
    first.close(1006)
    await world().pass(120)
    const again = await world().connect()
    const next = await again.hello({ session: { id: session.id, key: session.key, attach: 2 } })
    expect(next.session).toMatchObject({ resumed: false, why: 'unknown' })
  })

  test('[ID-13] the record of a producer outlives its session', async () => {
    const server = await world().serve({ limits: { sessionMs: 50 } })
    server.on('note', () => undefined)
    const first = await world().connect()
    const hello = await first.hello({ producers: [producer('a')] })
    first.send([SEND, 1, null, 'note', 0])
    await first.find(ACCEPTED)
    first.close(1006)
    await world().pass(120)
    const again = await world().connect()
    const epoch = hello.producers[0]?.epoch ?? ''
    const { producers } = await again.hello({ producers: [producer('a', { attach: 2, epoch, written: 1 })] })
    expect(producers).toMatchObject([{ last: 1, epoch }])
  })

  test('[ID-14] a kicked connection is closed 4400 and told so', async () => {
    const server = await world().serve()
    const client = await world().connect()
    const { session } = await client.hello()
    server.kick(session.id, 'spam')
    expect((await client.closing()).code).toBe(CloseCode.KICKED)
  })
})

inEveryWorld('presence', (world) => {
  test('[PRES-1] JOIN with a presence appears to the members, and gets them all', async () => {
    await world().serve({ authenticate })
    const ada = await world().connect()
    await ada.hello({ auth: 'ada' })
    ada.send([JOIN, 1, 'lobby', null, null, { mood: 'calm' }])
    await ada.next(JOINED)
    await ada.barrier()
    const bob = await world().connect()
    await bob.hello({ auth: 'bob' })
    bob.send([JOIN, 1, 'lobby', null, null, { mood: 'busy' }])
    const [, room, , kind, members] = await ada.find(PRESENCE)
    expect([room, kind]).toEqual(['lobby', 'join'])
    expect(members).toMatchObject([{ userId: 'bob', state: { mood: 'busy' } }])
    const joined = await bob.find(JOINED)
    const sync = await bob.find(PRESENCE).catch(() => null)
    const seen = (sync?.[3] === 'sync' ? sync[4] : joined[5]) ?? []
    expect(seen.map(({ userId }) => userId).toSorted()).toEqual(['ada', 'bob'])
  })

  test('[PRES-2] PRESENCE update reaches the members, with a higher version', async () => {
    await world().serve({ authenticate })
    const ada = await world().connect()
    await ada.hello({ auth: 'ada' })
    ada.send([JOIN, 1, 'lobby', null, null, { n: 1 }])
    await ada.find(JOINED)
    await ada.barrier()
    const bob = await world().connect()
    await bob.hello({ auth: 'bob' })
    bob.send([JOIN, 1, 'lobby', null, null, { n: 1 }])
    await bob.find(JOINED)
    const before = (await ada.find(PRESENCE))[2]
    bob.send([PRESENCE, 'lobby', 0, 'update', [{ n: 2 }]])
    const [, , version, kind, members] = await ada.find(PRESENCE)
    expect([kind, version > before]).toEqual(['update', true])
    expect(members).toMatchObject([{ userId: 'bob', state: { n: 2 } }])
  })

  test.each(['LEAVE', 'BYE'])('[PRES-3] after %s the member leaves at once', async (how) => {
    await world().serve({ authenticate })
    const ada = await world().connect()
    await ada.hello({ auth: 'ada' })
    ada.send([JOIN, 1, 'lobby', null, null, {}])
    await ada.find(JOINED)
    await ada.barrier()
    const bob = await world().connect()
    await bob.hello({ auth: 'bob' })
    bob.send([JOIN, 1, 'lobby', null, null, {}])
    await bob.find(JOINED)
    await ada.find(PRESENCE)
    bob.send(how === 'BYE' ? [BYE] : [LEAVE, 2, 'lobby'])
    const [, , , kind, members] = await ada.find(PRESENCE)
    expect([kind, members.map(({ userId }) => userId)]).toEqual(['leave', ['bob']])
  })

  test('[PRES-4] a member whose connection broke stays for a while, and does not leave if it comes back and says so', async () => {
    await world().serve({ authenticate, limits: { presenceGraceMs: 300 } })
    const ada = await world().connect()
    await ada.hello({ auth: 'ada' })
    ada.send([JOIN, 1, 'lobby', null, null, {}])
    const [, , , epoch] = await ada.find(JOINED)
    await ada.barrier()
    const bob = await world().connect()
    const { session } = await bob.hello({ auth: 'bob' })
    bob.send([JOIN, 1, 'lobby', null, null, {}])
    await bob.find(JOINED)
    await ada.find(PRESENCE)
    bob.close(1006)
    const again = await world().connect()
    await again.hello({
      auth: 'bob',
      session: { id: session.id, key: session.key, attach: 2 },
      cursors: { 'room/lobby': [epoch, 0] },
    })
    again.send([PRESENCE, 'lobby', 0, 'update', [{}]])
    await world().pass(400)
    const kinds = (await ada.barrier()).filter(([type]) => type === PRESENCE).map((frame) => frame[3])
    expect(kinds).not.toContain('leave')
    again.close(1006)
    expect((await ada.find(PRESENCE))[3]).toBe('leave')
  })

  test('[PRES-5] PRESENCE of a room that one is not in changes nothing', async () => {
    const server = await world().serve({ authenticate })
    const ada = await world().connect()
    await ada.hello({ auth: 'ada' })
    ada.send([JOIN, 1, 'lobby', null, null, {}])
    await ada.find(JOINED)
    await ada.barrier()
    const eve = await world().connect()
    await eve.hello({ auth: 'eve' })
    eve.send([PRESENCE, 'lobby', 0, 'update', [{ n: 2 }]])
    await eve.barrier().catch(() => 'the server may end such a connection')
    expect((await world().during(server.presence('lobby'))).map(({ userId }) => userId)).toEqual(['ada'])
    expect((await ada.barrier()).filter(([type]) => type === PRESENCE)).toEqual([])
  })
})

inEveryWorld('volatile messages', (world) => {
  test('[VOL-1] reach the room but their sender, and are neither numbered nor kept', async () => {
    await world().serve({ authenticate })
    const ada = await world().connect()
    const bob = await world().connect()
    await ada.hello({ auth: 'ada' })
    await bob.hello({ auth: 'bob' })
    for (const client of [ada, bob]) {
      client.send([JOIN, 1, 'lobby'])
      await client.next(JOINED)
    }
    ada.send([VOLATILE, 'lobby', 'typing', true])
    expect((await bob.find(VOLATILE)).slice(0, 4)).toEqual([VOLATILE, 'lobby', 'typing', true])
    expect(await ada.barrier()).toEqual([])
    const late = await world().connect()
    await late.hello({ auth: 'eve' })
    late.send([JOIN, 1, 'lobby', null, 0])
    expect((await late.next(JOINED))[4]).toBe(0)
    expect(await late.barrier()).toEqual([])
  })

  test('[VOL-2] name their sender, whatever the frame says', async () => {
    await world().serve({ authenticate })
    const ada = await world().connect()
    const bob = await world().connect()
    await ada.hello({ auth: 'ada' })
    await bob.hello({ auth: 'bob' })
    bob.send([JOIN, 1, 'lobby'])
    await bob.next(JOINED)
    ada.send([VOLATILE, 'lobby', 'typing', true, 'somebody else'])
    expect((await bob.find(VOLATILE))[4]).toBe('ada')
  })

  test('[VOL-3] to a room that one may not send to are dropped', async () => {
    await world().serve({ authenticate, authorize: ({ kind }) => kind !== 'send' })
    const ada = await world().connect()
    const bob = await world().connect()
    await ada.hello({ auth: 'ada' })
    await bob.hello({ auth: 'bob' })
    bob.send([JOIN, 1, 'lobby'])
    await bob.next(JOINED)
    ada.send([VOLATILE, 'lobby', 'typing', true])
    await ada.barrier()
    expect(await bob.barrier()).toEqual([])
  })
})
