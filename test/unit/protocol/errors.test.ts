import { describe, expect, it, vi } from 'vitest'
import {
  AuthError,
  ClosedError,
  ConfigError,
  ConnectError,
  DeliveryError,
  describeValue,
  isSurewireError,
  ProtocolError,
  SurewireError,
  TimeoutError,
} from '../../../src/protocol/errors.js'

const cause = new Error('socket hang up')

const EVERY_ERROR: readonly [string, SurewireError, string, boolean][] = [
  ['ConfigError', new ConfigError('url', 5, 'an address'), 'config_invalid', false],
  ['ConnectError', new ConnectError('no answer'), 'connect_failed', true],
  ['AuthError', new AuthError(), 'auth_refused', false],
  ['ClosedError', new ClosedError('closed'), 'closed', false],
  ['ProtocolError', new ProtocolError('bad frame'), 'protocol_error', false],
  ['TimeoutError', new TimeoutError('too late'), 'timeout', true],
  ['DeliveryError', new DeliveryError('no', { code: 'queue_full', outcome: 'dropped' }), 'queue_full', false],
]

describe.each(EVERY_ERROR)('%s', (name, error, code, retryable) => {
  it('is an Error with a name, a code and whether trying again may help', () => {
    expect(error).toBeInstanceOf(Error)
    expect(error).toBeInstanceOf(SurewireError)
    expect([error.name, error.code, error.retryable]).toEqual([name, code, retryable])
    expect(error.stack).toContain(error.message)
  })

  it('is recognised, and its brand is not in the way', () => {
    expect(isSurewireError(error)).toBe(true)
    expect(Object.keys(error)).not.toContain('surewire.error')
    expect(JSON.stringify(error)).not.toContain('surewire.error')
  })
})

describe('errors', () => {
  it('carry their cause, or have none', () => {
    expect(new ConnectError('x', { cause }).cause).toBe(cause)
    expect(new AuthError('x', { cause }).cause).toBe(cause)
    expect(new DeliveryError('x', { code: 'c', outcome: 'unknown', cause }).cause).toBe(cause)
    expect('cause' in new ConnectError('x')).toBe(false)
  })

  it('say what their kind knows', () => {
    expect(new ConnectError('x')).toMatchObject({ status: null, retryAfterMs: null })
    expect(new ConnectError('x', { status: 503, retryAfterMs: 7_000 })).toMatchObject({
      status: 503,
      retryAfterMs: 7_000,
    })
    expect(new AuthError('x', { reason: 'expired' }).reason).toBe('expired')
    expect(new AuthError().reason).toBeNull()
    expect(new ClosedError('x', { closeCode: 4400 }).closeCode).toBe(4400)
    expect(new ProtocolError('x').closeCode).toBe(1002)
    expect(new ProtocolError('x', { closeCode: 1007, code: 'malformed' })).toMatchObject({
      closeCode: 1007,
      code: 'malformed',
    })
    expect(new DeliveryError('x', { code: 'c', outcome: 'expired', retryable: true })).toMatchObject({
      outcome: 'expired',
      retryable: true,
    })
    expect(new ConnectError('x', { retryable: false }).retryable).toBe(false)
  })

  it('about an option name the field, the value and what is allowed', () => {
    const error = new ConfigError('heartbeat.intervalMs', -5, 'a positive number', "client 'kitchen'")
    expect(error.message).toBe(
      "option 'heartbeat.intervalMs' (client 'kitchen'): -5 is not allowed; it must be a positive number",
    )
    expect(error).toMatchObject({ field: 'heartbeat.intervalMs', value: -5 })
  })

  it('of another copy of the package are recognised, though instanceof fails', async () => {
    vi.resetModules()
    const copy = await import('../../../src/protocol/errors.js')
    const foreign = new copy.AuthError('no')
    expect(foreign).not.toBeInstanceOf(SurewireError)
    expect(isSurewireError(foreign)).toBe(true)
    expect(copy.isSurewireError(new AuthError())).toBe(true)
  })

  it.each([null, undefined, 'auth_refused', { code: 'auth_refused' }, new Error('x')])(
    '%s is none of ours',
    (value) => {
      expect(isSurewireError(value)).toBe(false)
    },
  )
})

describe('describeValue', () => {
  it.each([
    ['short', "'short'"],
    ['x'.repeat(61), `'${'x'.repeat(57)}…'`],
    [null, 'null'],
    [undefined, 'undefined'],
    [Number.NaN, 'NaN'],
    [1n, '1'],
    [true, 'true'],
    [[1], 'an array'],
    [{ secret: 1 }, 'an object'],
    [() => 1, 'a function'],
    [Symbol('s'), 'Symbol(s)'],
    [Object.create(null), 'an object'],
  ])('is short and safe for every value', (value, expected) => {
    expect(describeValue(value)).toBe(expected)
  })
})
