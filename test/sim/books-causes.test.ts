import { describe, expect, it } from 'vitest'
import { FrameType, type ProducerState, type Welcome } from '../../src/protocol/frames.js'
import { CauseBook } from './books-causes.js'
import { checkLeftoverEnded, checkLeftoverRemoved } from './books-leftovers.js'
import { type Lane, LinkBook } from './books-link.js'
import { RequestBook } from './books-requests.js'
import { SentMessage, type Terms } from './books-sent.js'
import { broken, offer, page, terms } from './books-support.js'

const state = (over: Partial<ProducerState> = {}): ProducerState => ({
  last: 0,
  held: 0,
  epoch: 'e1',
  refused: [],
  ...over,
})

/** `stored`: the epoch that the disk holds. */
function causes(isClosing = false, now = 0, stored?: string): { book: CauseBook; link: LinkBook } {
  const book = new CauseBook('ada1', {
    isClosing: () => isClosing,
    storageFailed: () => false,
    now: () => now,
  })
  const link = new LinkBook(1, page())
  link.lanes.push({
    offer: { ...offer, ...(stored === undefined ? {} : { epoch: stored }) },
    index: 0,
    state: undefined,
    ackSent: 0,
    ackArrived: 0,
    written: 0,
    told: new Set(),
    ackBefore: 0,
  })
  return { book, link }
}

/** Message p.1, which ended so. */
function ended(
  outcome: NonNullable<SentMessage['outcome']>,
  code: string | null,
  over: Partial<Terms> = {},
  policy: 'resend' | 'reject' = 'reject',
): SentMessage {
  const message = new SentMessage('p.1', 'message', policy, 1, false, 'ada1', terms(over))
  message.outcome = outcome
  message.code = code
  return message
}

