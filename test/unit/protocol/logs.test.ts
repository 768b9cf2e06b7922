import { describe, expect, it } from 'vitest'
import {
  ALL_LOG,
  parseLogName,
  repliesLog,
  roomLog,
  roomOf,
  sessionLog,
  userLog,
} from '../../../src/protocol/logs.js'

const IDS = ['a', 'with/slash', '__proto__', 'all', 'room/a', '', 'ü 😀']

describe('log names', () => {
  it.each(IDS)('of everything called %j come back as they went', (id) => {
    expect(parseLogName(roomLog(id))).toEqual({ kind: 'room', id })
    expect(parseLogName(userLog(id))).toEqual({ kind: 'user', id })
    expect(parseLogName(sessionLog(id))).toEqual({ kind: 'session', id })
    expect(parseLogName(repliesLog(id))).toEqual({ kind: 'replies', id })
    expect(roomOf(roomLog(id))).toBe(id)
  })

  it('never coincide between kinds', () => {
    const names = IDS.flatMap((id) => [roomLog(id), userLog(id), sessionLog(id), repliesLog(id), ALL_LOG])
    expect(new Set(names).size).toBe(IDS.length * 4 + 1)
  })

  it('know the log of everyone', () => {
    expect(parseLogName(ALL_LOG)).toEqual({ kind: 'all' })
    expect(roomOf(ALL_LOG)).toBeNull()
  })

  it.each(['', 'room', 'user', 'rooms/a', '/a', '__proto__', 'Room/a', 'all/'])(
    'are not anything else: %j',
    (name) => {
      expect(parseLogName(name)).toBeNull()
    },
  )

  it.each([userLog('a'), sessionLog('a'), repliesLog('a')])('%s belongs to no room', (name) => {
    expect(roomOf(name)).toBeNull()
  })
})
