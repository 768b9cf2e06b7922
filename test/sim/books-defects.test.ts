import { describe, expect, it } from 'vitest'
import { ConnectError } from '../../src/index.js'
import {
  checkGiven,
  expectedOfClient,
  UNAVAILABLE,
  expectedOfServer,
  watchingLogger,
} from './books-defects.js'
import { broken } from './books-support.js'

describe('the book of defects', () => {
  const failure = (code: string): Error => new ConnectError('it failed', { code })

  it('takes the ends of connections that this world causes for expected, and no others', () => {
    for (const code of ['close_1006', 'close_4100', 'connect_failed'])
      expect(broken(() => checkGiven('ada1', 'connect', failure(code)))).toBe('none')
    for (const code of ['close_1002', 'close_1007', 'close_1011', 'close_4402', 'other'])
      expect(broken(() => checkGiven('ada1', 'connect', failure(code)))).toBe('defect')
  })

  it('notices a call that never fails and did, and an error that is none of the library', () => {
    expect(broken(() => checkGiven('ada1', 'leave', failure('closed')))).toBe('defect')
    expect(broken(() => checkGiven('ada1', 'request', new TypeError('undefined')))).toBe('defect')
    expect(broken(() => checkGiven('a1', 'publish', new Error('the store failed after it was done')))).toBe(
      'none',
    )
  })

  it('takes a record that is gone before WELCOME for expected once the store has lost something', () => {
    expect(expectedOfClient('connection failed', { code: 'state_lost' }, false)).toBe(false)
    expect(expectedOfClient('connection failed', { code: 'state_lost' }, true)).toBe(true)
    expect(expectedOfClient('connection failed', { code: 'close_1007' }, true)).toBe(false)
  })

  it('notices what is only logged', () => {
    const client = watchingLogger((check) => check(), expectedOfClient, 'ada1')
    expect(broken(() => client.error('connection failed', { code: 'close_1006' }))).toBe('none')
    expect(broken(() => client.error('connection failed', { code: 'close_1007' }))).toBe('defect')
    expect(broken(() => client.error('broke the protocol', { code: 'went_back' }))).toBe('I8')
    expect(broken(() => client.error('a listener failed', { cause: new TypeError('undefined') }))).toBe(
      'defect',
    )
    const lost = { code: 'state_lost' }
    expect(broken(() => client.error('connection failed', lost))).toBe('defect')
    const server = watchingLogger((check) => check(), expectedOfServer, 'a1')
    expect(broken(() => server.error('handler failed', { error: new TypeError('undefined') }))).toBe('defect')
    expect(broken(() => server.error('authenticate failed', { error: new Error(UNAVAILABLE) }))).toBe('none')
  })
})
