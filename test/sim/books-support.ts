/**
 * What the tests of the books share: made-up messages, runs, records and pages.
 */
import { Violation } from '../../src/testing/simulation/index.js'
import type { LinkOwner } from './books-link.js'
import { MessageBook } from './books-messages.js'
import { ProducerBook } from './books-producers.js'
import { type Run, SentMessage, type Terms } from './books-sent.js'

export const run = (over: Partial<Run> = {}): Run => ({
  process: 'a1',
  epoch: 'e1',
  owner: 'o1',
  redelivered: false,
  signal: new AbortController().signal,
  effects: 0,
  ended: null,
  ...over,
})

export const message = (
  id: string,
  policy: 'resend' | 'reject' = 'resend',
  kind: 'message' | 'request' = 'message',
): SentMessage => new SentMessage(id, kind, policy, 1, true, 'ada1')

export const terms = (over: Partial<Terms> = {}): Terms => ({
  room: null,
  echo: true,
  replaces: null,
  ttlMs: null,
  sentAt: 0,
  signal: null,
  ...over,
})

/** A page, as the wire's books need it. */
export const page = (over: Partial<LinkOwner> = {}): LinkOwner => ({
  name: 'ada1',
  alive: true,
  mustBeStored: () => false,
  isStored: () => true,
  lostTail: () => false,
  storedEpoch: () => 'e1',
  storedUser: () => 'ada',
  storedOf: () => [],
  given: () => [],
  hasTold: () => false,
  doubtful: false,
  wire: 'json',
  node: 'a',
  ...over,
})

/** The invariant that a made-up violation breaks. */
export function broken(what: () => unknown): string {
  try {
    what()
  } catch (error) {
    if (error instanceof Violation) return error.invariant
    throw error
  }
  return 'none'
}

export const offer = { id: 'p', key: 'k', kind: 'messages', attach: 1, floor: 0, written: 0 } as const
export const record = {
  id: 'p',
  key: 'k',
  kind: 'messages',
  user: 'ada',
  epoch: 'e1',
  owner: 'o1',
  attach: 1,
  last: 0,
  refused: [],
  begun: [],
  redeliveredUpTo: 0,
} as const
export const request = { offer, user: 'ada', heldOwner: null, newOwner: 'o1', newEpoch: 'e1' }
export const commit = {
  producer: 'p',
  owner: 'o1',
  epoch: 'e1',
  from: 0,
  to: 1,
  refused: [],
  begin: [],
  end: [],
  appends: [],
}

export function producers(user = request.user): ProducerBook {
  const book = new ProducerBook(new MessageBook(), 4)
  book.attached({ ...request, user }, { ok: true, record: { ...record, user }, how: 'created' })
  return book
}
