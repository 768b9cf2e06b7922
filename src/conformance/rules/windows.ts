/** Checks of the rules about windows. */
import { CloseCode } from '../../protocol/close-codes.js'
import { FrameType, type ServerFrame } from '../../protocol/frames.js'
import { holds, same } from '../failure.js'
import { producer, requests } from '../kit.js'
import { rulesOf } from '../rule.js'

const { ENTRY, HANDLED, JOIN, JOINED, SEND, REQUEST } = FrameType

/** Offsets of the entries among frames. */
const offsets = (frames: readonly ServerFrame[]): unknown[] =>
  frames.filter(([type]) => type === ENTRY).map((entry) => entry[2])

export const windows = rulesOf('core', {
  'WIN-1': async (kit) => {
    const key = kit.name('key')
    const { peer, welcome } = await kit.guest({ producers: [producer(kit.name('a'))] })
    const { messages } = welcome.window
    const hold = (seq: number): readonly unknown[] => [SEND, seq, null, 'kit.hold', { key }]
    peer.send(...Array.from({ length: messages }, (_, n) => hold(n + 1)))
    same(await peer.barrier(), [], 'what comes back to a full window')
    peer.send(hold(messages + 1))
    same((await peer.closing()).code, CloseCode.PROTOCOL_ERROR, 'the close code')
  },

  'WIN-2': async (kit) => {
    const key = kit.name('key')
    const { peer, welcome } = await kit.guest({ producers: [producer(kit.name('a'))] })
    const { window, maxFrame } = welcome
    // Batches as long as may be, the last of them past the window.
    const length = Math.min(maxFrame - 200, Math.ceil(window.bytes / 2))
    const pad = 'x'.repeat(length)
    const hold = (seq: number): void => peer.send([SEND, seq, null, 'kit.hold', { key, pad }])
    const fitting = Math.floor(window.bytes / (length + 100))
    for (let seq = 1; seq <= Math.max(1, fitting); seq++) hold(seq)
    same(await peer.barrier(), [], 'what comes back to a full window')
    hold(Math.max(1, fitting) + 1)
    hold(Math.max(1, fitting) + 2)
    same((await peer.closing()).code, CloseCode.PROTOCOL_ERROR, 'the close code')
  },

  'WIN-3': async (kit) => {
    const room = kit.name('room')
    const { peer } = await kit.reader(room, { window: { messages: 3, bytes: 1_000_000 } })
    await (await kit.desk()).say('kit.fill', { room, count: 10 })
    same(offsets(await peer.barrier()), [1, 2, 3], 'the first entries')
    peer.send([HANDLED, 2, 0])
    same(offsets(await peer.barrier()), [4, 5], 'the entries after two were handled')
    peer.send([HANDLED, 5, 0])
    same(offsets(await peer.barrier()), [6, 7, 8], 'the entries after five were handled')
  },

  'WIN-4': async (kit) => {
    const room = kit.name('room')
    const desk = await kit.desk()
    const { peer } = await kit.reader(room, { window: { messages: 1_000, bytes: 1_000 }, maxFrame: 2_000 })
    for (let n = 0; n < 20; n++) await desk.say('kit.fill', { room, count: 1, size: 400 })
    const first = offsets(await peer.barrier()).length
    holds(first > 0 && first < 20, `some of 20 entries should come, not ${first}`)
    holds(peer.entryBytes <= 1_000 + 2_000, `a window of 1000 and a batch of 2000, not ${peer.entryBytes}`)
    same(offsets(await peer.barrier()), [], 'what comes while nothing is handled')
    peer.send([HANDLED, first, peer.entryBytes])
    holds(offsets(await peer.barrier()).length > 0, 'more should come once they are handled')
  },

  'WIN-5': async (kit) => {
    const room = kit.name('room')
    const { peer } = await kit.reader(room, {
      window: { messages: 1, bytes: 1_000_000 },
      producers: [requests(kit.name('r'))],
    })
    await (await kit.desk()).say('kit.fill', { room, count: 2 })
    same(offsets(await peer.barrier()), [1], 'what the window lets through')
    peer.send([REQUEST, 1, 'kit.echo', 'answer'])
    same((await peer.find(ENTRY))[4], 'answer', 'the reply')
  },

  'WIN-6': async (kit) => {
    const { peer } = await kit.guest()
    peer.send([HANDLED, 1, 0])
    same((await peer.closing()).code, CloseCode.PROTOCOL_ERROR, 'the close code')
  },

  'WIN-7': async (kit) => {
    const room = kit.name('room')
    const slow = await kit.reader(room, { window: { messages: 1, bytes: 1_000_000 } })
    const quick = await kit.reader(room)
    await (await kit.desk()).say('kit.fill', { room, count: 30 })
    same((await quick.peer.findAll(ENTRY, 30)).at(-1)?.[2], 30, 'the last entry of the quick reader')
    for (let n = 1; n <= 30; n++) {
      same((await slow.peer.find(ENTRY))[2], n, 'the next entry of the slow reader')
      slow.peer.send([HANDLED, n, 0])
    }
  },

  'WIN-8': async (kit) => {
    const [long, short] = [kit.name('long'), kit.name('short')]
    const desk = await kit.desk()
    const { peer } = await kit.reader(long, { window: { messages: 4, bytes: 1_000_000 } })
    peer.send([JOIN, 2, short])
    await peer.find(JOINED)
    for (let n = 0; n < 4; n++) await desk.say('kit.fill', { room: long, count: 50 })
    await desk.say('kit.fill', { room: short, count: 3 })
    let handled = 0
    for (let seen = ''; seen !== `room/${short}`; handled++) {
      seen = (await peer.find(ENTRY))[1]
      peer.send([HANDLED, handled + 1, 0])
    }
    // The first window was used up before the short log had anything to say.
    holds(handled < 150, `the short log waited for ${handled - 1} entries of the long one`)
  },
})
