import { describe, expect, it } from 'vitest'
import { findCommand, requirement } from '../support/requires.js'

describe('tests that need a program of the machine', () => {
  const PATH = process.env.PATH

  it('run where the program is', () => {
    expect(findCommand('node')).toMatch(/node$/)
    expect(requirement('node', { PATH, SUREWIRE_REQUIRE_ALL: '1' })).toBe('run')
  })

  it('are skipped where it is not', () => {
    expect(requirement('no-such-program', { PATH })).toBe('skip')
  })

  it('fail where it is not and everything was asked for', () => {
    expect(requirement('no-such-program', { PATH, SUREWIRE_REQUIRE_ALL: '1' })).toBe('fail')
  })
})
