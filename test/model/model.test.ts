/**
 * Attach, fencing, acceptance and resume of one producer, in every order in which they can happen.
 *
 * Every state is visited in which the invariants could break, and from every one all messages can still get their outcome.
 * `npm run model` searches farther.
 */
import { expect, test } from 'vitest'
import type { InvariantName } from './invariants.js'
import { BROKEN_RULES, type BrokenRule } from './rules.js'
import { search } from './search.js'
import { type Faults, initialState } from './state.js'

const NONE: Faults = { losses: 0, crashes: 0, amnesias: 0, cancels: 0, storeFailures: 0 }

test.each<[title: string, messages: number, faults: Partial<Faults>, onUnknown: 'resend' | 'reject']>([
  ['a crash', 3, { crashes: 1 }, 'resend'],
  ['a lost connection', 3, { losses: 1 }, 'resend'],
  ['a lost connection and a crash', 1, { losses: 1, crashes: 1 }, 'resend'],
  [
    'a lost connection, a cancelled message and a commit whose answer is lost',
    2,
    { losses: 1, cancels: 1, storeFailures: 1 },
    'resend',
  ],
  ['a lost connection and a store that forgets', 2, { losses: 1, amnesias: 1 }, 'resend'],
  ['a lost connection and a store that forgets, under reject', 2, { losses: 1, amnesias: 1 }, 'reject'],
])('with %s the invariants hold in every order of events', (_, messages, faults, onUnknown) => {
  const result = search(initialState(messages, { ...NONE, ...faults }), { onUnknown, broken: null })

  expect(result.violation).toBeNull()
  expect(result.settled).toBeGreaterThan(0)
})

/** Where each broken rule shows, by which invariant, and in how many steps at the least. */
const SHOWN: Record<
  BrokenRule,
  readonly [
    messages: number,
    faults: Partial<Faults>,
    onUnknown: 'resend' | 'reject',
    by: InvariantName,
    steps: number,
  ]
> = {
  'a commit does not compare the owner': [1, { losses: 1 }, 'resend', 'I9', 14],
  'a commit does not compare last': [1, { storeFailures: 1 }, 'resend', 'I1', 12],
  'acknowledged when handled, before it is committed': [1, {}, 'resend', 'I8', 9],
  'numbers in hand are taken again after an attach': [1, { losses: 1 }, 'resend', 'I1', 16],
  'the client writes again what is in hand as if it were fresh': [1, { losses: 1 }, 'resend', 'I8', 19],
  'attach is not compared': [1, { losses: 1 }, 'resend', 'I9', 7],
  'attach is not raised': [1, { losses: 1 }, 'resend', 'I4', 9],
  'the superseded connection still counts': [1, { losses: 1 }, 'resend', 'I8', 19],
  'the server ignores the offered epoch': [1, { losses: 1, amnesias: 1 }, 'resend', 'I1', 25],
  'the client ignores the epoch': [1, { losses: 1, amnesias: 1 }, 'reject', 'I3', 22],
  'a new record does not start at the floor': [1, { losses: 1, amnesias: 1 }, 'resend', 'I8', 20],
  'a new record has no redelivery bound': [1, { losses: 1, amnesias: 1 }, 'resend', 'I1', 16],
  'the redelivery bound is dropped when attached again': [1, { losses: 1, amnesias: 1 }, 'resend', 'I1', 26],
  'a take-over does not raise the redelivery bound': [1, { losses: 1 }, 'resend', 'I1', 15],
  'holes are not stated after a resume': [3, { losses: 1, cancels: 1 }, 'resend', 'I2', 9],
  'a written message can be cancelled': [1, { cancels: 1 }, 'resend', 'I3', 8],
  'WELCOME settles nothing': [1, { losses: 1 }, 'resend', 'I4', 12],
  'what was in hand is dropped when attached again': [2, { losses: 1 }, 'resend', 'I4', 14],
  'handlers of one producer run side by side': [2, {}, 'resend', 'I2', 9],
  'a commit does not compare the epoch': [1, { losses: 1, amnesias: 1 }, 'resend', 'I4', 16],
  'the answer of an older attach counts': [1, { losses: 1 }, 'resend', 'I4', 9],
  'a producer is forgotten while it is attached': [1, { losses: 1 }, 'resend', 'I1', 20],
  'what was lost meanwhile counts as kept': [1, { losses: 1, amnesias: 1 }, 'resend', 'I1', 20],
}

test.each(Object.keys(BROKEN_RULES) as BrokenRule[])('a model in which %s is caught', (broken) => {
  const [messages, faults, onUnknown, by, steps] = SHOWN[broken]
  const result = search(initialState(messages, { ...NONE, ...faults }), { onUnknown, broken })

  expect(result.violation?.invariant).toBe(by)
  expect(result.violation?.steps).toHaveLength(steps)
})
