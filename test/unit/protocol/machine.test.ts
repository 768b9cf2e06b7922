import { expect, test } from 'vitest'
import { unreachable } from '../../../src/protocol/machine.js'

test('a variant that the compiler thought impossible is named by the error', () => {
  expect(() => unreachable('surprise' as never)).toThrow('unreachable: surprise')
})
