import { describe, expect, it } from 'vitest'
import { FrameType, type ProducerOffer, type ProducerState } from '../../src/protocol/frames.js'
import { WireLedger } from './books-ledger.js'
import { LogTruth } from './books-logs.js'
import { MessageBook, SentMessage } from './books-messages.js'
import { broken, commit, page, producers } from './books-support.js'
import { WireTap } from './books-wire.js'

const offer: ProducerOffer = { id: 'p', key: 'k', kind: 'messages', attach: 1, floor: 0, written: 0 }
const attached: ProducerState = { last: 0, held: 0, epoch: 'e1', refused: [] }
const HELLO = {
  v: 1,
  producers: [offer],
  cursors: {},
  pingMs: 1,
  window: { messages: 2, bytes: 500 },
  maxFrame: 1_000,
  caps: {},
}
const WELCOME = {
  v: 1,
  session: { id: 's', key: 'k', resumed: false },
  user: { id: 'ada' },
  producers: [attached],
  logs: { 'room/red': ['e1', 0], 'replies/s': ['e1', 0] },
  pingMs: 1,
  sessionMs: 1,
  window: { messages: 2, bytes: 300 },
  maxFrame: 1_000,
  caps: {},
}

/** A tap with one page's connection, and three messages to send. */
function tapped(owner = page()) {
  const messages = new MessageBook()
  for (const seq of [1, 2, 3])
    messages.sent(new SentMessage(`p.${seq}`, 'message', 'resend', seq, false, 'ada1'))
  const truth = new LogTruth(9)
  for (const offset of [1, 2, 3])
    truth.appended('room/red', 'e1', {
      offset,
      type: 'note',
      data: null,
      meta: { id: `m${offset}`, from: null, at: 0 },
      audience: null,
    })
  const store = producers()
  const nothing = (): void => undefined
  const witness = { sometimes: nothing, count: nothing, heard: nothing, processOf: () => 'a1' }
  const tap = new WireTap(
    { messages, producers: store, truth, ledger: new WireLedger(), maxInFlight: 2 },
    witness,
  )
  tap.dialed(1, owner)
  const say = (direction: 'up' | 'down', ...frames: unknown[]): string =>
    broken(() => tap.happened({ at: 0, link: 1, what: 'send', direction, data: JSON.stringify(frames) }))
  const arrive = (direction: 'up' | 'down'): void =>
    tap.happened({ at: 0, link: 1, what: 'arrive', direction })
  return { tap, store, say, arrive }
}

/** The same, welcomed. */
function live(owner = page()) {
  const wire = tapped(owner)
  wire.say('up', [FrameType.HELLO, HELLO])
  wire.say('down', [FrameType.WELCOME, WELCOME])
  wire.arrive('up')
  wire.arrive('down')
  return wire
}

const send = (seq: number, tag = seq): unknown[] => [FrameType.SEND, seq, null, 'plain', { tag }]
const entry = (offset: number, id = `m${offset}`, log = 'room/red'): unknown[] => [
  FrameType.ENTRY,
  log,
  offset,
  'note',
  null,
  { id, from: null, at: 0 },
]

describe('the wire-tap on clients', () => {
  it('notices a number before its producer is attached, beyond the window, after a hole, of nobody, of another message', () => {
    const early = tapped()
    early.say('up', [FrameType.HELLO, HELLO])
    expect(early.say('up', send(1))).toBe('I9')
    expect(live().say('up', send(1), send(2), send(3))).toBe('I7')
    expect(live().say('up', send(2))).toBe('I2')
    expect(live().say('up', send(1, 2))).toBe('I4')
    const { say } = live()
    expect(say('up', send(1), send(2))).toBe('none')
  })

  it('notices what is written before it is stored, and in an epoch that is not, or without saying whose it is', () => {
    expect(live(page({ mustBeStored: () => true, isStored: () => false })).say('up', send(1))).toBe('I4')
    expect(live(page({ mustBeStored: () => true, storedEpoch: () => 'e0' })).say('up', send(1))).toBe('I1')
    expect(live(page({ mustBeStored: () => true, storedUser: () => null })).say('up', send(1))).toBe('I9')
  })

  it('notices bytes beyond the window, and HANDLED of what did not come or goes back', () => {
    const long = 'x'.repeat(200)
    const { say } = live()
    say('up', [FrameType.SEND, 1, null, 'plain', { tag: 1, long }])
    expect(say('up', [FrameType.SEND, 2, null, 'plain', { tag: 2, long }])).toBe('I7')
    expect(live().say('up', [FrameType.HANDLED, 1, 10])).toBe('I7')
    const { say: tell, arrive } = live()
    tell('down', entry(1))
    arrive('down')
    expect(tell('up', [FrameType.HANDLED, 1, 60])).toBe('none')
    expect(tell('up', [FrameType.HANDLED, 0, 60])).toBe('I8')
  })

  it('notices an offer that is not raised', () => {
    const { tap, say } = live()
    tap.dialed(2, page())
    expect(say('up', [FrameType.HELLO, HELLO])).toBe('I9')
  })
})

