import { describe, expect, it } from 'vitest'
import type { Append, Commit } from '../../src/server/core/store.js'
import { EffectBook } from './books-effects.js'
import { MessageBook } from './books-messages.js'
import { SentMessage } from './books-sent.js'
import { broken, commit, run, terms } from './books-support.js'

const append = (id: string, over: Partial<Append> = {}): Append => ({
  log: 'room/red',
  type: 'raw',
  data: { tag: 1 },
  meta: { id, from: 'ada', at: 0 },
  audience: null,
  ...over,
})

const reply = (id: string, data: unknown, error = false): Append =>
  append(`${id}:reply`, {
    log: 'replies/s',
    data,
    meta: { id: `${id}:reply`, from: null, at: 0, re: id, error },
  })

/** Message p.1, written, as its terms say. */
function sent(handled: boolean, echo = true): MessageBook {
  const messages = new MessageBook()
  const message = new SentMessage(
    'p.1',
    'message',
    'resend',
    1,
    handled,
    'ada1',
    terms({ room: 'red', echo }),
  )
  message.written('e1')
  messages.sent(message)
  return messages
}

/** Request p.1, which ran. */
function asked(ended: 'done' | 'failed' | null, effects = 0): MessageBook {
  const messages = new MessageBook()
  messages.requests.ask({ tag: 1, policy: 'resend', page: 'ada1', askedAt: 0, timeoutMs: 1, signal: null })
  messages.asked('p.1', 1, 'ada1')
  messages.ran('p.1', run({ ended, effects }))
  return messages
}

const verdict = (messages: MessageBook, over: Partial<Commit>): string =>
  broken(() => new EffectBook(messages, 4).committed({ ...commit, ...over }, 'e1', false))

describe('the book of effects', () => {
  it('notices a message that nobody handles and that its room never gets, or twice, or another room', () => {
    expect(verdict(sent(false), {})).toBe('I3')
    expect(verdict(sent(false), { appends: [append('p.1')] })).toBe('none')
    expect(verdict(sent(false), { appends: [append('p.1'), append('p.1:1')] })).toBe('I3')
    expect(verdict(sent(false), { appends: [append('p.1', { log: 'room/blue' })] })).toBe('I3')
    expect(verdict(sent(false, false), { appends: [append('p.1')] })).toBe('I5')
  })

  it('notices a message that is accepted without its handler having run', () => {
    expect(verdict(sent(true), {})).toBe('I3')
  })

  it('holds nobody to a message that was never written, or declared void', () => {
    const messages = new MessageBook()
    messages.sent(new SentMessage('p.1', 'message', 'resend', 1, true, 'ada1'))
    expect(verdict(messages, {})).toBe('none')
    const voided = sent(true)
    const message = voided.get('p.1')
    if (message !== undefined) message.voided = true
    expect(verdict(voided, {})).toBe('none')
  })

  it('notices what was void and is not remembered, or is remembered and was not', () => {
    const message = new SentMessage('p.1', 'message', 'resend', 1, true, 'ada1')
    message.voided = true
    const messages = new MessageBook()
    messages.sent(message)
    expect(verdict(messages, {})).toBe('I3')
    expect(verdict(messages, { refused: [[1, 'void', '']] })).toBe('none')
    expect(verdict(messages, { to: 5 })).toBe('none')
    expect(verdict(sent(true), { refused: [[1, 'void', '']] })).toBe('I3')
  })

  it('notices effects of a request that are lost, or too many, or of one that failed', () => {
    const end = { from: 1, to: 1, end: [1] }
    expect(verdict(asked('done', 1), { ...end, appends: [reply('p.1', { tag: 1 })] })).toBe('I1')
    expect(verdict(asked('done', 1), { ...end, appends: [append('p.1:1'), reply('p.1', { tag: 1 })] })).toBe(
      'none',
    )
    const failed = reply('p.1', { code: 'refused' }, true)
    expect(verdict(asked('failed', 1), { ...end, appends: [append('p.1:1'), failed] })).toBe('I3')
    expect(verdict(asked('failed', 1), { ...end, appends: [failed] })).toBe('none')
  })

  it('notices a request that ends without an answer, with another’s, or with one that its handler did not give', () => {
    const end = { from: 1, to: 1, end: [1] }
    expect(verdict(asked('done'), end)).toBe('I10')
    expect(verdict(asked('done'), { ...end, appends: [reply('p.1', { tag: 2 })] })).toBe('I10')
    expect(verdict(asked(null), { ...end, appends: [reply('p.1', { tag: 1 })] })).toBe('I3')
    expect(verdict(asked('done'), { ...end, appends: [reply('p.1', { code: 'refused' }, true)] })).toBe('I3')
    expect(verdict(asked('done'), { ...end, appends: [reply('p.1', { code: 'timeout' }, true)] })).toBe(
      'none',
    )
  })
})
