/**
 * A ledger of one stream in one direction: what was sent against what was handled, by the index of each record.
 *
 * Owns: counting. It is the demo's own and knows nothing of surewire: no id, number or statistic of the library goes
 * in, so that it can find the library wrong.
 * Does not own: where the two sides' reports come from (book.ts, replay.ts, page/).
 */

/** What became of the records of a stream. Every record of `sent` is in exactly one of the counters marked with *. */
export interface Tally {
  readonly sent: number
  /** * Handled, and once. */
  readonly once: number
  /** * Never handled although a later one was, or, once everything has ended, never handled at all. */
  readonly lost: number
  /** * Not handled, but the receiver was told that it would not come. */
  readonly told: number
  /** * Not handled yet. */
  readonly waiting: number
  /** * Handled more than once, and only runs flagged as redelivered came after the first. */
  readonly redelivered: number
  /** * Handled more than once without a flag, or handled although never sent. */
  readonly duplicated: number
  /** Handled for the first time after a record with a higher index. */
  readonly outOfOrder: number
}

const NEVER = 0
const ONCE = 1
const REDELIVERED = 2
const DUPLICATED = 3
const TOLD = 4

export class Ledger {
  #sent = 0
  #highest = 0
  #outOfOrder = 0
  /** How many records, next in line, were announced as never coming. */
  #excused = 0
  /** What became of record i is at [i]. */
  #fates = new Uint8Array(1024)
  readonly #counts = [0, 0, 0, 0, 0]

  /** One more record was sent. Returns its index; the first is 1. */
  send(): number {
    this.#sent++
    return this.#sent
  }

  /** So many records were sent in all. */
  sentUpTo(index: number): void {
    this.#sent = Math.max(this.#sent, index)
  }

  /** A handler ran for this record. `again`: it was told that it may have run before. */
  handle(index: number, again = false): void {
    if (!Number.isSafeInteger(index) || index < 1) throw new RangeError(`no record has the index ${index}`)
    this.#grow(index)
    const fate = this.#fates[index] ?? NEVER
    if (fate !== NEVER) return this.#change(index, again && fate !== DUPLICATED ? REDELIVERED : DUPLICATED)
    if (index < this.#highest) this.#outOfOrder++
    else this.#excuse(index)
    this.#highest = Math.max(this.#highest, index)
    this.#change(index, ONCE)
  }

  /** The receiver was told that the next `count` records will not come. Without a count: nobody knows how many. */
  tell(count = Number.POSITIVE_INFINITY): void {
    this.#excused += count
  }

  /** Where things stand. `ended`: nothing more is to come, so what is missing is lost. */
  tally(ended = false): Tally {
    const [, once = 0, redelivered = 0, duplicated = 0, told = 0] = this.#counts
    const unsent = Math.max(0, this.#highest - this.#sent)
    const skipped = this.#highest - once - redelivered - duplicated - told
    const behind = Math.max(0, this.#sent - this.#highest)
    const toldBehind = ended ? Math.min(behind, this.#excused) : 0
    return {
      sent: this.#sent,
      once: ended ? Math.max(0, once - unsent) : once,
      lost: skipped + (ended ? behind - toldBehind : 0),
      told: told + toldBehind,
      waiting: ended ? 0 : behind,
      redelivered,
      duplicated: ended ? duplicated + unsent : duplicated,
      outOfOrder: this.#outOfOrder,
    }
  }

  /** Records that the receiver was told about, skipped on the way to `index`. */
  #excuse(index: number): void {
    const skipped = index - this.#highest - 1
    if (skipped === 0 || this.#excused === 0) {
      // Told that something is missing, and nothing was: a log that began anew without having lost anything.
      if (this.#excused === Number.POSITIVE_INFINITY) this.#excused = 0
      return
    }
    const first = this.#highest + 1
    for (let told = first; told < first + Math.min(skipped, this.#excused); told++) this.#change(told, TOLD)
    this.#excused = this.#excused === Number.POSITIVE_INFINITY ? 0 : Math.max(0, this.#excused - skipped)
  }

  #change(index: number, fate: number): void {
    const before = this.#fates[index] ?? NEVER
    this.#fates[index] = fate
    this.#counts[before] = (this.#counts[before] ?? 0) - 1
    this.#counts[fate] = (this.#counts[fate] ?? 0) + 1
  }

  #grow(index: number): void {
    if (index < this.#fates.length) return
    const larger = new Uint8Array(Math.max(index + 1, this.#fates.length * 2))
    larger.set(this.#fates)
    this.#fates = larger
  }
}

const EMPTY: Tally = {
  sent: 0,
  once: 0,
  lost: 0,
  told: 0,
  waiting: 0,
  redelivered: 0,
  duplicated: 0,
  outOfOrder: 0,
}

export function sum(tallies: readonly Tally[]): Tally {
  const total: Record<keyof Tally, number> = { ...EMPTY }
  for (const tally of tallies) {
    for (const key of Object.keys(total) as (keyof Tally)[]) total[key] += tally[key]
  }
  return total
}

/** Whether every record that was sent was handled once and in order. */
export function isPerfect(tally: Tally): boolean {
  return tally.once === tally.sent && tally.outOfOrder === 0
}

/** The value that `share` (0 to 1) of the sorted samples do not exceed; `null` without samples. */
export function quantile(samples: readonly number[], share: number): number | null {
  if (samples.length === 0) return null
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? null
}
