/**
 * Making a failing case small.
 *
 * Owns: leaving out parts for as long as it fails in the same way.
 */
import { type Case, runCase } from './targets.js'
import { Tally } from './tally.js'

/** Bounds the work for a case that takes long. */
const MAX_RUNS = 400

/** What stays the same about a finding when numbers and texts in it change. */
export const kindOf = (finding: string): string =>
  finding
    .split('\n', 1)[0]
    ?.replace(/[0-9]+/g, '#')
    .slice(0, 20) ?? ''

export async function shrink(failing: Case, finding: string): Promise<Case> {
  let smallest = failing
  let left = MAX_RUNS
  for (let size = lengthOf(failing) >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at < lengthOf(smallest); ) {
      if (left-- <= 0) return smallest
      const shorter = without(smallest, at, size)
      if (await failsAlike(shorter, finding)) smallest = shorter
      else at += size
    }
  }
  return smallest
}

async function failsAlike(candidate: Case, finding: string): Promise<boolean> {
  const found = await runCase(candidate, new Tally())
  return found !== null && kindOf(found) === kindOf(finding)
}

const lengthOf = ({ steps, messages }: Case): number => Math.max(steps.length, messages.length)

function without(one: Case, at: number, size: number): Case {
  return { ...one, steps: one.steps.toSpliced(at, size), messages: one.messages.toSpliced(at, size) }
}