describe('the book of causes', () => {
  it('notices what is accepted or rejected though no server said so', () => {
    const { book, link } = causes()
    expect(broken(() => book.ended(ended('accepted', null)))).toBe('I3')
    expect(broken(() => book.ended(ended('rejected', 'no')))).toBe('I3')
    book.heard(link, [FrameType.REJECTED, 0, 1, 'no', ''], true)
    book.heard(link, [FrameType.ACCEPTED, 0, 1], true)
    expect(broken(() => book.ended(ended('accepted', null)))).toBe('none')
    expect(broken(() => book.ended(ended('rejected', 'no')))).toBe('none')
  })

  it('notices what is unknown though nothing was forgotten, refused or closed', () => {
    const { book, link } = causes()
    const forgotten = ended('unknown', 'server_forgot')
    book.heard(link, [FrameType.ATTACHED, 0, state()], true)
    expect(broken(() => book.ended(forgotten))).toBe('I4')
    book.heard(link, [FrameType.ATTACHED, 0, state({ epoch: 'e2' })], true)
    expect(broken(() => book.ended(forgotten))).toBe('none')
    expect(broken(() => book.ended(ended('unknown', 'server_forgot', {}, 'resend')))).toBe('I4')
    expect(broken(() => book.ended(ended('unknown', null)))).toBe('I4')
    expect(broken(() => book.ended(ended('unknown', 'closed')))).toBe('I4')
    expect(broken(() => causes(true).book.ended(ended('unknown', 'closed')))).toBe('none')
  })

  it('notices what is cancelled, expired or dropped though nobody took it back, its time was not over, there was room', () => {
    const { book } = causes(false, 99)
    expect(broken(() => book.ended(ended('cancelled', 'cancelled')))).toBe('I4')
    expect(broken(() => book.ended(ended('cancelled', 'replaced', { replaces: 'a' })))).toBe('I4')
    expect(broken(() => book.ended(ended('expired', 'expired', { ttlMs: 101 })))).toBe('I4')
    expect(broken(() => book.ended(ended('dropped', 'queue_full')))).toBe('I4')
    book.sending(2, 'a', true)
    expect(broken(() => book.ended(ended('cancelled', 'replaced', { replaces: 'a' })))).toBe('none')
    expect(broken(() => book.ended(ended('dropped', 'queue_full')))).toBe('none')
    expect(broken(() => book.ended(ended('expired', 'expired', { ttlMs: 99 })))).toBe('none')
  })

  it('takes a loss for the cause of what was there before it only, in the epoch that it ended', () => {
    let now = 10
    const book = new CauseBook('ada1', { isClosing: () => false, storageFailed: () => false, now: () => now })
    const { link } = causes()
    for (const epoch of ['e1', 'e2']) book.heard(link, [FrameType.ATTACHED, 0, state({ epoch })], true)
    const later = ended('unknown', 'server_forgot', { sentAt: 20 })
    now = 30
    expect(broken(() => book.ended(later))).toBe('I4')
    const elsewhere = ended('unknown', 'server_forgot')
    elsewhere.writtenIn.add('e2')
    expect(broken(() => book.ended(elsewhere))).toBe('I4')
    elsewhere.writtenIn.add('e1')
    expect(broken(() => book.ended(elsewhere))).toBe('none')
    book.heard(link, [FrameType.ATTACHED, 0, null], true)
    expect(broken(() => book.ended(ended('unknown', 'producer_refused', { sentAt: 30 })))).toBe('none')
    expect(broken(() => book.ended(ended('unknown', 'producer_refused', { sentAt: 31 })))).toBe('I4')
  })

  it('takes no loss for a cause that was told at a connection which the client had let go of', () => {
    const { book, link } = causes()
    book.heard(link, [FrameType.ATTACHED, 0, state()], true)
    book.heard(link, [FrameType.ATTACHED, 0, state({ epoch: 'e2' })], false)
    expect(broken(() => book.ended(ended('unknown', 'server_forgot')))).toBe('I4')
    book.heard(link, [FrameType.ATTACHED, 0, null], false)
    expect(broken(() => book.ended(ended('unknown', 'producer_refused')))).toBe('I4')
  })

  it('notices what another page left and nobody settled, told or taken off the disk', () => {
    const { book, link } = causes()
    const left = ended('unknown', 'stored')
    expect(broken(() => checkLeftoverEnded('ada2', book, left, 'cancelled', 'cancelled'))).toBe('I4')
    expect(broken(() => checkLeftoverEnded('ada2', book, left, 'expired', 'expired'))).toBe('I4')
    expect(broken(() => checkLeftoverEnded('ada2', book, left, 'accepted', null))).toBe('I3')
    expect(broken(() => checkLeftoverEnded('ada2', book, left, 'rejected', 'no'))).toBe('I3')
    expect(broken(() => checkLeftoverEnded('ada2', book, left, 'unknown', 'outbox_of_another_user'))).toBe(
      'I4',
    )
    expect(broken(() => checkLeftoverEnded('ada2', book, left, 'unknown', 'stored'))).toBe('I4')
    expect(broken(() => checkLeftoverRemoved('ada2', book, left))).toBe('I4')
    book.heard(link, [FrameType.ACCEPTED, 0, 1], true)
    expect(broken(() => checkLeftoverEnded('ada2', book, left, 'accepted', null))).toBe('none')
    expect(broken(() => checkLeftoverRemoved('ada2', book, left))).toBe('none')
  })

  it('lets what another page left go when it was refused, forgotten and not to be sent again, or stays for another', () => {
    const left = ended('unknown', 'stored')
    const refused = causes()
    refused.book.heard(refused.link, [FrameType.REJECTED, 0, 1, 'no', ''], true)
    expect(broken(() => checkLeftoverEnded('ada2', refused.book, left, 'rejected', 'no'))).toBe('none')
    expect(broken(() => checkLeftoverRemoved('ada2', refused.book, left))).toBe('none')
    const forgotten = causes(false, 0, 'e0')
    forgotten.book.heard(forgotten.link, [FrameType.ATTACHED, 0, state()], true)
    const again = ended('unknown', 'stored', {}, 'resend')
    expect(broken(() => checkLeftoverEnded('ada2', forgotten.book, left, 'unknown', 'server_forgot'))).toBe(
      'none',
    )
    expect(broken(() => checkLeftoverRemoved('ada2', forgotten.book, left))).toBe('none')
    expect(broken(() => checkLeftoverEnded('ada2', forgotten.book, again, 'unknown', 'server_forgot'))).toBe(
      'I4',
    )
    expect(broken(() => checkLeftoverRemoved('ada2', forgotten.book, again))).toBe('I4')
    const another = causes()
    another.book.heard(another.link, [FrameType.ATTACHED, 0, null], true)
    expect(
      broken(() => checkLeftoverEnded('ada2', another.book, left, 'unknown', 'outbox_of_another_user')),
    ).toBe('none')
    expect(broken(() => checkLeftoverRemoved('ada2', another.book, left))).toBe('I4')
    expect(broken(() => checkLeftoverEnded('ada2', causes(true).book, left, 'unknown', 'stored'))).toBe(
      'none',
    )
  })

  it('lets what another page left be unknown where the server remembers no refusal, and not where it does', () => {
    const left = ended('unknown', 'stored', {}, 'resend')
    const unknown = (last: number, isTaken: boolean): string => {
      const { book, link } = causes()
      link.welcome = { window: { messages: 4, bytes: 9 } } as Welcome
      book.heard(link, [FrameType.ATTACHED, 0, state({ last })], isTaken)
      return broken(() => checkLeftoverEnded('ada2', book, left, 'unknown', 'server_forgot'))
    }
    expect(unknown(4, true)).toBe('I4')
    expect(unknown(5, true)).toBe('none')
    expect(unknown(5, false)).toBe('I4')
  })

  it('lets nothing be unknown by what the server remembered in an epoch that is over: it has to be written again', () => {
    const left = ended('unknown', 'stored', {}, 'resend')
    left.writtenIn.add('e1')
    const unknown = (...states: readonly ProducerState[]): string => {
      const { book, link } = causes()
      link.welcome = { window: { messages: 4, bytes: 9 } } as Welcome
      for (const told of states) book.heard(link, [FrameType.ATTACHED, 0, told], true)
      return broken(() => checkLeftoverEnded('ada2', book, left, 'unknown', 'server_forgot'))
    }
    const long = state({ last: 5 })
    expect(unknown(long, state({ epoch: 'e2' }))).toBe('I4')
    expect(unknown(long, state({ epoch: 'e2', last: 4 }))).toBe('I4')
    expect(unknown(long, state({ epoch: 'e2', last: 5 }))).toBe('none')
    // In one epoch it stays so, whatever came late.
    expect(unknown(long, state({ last: 4 }))).toBe('none')
  })

  it('goes by whom the page was told that it is connected as, not by a WELCOME that it never read', () => {
    const { book, link } = causes()
    const as = (id: string): Welcome =>
      ({ session: { id: 's' }, user: { id }, producers: [] }) as unknown as Welcome
    const changed = (): string => broken(() => book.ended(ended('cancelled', 'user_changed', { sentAt: 0 })))
    book.opened('ada')
    book.heard(link, [FrameType.WELCOME, as('ada')], true)
    expect(changed()).toBe('I4')
    book.heard(link, [FrameType.WELCOME, as('ben')], true)
    expect(changed()).toBe('none')
    book.opened('ben')
    book.heard(link, [FrameType.WELCOME, as('ben')], true)
    expect(book.losses.explainsUserChanged(1)).toBe(false)
  })

  it('notices a request that times out early or is unknown while its session goes on', () => {
    const { book } = causes(false, 99)
    const question = new RequestBook().ask({
      tag: 1,
      policy: 'resend',
      page: 'ada1',
      askedAt: 0,
      timeoutMs: 200,
      signal: null,
    })
    expect(broken(() => book.requestFailed(question, { code: 'timeout', outcome: null }))).toBe('I10')
    expect(broken(() => book.requestFailed(question, { code: 'unknown', outcome: 'unknown' }))).toBe('I10')
    expect(broken(() => book.requestFailed(question, { code: 'aborted', outcome: null }))).toBe('I10')
  })
})

