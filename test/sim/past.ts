/**
 * Plans that once failed (test/sim/past/*.json): what was found stays found when the scenario draws otherwise.
 *
 * Owns: reading them. The name of a file tells what was found. A plan comes from `npm run sim`, which writes the plan of a failing
 * seed to reports/; parameters and arguments that came later are quiet in it (quiet.ts, `quiet` of a step).
 */
import { readdirSync, readFileSync } from 'node:fs'
import { type Plan, planFromJson } from '../../src/testing/simulation/index.js'
import { scenario } from './scenario.js'

const FOLDER = new URL('past/', import.meta.url)

export interface PastPlan {
  readonly found: string
  /** @throws RangeError if it names a step that the scenario has no more. */
  readonly read: () => Plan
}

export const pastPlans: readonly PastPlan[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.json'))
  .toSorted()
  .map((file) => ({
    found: file.slice(0, -'.json'.length).replaceAll('-', ' '),
    read: () => planFromJson(scenario, readFileSync(new URL(file, FOLDER), 'utf8')),
  }))
