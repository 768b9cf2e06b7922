import { describe, expect, it } from 'vitest'
import { closeAction, CloseCode } from '../../../src/protocol/close-codes.js'

describe('closeAction', () => {
  it.each([
    [1000, 'backoff'],
    [1001, 'backoff'],
    [1002, 'once-afresh'],
    [1003, 'once-afresh'],
    [1005, 'backoff'],
    [1006, 'backoff'],
    [1007, 'once-afresh'],
    [1008, 'new-token'],
    [1009, 'too-large'],
    [1011, 'backoff'],
    [1012, 'backoff'],
    [1013, 'backoff'],
    [1014, 'backoff'],
    [3000, 'backoff'],
    [4500, 'backoff'],
    [4999, 'backoff'],
    [0, 'backoff'],
  ] as const)('after %i is %s', (code, action) => {
    expect(closeAction(code, false)).toBe(action)
  })

  it.each([
    [40, 'resume'],
    [41, 'resume-later'],
    [42, 'new-session'],
    [43, 'new-token'],
    [44, 'stop'],
  ] as const)(
    'after any code whose first digits are %i is %s, so that later codes work today',
    (hundreds, action) => {
      for (let code = hundreds * 100; code < hundreds * 100 + 100; code++) {
        expect([code, closeAction(code, false)]).toEqual([code, action])
        expect([code, closeAction(code, true)]).toEqual([code, action])
      }
    },
  )

  it('after 1000 is the end only if the server said BYE', () => {
    expect(closeAction(1000, true)).toBe('ended')
    expect(closeAction(1006, true)).toBe('backoff')
  })
})

describe('our own close codes', () => {
  it.each([
    ['TIMEOUT', 'resume'],
    ['REPLACED', 'resume'],
    ['AWAY', 'resume-later'],
    ['SESSION_UNKNOWN', 'new-session'],
    ['STATE_LOST', 'new-session'],
    ['SESSION_MOVED', 'new-session'],
    ['AUTH_REFUSED', 'new-token'],
    ['AUTH_EXPIRED', 'new-token'],
    ['KICKED', 'stop'],
    ['SUPERSEDED', 'stop'],
    ['VERSION', 'stop'],
  ] as const)('%s means %s', (name, action) => {
    expect(closeAction(CloseCode[name], false)).toBe(action)
  })

  it('are all different', () => {
    const codes = Object.values(CloseCode)
    expect(new Set(codes).size).toBe(codes.length)
  })
})