describe('how many requests take no room in the queue any more', () => {
  const requests = (ackArrived: number): LinkBook => {
    const { link } = causes()
    const [lane] = link.lanes
    link.lanes[0] = { ...lane, offer: { ...offer, kind: 'requests' }, ackArrived } as Lane
    return link
  }

  it('is as the page took it in, not as it arrived at a connection that the page had given up', () => {
    const { book } = causes()
    book.heard(requests(4), [FrameType.ACCEPTED, 0, 4], true)
    book.took(requests(0))
    expect(book.requestsDone).toBe(0)
    book.took(requests(3))
    book.took(requests(0))
    expect(book.requestsDone).toBe(3)
  })
})

describe('the book of requests', () => {
  const asked = () => {
    const book = new RequestBook()
    const question = book.ask({
      tag: 1,
      policy: 'resend',
      page: 'ada1',
      askedAt: 0,
      timeoutMs: 9,
      signal: null,
    })
    book.written(1, 'p.1')
    return { book, question }
  }

  it('notices an answer that was never committed, and one that is told otherwise', () => {
    const made = asked()
    expect(broken(() => made.book.fulfilled(made.question, 1))).toBe('I3')
    const refused = asked()
    expect(broken(() => refused.book.failed(refused.question, { code: 'no', outcome: 'rejected' }))).toBe(
      'I3',
    )
    const done = asked()
    done.book.answered('p.1', { is: 'done', tag: 1 })
    done.book.heard('p.1', { is: 'done', tag: 1 })
    expect(broken(() => done.book.failed(done.question, { code: 'unknown', outcome: 'unknown' }))).toBe('I3')
  })

  it('notices an answer that came and was not told, and a reply to another question', () => {
    const { book, question } = asked()
    book.answered('p.1', { is: 'done', tag: 1 })
    book.heard('p.1', { is: 'done', tag: 1 })
    expect(broken(() => book.check(() => true))).toBe('I10')
    expect(broken(() => book.fulfilled(question, 2))).toBe('I10')
  })

  it('notices a request that waits for an answer in the log of a session that is over', () => {
    const { book } = asked()
    book.sessionEnded('ada1', () => true)
    expect(broken(() => book.check(() => true))).toBe('I10')
  })
})
