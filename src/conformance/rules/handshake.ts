/** Checks of the rules about handshake, heartbeat and goodbye. */
import { CloseCode } from '../../protocol/close-codes.js'
import { FrameType } from '../../protocol/frames.js'
import { holds, same } from '../failure.js'
import { producer } from '../kit.js'
import { helloOf } from '../peer.js'
import { rulesOf } from '../rule.js'

const { HELLO, PING, PONG, BYE, SEND, FAIL } = FrameType

/** The shortest interval of pings that a server may grant. */
const SHORTEST_PING_MS = 250

export const handshake = rulesOf('core', {
  'HS-1': async (kit) => {
    const { welcome } = await kit.guest({ pingMs: 20_000 })
    same(welcome.v, 1, 'the version')
    same(welcome.session.resumed, false, 'resumed')
    same(welcome.user.id, kit.user, 'the user')
    holds(welcome.pingMs > 0, 'pings that were asked for should be granted')
    holds(welcome.window.messages > 0 && welcome.window.bytes > 0, 'the window should not be empty')
  },

  'HS-2': async (kit) => {
    const peer = await kit.connect()
    same(peer.protocol, `surewire.1.${kit.codec.name}`, 'the subprotocol')
  },

  'HS-3': async (kit) => {
    const peer = await kit.connect()
    peer.send([PING, 1])
    same((await peer.closing()).code, CloseCode.PROTOCOL_ERROR, 'the close code')
  },

  'HS-4': async (kit) => {
    const { peer } = await kit.guest()
    peer.send([HELLO, helloOf({ auth: kit.user })])
    same((await peer.closing()).code, CloseCode.PROTOCOL_ERROR, 'the close code')
  },

  'HS-5': async (kit) => {
    const peer = await kit.connect()
    same(Math.floor((await peer.closing()).code / 100), 40, 'the hundreds of the close code')
  },

  'HS-6': async (kit) => {
    const peer = await kit.connect()
    peer.send([HELLO, helloOf({ v: 99, auth: kit.user })])
    same((await peer.closing()).code, CloseCode.VERSION, 'the close code')
    same((await peer.find(FAIL).catch(() => null))?.[1], 'version', 'FAIL')
  },

  'HS-7': async (kit) => {
    const { welcome } = await kit.guest()
    const { logs, session, user } = welcome
    const expected = ['all', `user/${user.id}`, `session/${session.id}`, `replies/${session.id}`]
    same(Object.keys(logs).toSorted(), expected.toSorted(), 'the logs')
    const own = expected.slice(2).map((log) => logs[log]?.[1])
    same(own, [0, 0], 'where the logs of a new session start')
  },

  'HS-8': async (kit) => {
    const [a, b] = [kit.name('a'), kit.name('b')]
    const { peer } = await kit.guest({ producers: [producer(a)] })
    peer.send([SEND, 1, null, 'kit.note', { key: a }])
    await peer.accepted(1)
    const { welcome } = await kit.guest({ producers: [producer(b), producer(a, { attach: 2, written: 1 })] })
    same(
      welcome.producers.map((state) => [state?.last, state?.held, state?.refused]),
      [
        [0, 0, []],
        [1, 1, []],
      ],
      'the states, in the order of HELLO',
    )
  },

  'HS-9': async (kit) => {
    const { peer } = await kit.guest()
    peer.send([63, 'what?'])
    same((await peer.closing()).code, CloseCode.PROTOCOL_ERROR, 'the close code')
  },

  'HS-10': async (kit) => {
    const { peer } = await kit.guest()
    peer.send([64, 'a frame of the future'], [1_000])
    same(await peer.barrier(), [], 'what comes back')
  },

  'HS-11': async (kit) => {
    const { peer } = await kit.guest({ producers: [producer(kit.name('a'))] })
    peer.send([SEND, 1, null, 'kit.note', { key: kit.name('key') }, null, 'of the future'])
    await peer.accepted(1)
  },

  'HS-12': async (kit) => {
    const { welcome } = await kit.guest({ pingMs: 1 })
    holds(welcome.pingMs >= SHORTEST_PING_MS, `pings every ${welcome.pingMs} ms are too many`)
    const { welcome: without } = await kit.guest({ pingMs: 0 })
    same(without.pingMs, 0, 'the interval for those who want no pings')
  },

  'HS-13': async (kit) => {
    const { peer } = await kit.guest()
    peer.send([PING, 123])
    same(await peer.next(PONG), [PONG, 123], 'the answer')
  },

  'HS-14': async (kit) => {
    const { peer, welcome } = await kit.guest({ pingMs: SHORTEST_PING_MS })
    holds(welcome.pingMs < 1_000, 'an interval of 250 ms should be granted, nearly')
    await peer.wait(() => peer.pings.length > 1, 'two PINGs')
  },

  'HS-15': async (kit) => {
    const { peer } = await kit.guest({ pingMs: SHORTEST_PING_MS })
    peer.answersPings = false
    same((await peer.closing()).code, CloseCode.TIMEOUT, 'the close code')
  },

  'HS-16': async (kit) => {
    const { peer } = await kit.guest()
    peer.send([BYE])
    await peer.next(BYE)
    same((await peer.closing()).code, CloseCode.NORMAL, 'the close code')
  },
})
