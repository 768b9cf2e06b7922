/**
 * What was void is remembered as refusals are (ACC-12), so that a later client which still finds such a message stored does
 * not take it for accepted.
 *
 * Owns: ranges of numbers that will not come, as long as they are in hand, and the refusals that stand for them.
 * Does not own: when they are committed (commits.ts), who attaches (producers.ts). Of requests nothing is remembered: no
 * client keeps them beyond its end.
 */
import { type Refusal, VOIDED } from '../../protocol/frames.js'
import type { Producer, Staged, VoidRange } from './model.js'

/** Refused by a handler, so that REJECTED tells it; whoever said VOID knows. */
export const isRefused = ([, code]: Refusal): boolean => code !== VOIDED

/** Neighbours become one range, so that nobody can make many of them. */
export function stageVoid({ voids }: Staged, range: VoidRange): void {
  const before = voids.at(-1)
  if (before?.to === range.from - 1) before.to = range.to
  else voids.push(range)
}

/** The numbers of these ranges above `after`. */
export function voidedNumbers(ranges: Iterable<VoidRange>, after: number): Refusal[] {
  const numbers: Refusal[] = []
  for (const { from, to } of ranges)
    for (let seq = Math.max(from, after + 1); seq <= to; seq++) numbers.push([seq, VOIDED, ''])
  return numbers
}

/** What is not committed yet: nobody will be told of it when it is. */
export function voidedInHand(producer: Producer, maxInFlight: number): Refusal[] {
  const { kind, committing, staged, queue, held } = producer
  if (kind === 'requests') return []
  const committed = (committing?.commit.refused ?? []).filter((refusal) => !isRefused(refusal))
  const waiting = [...queue].filter((item) => item.kind === 'void')
  return [...committed, ...voidedNumbers([...staged.voids, ...waiting], held - maxInFlight)]
}
