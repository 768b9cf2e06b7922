/** Checks of the rules about producers and sessions: fencing, and epochs. */
import { CloseCode } from '../../protocol/close-codes.js'
import { FrameType, type ProducerOffer } from '../../protocol/frames.js'
import { holds, same } from '../failure.js'
import { type Kit, producer } from '../kit.js'
import { rulesOf } from '../rule.js'

const { SEND, ATTACH, ATTACHED, USE, ACCEPTED } = FrameType

/** Sends numbers of a producer, as notes under its own id, and waits until they are committed. */
async function note(kit: Kit, id: string, numbers: readonly number[]): Promise<string> {
  const { peer, welcome } = await kit.guest({ producers: [producer(id)] })
  peer.send(...numbers.map((seq) => [SEND, seq, null, 'kit.note', { key: id }]))
  await peer.accepted(numbers.at(-1) ?? 0)
  return welcome.producers[0]?.epoch ?? ''
}

export const fencing = rulesOf('core', {
  'FEN-1': async (kit) => {
    const id = kit.name('a')
    const first = await kit.guest({ producers: [producer(id, { attach: 5 })] })
    const second = await kit.guest({ producers: [producer(id, { attach: 5 }), producer(kit.name('b'))] })
    same(second.welcome.producers[0], null, 'the stale producer')
    same(second.welcome.producers[1]?.last, 0, 'the other one')
    const third = await kit.guest({ producers: [producer(id, { attach: 6, kind: 'requests' })] })
    same(third.welcome.producers, [null], 'the producer offered as of another kind')
    same(await first.peer.barrier(), [], 'what its connection hears of it')
  },

  'FEN-2': async (kit) => {
    const id = kit.name('a')
    const first = await kit.guest({ producers: [producer(id, { attach: 1 })] })
    const second = await kit.guest({ producers: [producer(id, { attach: 2 })] })
    same(second.welcome.producers[0]?.last, 0, 'the state')
    same((await first.peer.closing()).code, CloseCode.SUPERSEDED, 'the close code of the older connection')
  },

  'FEN-3': async (kit) => {
    const first = await kit.guest({ producers: [producer(kit.name('a'))] })
    const { session } = first.welcome
    const offer = { id: session.id, key: session.key, attach: 2 }
    const second = await kit.guest({ session: offer, producers: [producer(kit.name('b'))] })
    same([second.welcome.session.id, second.welcome.session.resumed], [session.id, true], 'the session')
    same(
      (await first.peer.closing()).code,
      CloseCode.SESSION_UNKNOWN,
      'the close code of the older connection',
    )
  },

  'FEN-4': async (kit) => {
    const first = await kit.guest()
    const { id, key } = first.welcome.session
    const second = await kit.guest({ session: { id, key, attach: 7 } })
    same(second.welcome.session.resumed, true, 'resumed, with a newer attach')
    const third = await kit.guest({ session: { id, key, attach: 7 } })
    same([third.welcome.session.resumed, third.welcome.session.why], [false, 'stale'], 'the stale session')
    holds(third.welcome.session.id !== id, 'it should be a new session')
    same(await second.peer.barrier(), [], 'what the session hears of it')
    const fourth = await kit.guest({ session: { id: kit.name('session'), key: 'key', attach: 1 } })
    same(
      [fourth.welcome.session.resumed, fourth.welcome.session.why],
      [false, 'unknown'],
      'an unknown session',
    )
  },

  'FEN-5': async (kit) => {
    const [id, key] = [kit.name('a'), kit.name('key')]
    const desk = await kit.desk()
    const first = await kit.guest({ producers: [producer(id)] })
    first.peer.send([SEND, 1, null, 'kit.hold', { key }], [SEND, 2, null, 'kit.note', { key }])
    await desk.notedAtLeast(key, 1)
    await first.peer.barrier()
    const { id: session, key: secret } = first.welcome.session
    const second = await kit.guest({
      session: { id: session, key: secret, attach: 2 },
      producers: [producer(id, { attach: 2, written: 2 })],
    })
    const [state] = second.welcome.producers
    same([state?.last, state?.held], [0, 2], 'last and held')
    await desk.say('kit.release', { key })
    await second.peer.accepted(2)
    const runs = (await desk.noted(key)).map(([message]) => message)
    same(runs, [`${id}.1`, `${id}.2`], 'the runs')
  },

  'FEN-6': async (kit) => {
    const id = kit.name('a')
    const first = await kit.guest({ producers: [producer(id)] })
    const thief = await kit.guest({ producers: [producer(id, { attach: 2, key: 'guessed' })] })
    same(thief.welcome.producers, [null], 'the state')
    same(await first.peer.barrier(), [], 'what the owner hears of it')
  },

  'FEN-7': async (kit) => {
    const first = await kit.guest()
    const thief = await kit.guest({
      session: { id: first.welcome.session.id, key: 'guessed', attach: 2 },
    })
    same([thief.welcome.session.resumed, thief.welcome.session.why], [false, 'key'], 'the session')
    same(await first.peer.barrier(), [], 'what the owner hears of it')
  },

  'FEN-8': async (kit) => {
    const id = kit.name('a')
    await kit.guest({ producers: [producer(id)] })
    const thief = await kit.guest({ producers: [producer(id, { attach: 2, key: 'guessed' })] })
    thief.peer.send([SEND, 1, null, 'kit.note', { key: id }])
    same((await thief.peer.closing()).code, CloseCode.PROTOCOL_ERROR, 'the close code')
  },

  'FEN-9': async (kit) => {
    const { peer } = await kit.guest({ producers: [producer(kit.name('a'))] })
    peer.send([ATTACH, 1, producer(kit.name('b'))])
    const [, index, state] = await peer.next(ATTACHED)
    same([index, state?.last, state?.held], [1, 0, 0], 'index, last and held')
    peer.send([USE, 1], [SEND, 1, null, 'kit.note', { key: kit.name('key') }])
    same(await peer.next(ACCEPTED), [ACCEPTED, 1, 1], 'the acknowledgement')
  },

  'FEN-10': async (kit) => {
    const { peer } = await kit.guest({ producers: [producer(kit.name('a'))] })
    peer.send([ATTACH, 3, producer(kit.name('b'))])
    same((await peer.closing()).code, CloseCode.PROTOCOL_ERROR, 'the close code')
  },

  'FEN-11': async (kit) => {
    const id = kit.name('a')
    await kit.guest({ producers: [producer(id)] })
    const { peer } = await kit.guest()
    const stolen = producer(id, { attach: 2, key: 'guessed' })
    peer.send([ATTACH, 0, stolen], [ATTACH, 1, producer(kit.name('b'))])
    same((await peer.find(ATTACHED, (frame) => frame[1] === 0))[2], null, 'the refused one')
    same((await peer.find(ATTACHED, (frame) => frame[1] === 1))[2]?.last, 0, 'the other one')
  },

  'FEN-12': async (kit) => {
    const id = kit.name('a')
    const ours = (attach: number): ProducerOffer => producer(id, { attach, user: kit.user })
    const eve = await kit.guest({ auth: kit.name('eve'), producers: [ours(2)] })
    same(eve.welcome.producers, [null], 'what another user offers as ours, in HELLO')
    eve.peer.send([ATTACH, 1, ours(3)])
    same((await eve.peer.find(ATTACHED))[2], null, 'and in ATTACH')
    const { welcome } = await kit.guest({ producers: [ours(1)] })
    same(welcome.producers[0]?.last, 0, 'the same, as its user offers it')
  },
})

