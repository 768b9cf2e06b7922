/** Checks of the rules about who a client is, and what outlives its connection. */
import { CloseCode } from '../../protocol/close-codes.js'
import { FrameType, type Hello } from '../../protocol/frames.js'
import { same } from '../failure.js'
import { type Kit, producer } from '../kit.js'
import { helloOf } from '../peer.js'
import { rulesOf } from '../rule.js'

const { HELLO, AUTH, AUTHED, FAIL, SEND, BYE, ENTRY } = FrameType

/** What a connection with these credentials is told, and how it ends. */
async function refusal(kit: Kit, auth: string): Promise<unknown[]> {
  const peer = await kit.connect()
  peer.send([HELLO, helloOf({ auth })])
  const [, code] = await peer.find(FAIL)
  return [code, (await peer.closing()).code]
}

/** Dials again with the session of an earlier connection. */
async function resume(
  kit: Kit,
  session: { readonly id: string; readonly key: string },
  hello: Partial<Hello> = {},
): Promise<unknown[]> {
  const { id, key } = session
  const { welcome } = await kit.guest({ ...hello, session: { id, key, attach: 2 } })
  return [welcome.session.id === id, welcome.session.resumed, welcome.session.why ?? null]
}

export const identity = [
  ...rulesOf('core', {
    'ID-1': async (kit) => {
      same(await refusal(kit, 'refuse'), ['auth_refused', CloseCode.AUTH_REFUSED], 'FAIL and close code')
    },

    'ID-2': async (kit) => {
      same(await refusal(kit, 'unavailable'), ['auth_unavailable', 1011], 'FAIL and close code')
    },

    'ID-3': async (kit) => {
      same((await kit.guest()).welcome.user.id, kit.user, 'the user')
    },

    'ID-4': async (kit) => {
      const { peer, welcome } = await kit.guest()
      const theft = await resume(kit, welcome.session, { auth: kit.name('eve') })
      same(theft, [false, false, 'user'], "another user's session")
      same(await peer.barrier(), [], 'what its user hears of it')
    },

    'ID-5': async (kit) => {
      const id = kit.name('a')
      const { peer } = await kit.guest({ producers: [producer(id)] })
      const eve = await kit.guest({ auth: kit.name('eve'), producers: [producer(id, { attach: 2 })] })
      same(eve.welcome.producers, [null], "another user's producer")
      same(await peer.barrier(), [], 'what its user hears of it')
    },

    'ID-6': async (kit) => {
      const { welcome } = await kit.guest()
      const desk = await kit.desk()
      await desk.say('kit.tell-user', { user: kit.user, type: 'note', data: 'private' })
      const { id } = welcome.session
      const wanted = [`user/${kit.user}`, `session/${id}`, `replies/${id}`]
      const cursors = Object.fromEntries(wanted.map((log) => [log, welcome.logs[log] ?? (['', 0] as const)]))
      const eve = await kit.guest({ auth: kit.name('eve'), cursors })
      const named = wanted.filter((log) => Object.hasOwn(eve.welcome.logs, log))
      same(named, [], 'the logs of others in WELCOME')
      const heard = (await eve.peer.barrier()).filter(([type]) => type === ENTRY)
      same(heard, [], 'entries of the logs of others')
    },

    'ID-7': async (kit) => {
      const { peer } = await kit.guest()
      peer.send([AUTH, kit.user])
      same((await peer.next(AUTHED))[1].id, kit.user, 'the user')
    },

    'ID-8': async (kit) => {
      const { peer } = await kit.guest()
      peer.send([AUTH, kit.name('eve')])
      same((await peer.closing()).code, CloseCode.SESSION_UNKNOWN, 'the close code')
    },

    'ID-9': async (kit) => {
      const { peer } = await kit.guest()
      peer.send([AUTH, 'refuse'])
      same((await peer.find(FAIL))[1], 'auth_refused', 'FAIL')
      same((await peer.closing()).code, CloseCode.AUTH_REFUSED, 'the close code')
    },

    'ID-10': async (kit) => {
      const { peer, welcome } = await kit.guest()
      peer.drop()
      same(await resume(kit, welcome.session), [true, true, null], 'the session')
    },

    'ID-11': async (kit) => {
      const { peer, welcome } = await kit.guest()
      peer.send([BYE])
      await peer.closing()
      same(await resume(kit, welcome.session), [true, true, null], 'the session')
    },

    'ID-12': async (kit) => {
      const { peer, welcome } = await kit.guest()
      peer.drop()
      await kit.pass(welcome.sessionMs + 300)
      same(await resume(kit, welcome.session), [false, false, 'unknown'], 'the session')
    },

    'ID-13': async (kit) => {
      const id = kit.name('a')
      const { peer, welcome } = await kit.guest({ producers: [producer(id)] })
      peer.send([SEND, 1, null, 'kit.note', { key: id }])
      await peer.accepted(1)
      peer.drop()
      await kit.pass(welcome.sessionMs + 300)
      const epoch = welcome.producers[0]?.epoch ?? ''
      const later = await kit.guest({ producers: [producer(id, { attach: 2, epoch, written: 1 })] })
      const [state] = later.welcome.producers
      same([state?.last, state?.epoch], [1, epoch], 'last and epoch')
    },
  }),
  ...rulesOf('option', {
    'ID-14': async (kit) => {
      const { peer, welcome } = await kit.guest()
      await (await kit.desk()).say('kit.kick', { session: welcome.session.id })
      same((await peer.closing()).code, CloseCode.KICKED, 'the close code')
      same(await resume(kit, welcome.session), [false, false, 'unknown'], 'its session')
    },
  }),
]
