/**
 * `npm run model -- --messages 3 --losses 2 --crashes 1`: the exhaustive search of test/model within bounds of one's own.
 *
 * Prints states, transitions and depth, or the shortest way to a violation (status 1). `--broken` breaks a rule by name; `--variants`
 * prints where each broken rule is caught. Memory grows by about 2 kB a state.
 */
import { parseArgs } from 'node:util'
import { BROKEN_RULES, type BrokenRule } from '../test/model/rules.js'
import { type Counterexample, search, type SearchResult } from '../test/model/search.js'
import { type Faults, initialState } from '../test/model/state.js'
import { wholeNumber } from './numbers.js'

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '2' },
    losses: { type: 'string', default: '1' },
    crashes: { type: 'string', default: '0' },
    amnesias: { type: 'string', default: '0' },
    cancels: { type: 'string', default: '0' },
    'store-failures': { type: 'string', default: '0' },
    reject: { type: 'boolean', default: false },
    broken: { type: 'string' },
    variants: { type: 'boolean', default: false },
  },
})
const faults: Faults = {
  losses: wholeNumber('losses', values.losses),
  crashes: wholeNumber('crashes', values.crashes),
  amnesias: wholeNumber('amnesias', values.amnesias),
  cancels: wholeNumber('cancels', values.cancels),
  storeFailures: wholeNumber('store-failures', values['store-failures']),
}
const messages = wholeNumber('messages', values.messages, 1)
const onUnknown = values.reject ? 'reject' : 'resend'
const rules = Object.keys(BROKEN_RULES) as BrokenRule[]

function run(broken: BrokenRule | null): SearchResult {
  return search(initialState(messages, faults), { onUnknown, broken })
}

const steps = (violation: Counterexample): string =>
  violation.steps.map((step, place) => `  ${place + 1}. ${JSON.stringify(step)}`).join('\n')

if (values.variants) {
  for (const broken of rules) {
    const { violation, states } = run(broken)
    const found = violation === null ? 'not noticed' : `${violation.steps.length} steps, ${violation.message}`
    console.log(`${broken} (${BROKEN_RULES[broken]}): ${found}; ${states} states`)
  }
} else {
  const started = performance.now()
  const { violation, states, transitions, depth, settled } = run(
    rules.find((rule) => rule === values.broken) ?? null,
  )
  const seconds = ((performance.now() - started) / 1_000).toFixed(1)
  console.log(`${values.messages} messages, ${JSON.stringify(faults)}, onUnknown: ${onUnknown}`)
  console.log(
    `${states} states, ${transitions} transitions, depth ${depth}, settled ${settled}; ${seconds} s`,
  )
  if (violation !== null) {
    console.log(`${violation.message}, after\n${steps(violation)}`)
    process.exitCode = 1
  }
}
