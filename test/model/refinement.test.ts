/**
 * The model says what production does: the same actions, in random orders, are seen to do the same.
 */
import { expect, test } from 'vitest'
import { seededRandom } from '../../src/testing/seeded-random.js'
import { type Action, after, isSettled, possibleActions } from './actions.js'
import { Production } from './production.js'
import type { Rules } from './rules.js'
import { initialState, linkOf, type State } from './state.js'

/** What {@link Production.observe} sees, of the model. */
function seen(state: State): unknown {
  const { client, nodes } = state
  const { floor, written, live, wire, messages } = client
  return {
    outcomes: messages.filter((outcome) => outcome !== 'unsent'),
    floor,
    written,
    live,
    wire: live ? wire : 0,
    down: linkOf(state, client.link)?.down.map((frame) => {
      if (frame.is === 'ACCEPTED') return frame.seq
      return frame.state === null ? null : [frame.state.last, frame.state.held]
    }),
    running: nodes.map(({ held }) => held?.running ?? 0),
  }
}

/** Production commits and acknowledges at the end of every turn. */
function next(actions: readonly Action[], pick: <Item>(items: readonly Item[]) => Item): Action {
  const atOnce = actions.find(({ is }) => is === 'commit') ?? actions.find(({ is }) => is === 'acknowledge')
  return atOnce ?? pick(actions)
}

const isEndOfTurn = (actions: readonly Action[]): boolean =>
  !actions.some(({ is }) => is === 'commit' || is === 'acknowledge')

function compare(production: Production, state: State, story: string): void {
  expect(production.observe(), story).toEqual(seen(state))
}

function walk(seed: number): { steps: number; settled: boolean } {
  const random = seededRandom(seed)
  const rules: Rules = { onUnknown: random.chance(0.5) ? 'resend' : 'reject', broken: null }
  const faults = { losses: 4, crashes: 1, amnesias: random.integer(0, 1), cancels: 1, storeFailures: 0 }
  let state = initialState(4, faults)
  const production = new Production(rules.onUnknown)
  const story: string[] = []
  for (let steps = 0; steps < 400; steps++) {
    const actions = possibleActions(state, rules)
    if (isEndOfTurn(actions)) {
      compare(production, state, `seed ${seed}:\n${story.join('\n')}`)
      if (isSettled(state)) return { steps, settled: true }
    }
    const action = next(actions, (items) => random.pick(items))
    story.push(JSON.stringify(action))
    production.perform(action, state)
    state = after(state, action, rules)
  }
  return { steps: 400, settled: false }
}

/** `SUREWIRE_WALKS=20000` for more. */
const WALKS = Number(process.env['SUREWIRE_WALKS'] ?? 500)

test('random walks of the model are repeated by production, step by step', () => {
  let settled = 0
  let steps = 0
  for (let seed = 0; seed < WALKS; seed++) {
    const walked = walk(seed)
    steps += walked.steps
    if (walked.settled) settled++
  }
  expect(settled).toBeGreaterThan(0.95 * WALKS)
  expect(steps).toBeGreaterThan(20 * WALKS)
})
