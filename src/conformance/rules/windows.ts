/** Checks of the rules about windows. */
import { CloseCode } from '../../protocol/close-codes.js'
import { FrameType, type ServerFrame, type Welcome } from '../../protocol/frames.js'
import { holds, same } from '../failure.js'
import { producer, requests } from '../kit.js'
import type { Peer } from '../peer.js'
import { rulesOf } from '../rule.js'
import { lengthOf } from '../socket.js'

const { ACCEPTED, ENTRY, HANDLED, JOIN, JOINED, REJECTED, SEND, REQUEST } = FrameType

/** Offsets of the entries among frames. */
const offsets = (frames: readonly ServerFrame[]): unknown[] =>
  frames.filter(([type]) => type === ENTRY).map((entry) => entry[2])

/** What these frames acknowledge of the only producer; 0: nothing. */
const acknowledgedBy = (frames: readonly ServerFrame[]): number =>
  Math.max(0, ...frames.map((frame) => (frame[0] === ACCEPTED ? frame[2] : 0)))

/** Without what handlers that are held bring when their time is over, on a machine that is slow. */
const unasked = (frames: readonly ServerFrame[]): ServerFrame[] =>
  frames.filter(([type]) => type !== ACCEPTED && type !== REJECTED)

/** A message that its handler holds until its time is over. */
type Hold = (seq: number, pad?: string) => readonly unknown[]

const holding =
  (key: string): Hold =>
  (seq, pad = '') => [SEND, seq, null, 'kit.hold', { key, pad }]

/** A text of so many characters may take this much more than an empty one: MessagePack says how long it is. */
const LENGTH_OF_LENGTH = 5

/** Batches as long as may be, of as many numbers as the window allows if there is to be one more than fits. */
function paddedBatches(
  { codec }: Peer,
  { window, maxFrame }: Welcome,
  hold: Hold,
): { readonly fitting: number; readonly each: number; readonly batch: (n: number) => string | Uint8Array } {
  const length = Math.min(maxFrame, Math.ceil(window.bytes / 2))
  const fitting = Math.max(1, Math.floor(window.bytes / length))
  const each = Math.max(1, Math.floor(window.messages / (fitting + 1)))
  const encode = (n: number, pad: string): string | Uint8Array => {
    const first = n * each + 1
    return codec.encode(Array.from({ length: each }, (_, i) => hold(first + i, i === 0 ? pad : '')))
  }
  const batch = (n: number): string | Uint8Array =>
    encode(n, 'x'.repeat(Math.max(0, length - LENGTH_OF_LENGTH - lengthOf(encode(n, '')))))
  return { fitting, each, batch }
}

export const windows = rulesOf('core', {
  'WIN-1': async (kit) => {
    const hold = holding(kit.name('key'))
    const { peer, welcome } = await kit.guest({ producers: [producer(kit.name('a'))] })
    const { messages } = welcome.window
    peer.send(...Array.from({ length: messages }, (_, n) => hold(n + 1)))
    const back = await peer.barrier()
    same(unasked(back), [], 'what comes back to a full window')
    let acknowledged = acknowledgedBy(back)
    // The time of a handler may be over just before a number arrives, which then is not past the window: so the server says, and
    // the next number is.
    for (let sent = messages; peer.ended === null; ) {
      while (sent <= acknowledged + messages) peer.send(hold(++sent))
      const isNews = (): boolean => peer.ended !== null || acknowledgedBy(peer.unread) > acknowledged
      await peer.wait(isNews, `the end of the connection: ${sent} is past ${acknowledged} + ${messages}`)
      acknowledged = Math.max(acknowledged, acknowledgedBy(peer.unread))
    }
    same((await peer.closing()).code, CloseCode.PROTOCOL_ERROR, 'the close code')
  },

  'WIN-2': async (kit) => {
    const hold = holding(kit.name('key'))
    const { peer, welcome } = await kit.guest({ producers: [producer(kit.name('a'))] })
    // A batch is unacknowledged until its last number is: with many in each, the times of all their handlers, one after the other,
    // are longer than any server needs to read the batches.
    const { fitting, each, batch } = paddedBatches(peer, welcome, hold)
    for (let n = 0; n < fitting; n++) peer.sendRaw(batch(n))
    const back = await peer.barrier()
    same(unasked(back), [], 'what comes back to a full window')
    holds(acknowledgedBy(back) < each, `handlers that are held should be, not acknowledged up to ${each}`)
    peer.sendRaw(batch(fitting))
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