export const epochs = rulesOf('core', {
  'EPO-1': async (kit) => {
    const id = kit.name('a')
    const epoch = await note(kit, id, [1, 2])
    const { welcome } = await kit.guest({ producers: [producer(id, { attach: 2, epoch, written: 2 })] })
    const [state] = welcome.producers
    same([state?.last, state?.held, state?.epoch], [2, 2, epoch], 'last, held and epoch')
  },

  'EPO-2': async (kit) => {
    const offer = producer(kit.name('a'), { attach: 9, epoch: 'of another server', floor: 7, written: 10 })
    const [state] = (await kit.guest({ producers: [offer] })).welcome.producers
    same([state?.last, state?.held, state?.refused], [7, 7, []], 'last, held and refused')
    holds(state?.epoch !== 'of another server', 'the epoch should be new')
  },

  'EPO-3': async (kit) => {
    const id = kit.name('a')
    const epoch = await note(kit, id, [1])
    const offer = producer(id, { attach: 2, epoch: 'another', floor: 0, written: 3 })
    const [state] = (await kit.guest({ producers: [offer] })).welcome.producers
    same(state?.last, 0, 'last')
    holds(state?.epoch !== epoch && state?.epoch !== 'another', 'the epoch should be new')
  },

  'EPO-4': async (kit) => {
    const id = kit.name('a')
    const epoch = await note(kit, id, [1])
    const offer = producer(id, { attach: 2, epoch, floor: 4, written: 5 })
    const [state] = (await kit.guest({ producers: [offer] })).welcome.producers
    same(state?.last, 4, 'last')
    holds(state?.epoch !== epoch, 'the epoch should be new')
  },

  'EPO-5': async (kit) => {
    const id = kit.name('a')
    const offer = producer(id, { attach: 2, epoch: 'lost', floor: 1, written: 3 })
    const { peer } = await kit.guest({ producers: [offer] })
    peer.send(...[2, 3, 4].map((seq) => [SEND, seq, null, 'kit.note', { key: id }]))
    await peer.accepted(4)
    const expected = [2, 3, 4].map((seq) => [`${id}.${seq}`, seq <= 3])
    same(await (await kit.desk()).noted(id), expected, 'the runs, and which of them are redelivered')
  },

  'EPO-6': async (kit) => {
    const id = kit.name('a')
    await note(kit, id, [1])
    same(await (await kit.desk()).noted(id), [[`${id}.1`, false]], 'the run')
  },

  'EPO-7': async (kit) => {
    const id = kit.name('a')
    const lost = producer(id, { attach: 2, epoch: 'lost', floor: 0, written: 2 })
    const epoch = (await kit.guest({ producers: [lost] })).welcome.producers[0]?.epoch ?? ''
    const { peer } = await kit.guest({ producers: [producer(id, { attach: 3, epoch, written: 2 })] })
    peer.send(...[1, 2, 3].map((seq) => [SEND, seq, null, 'kit.note', { key: id }]))
    await peer.accepted(3)
    const expected = [1, 2, 3].map((seq) => [`${id}.${seq}`, seq <= 2])
    same(await (await kit.desk()).noted(id), expected, 'the runs, and which of them are redelivered')
  },
})