describe('the wire-tap on servers', () => {
  it('notices an acknowledgement of what is not committed, not written, or goes back', () => {
    const { say, store } = live()
    say('up', send(1))
    expect(say('down', [FrameType.ACCEPTED, 0, 1])).toBe('I8')
    store.commit(commit, { ok: true, offsets: [] })
    expect(say('down', [FrameType.ACCEPTED, 0, 1])).toBe('none')
    expect(say('down', [FrameType.ACCEPTED, 0, 0])).toBe('I8')
    expect(live().say('down', [FrameType.ACCEPTED, 0, 1])).toBe('I8')
  })

  it('notices a refusal that was not committed, and one that is acknowledged without a word', () => {
    expect(live().say('down', [FrameType.REJECTED, 0, 1, 'no', ''])).toBe('I3')
    const { say, store } = live()
    say('up', send(1))
    store.commit({ ...commit, refused: [[1, 'no', '']] }, { ok: true, offsets: [] })
    expect(say('down', [FrameType.ACCEPTED, 0, 1])).toBe('I3')
  })

  it('notices entries that are left out, another’s, of a log that is not followed, or beyond the window', () => {
    expect(live().say('down', entry(2))).toBe('I5')
    expect(live().say('down', entry(1, 'm2'))).toBe('I6')
    expect(live().say('down', entry(1, 'm1', 'room/blue'))).toBe('I5')
    expect(live().say('down', entry(1), entry(2), entry(3))).toBe('I7')
    expect(live().say('down', entry(1), entry(2))).toBe('none')
  })

  it('notices a SKIP of what is for this reader, and a GAP that is out of place or names what is held', () => {
    expect(live().say('down', [FrameType.SKIP, 'room/red', 1])).toBe('I5')
    expect(live().say('down', [FrameType.GAP, 'room/red', 'e1', 2, 2, 'too_large'])).toBe('I5')
    expect(live().say('down', [FrameType.GAP, 'room/red', 'e1', 1, 1, 'history'])).toBe('I5')
  })

  it('notices more numbers in hand than the window lets through', () => {
    const { say } = tapped()
    say('up', [FrameType.HELLO, HELLO])
    expect(say('down', [FrameType.WELCOME, { ...WELCOME, producers: [{ ...attached, held: 3 }] }])).toBe('I7')
  })
})

describe('the wire-tap', () => {
  it('notices a connection that stays open though its producer is not as the store has it', () => {
    const { tap } = live()
    tap.lost('p', 'e0', 'a1')
    expect(broken(() => tap.check())).toBe('none')
    tap.lost('p', 'e1', 'a1')
    expect(broken(() => tap.check())).toBe('I9')
    tap.lost('p', 'e1', 'a1')
    tap.happened({ at: 0, link: 1, what: 'close', direction: 'down', detail: '4202' })
    expect(broken(() => tap.check())).toBe('none')
  })

  it('notices bytes where text was agreed on', () => {
    const { tap } = live()
    const data = new Uint8Array([1])
    expect(broken(() => tap.happened({ at: 0, link: 1, what: 'send', direction: 'up', data }))).toBe(
      'protocol',
    )
  })
})
