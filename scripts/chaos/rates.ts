/**
 * How fast connections came, from the times at which they did.
 */

const SECOND_MS = 1_000

export interface Rates {
  /** Most in any one second. */
  readonly peakPerSecond: number
  /** Of the seconds from the first to the last. */
  readonly medianPerSecond: number
  /** Peak as a multiple of a uniform spread; `null` where none was advised. */
  readonly peakToUniform: number | null
}

/** `times` in ms, in order. */
export function ratesOf(times: readonly number[], uniformPerSecond: number | null): Rates {
  let peak = 0
  let first = 0
  for (const [index, at] of times.entries()) {
    while ((times[first] ?? at) <= at - SECOND_MS) first++
    peak = Math.max(peak, index - first + 1)
  }
  const begin = times[0] ?? 0
  const seconds = Array.from({ length: Math.ceil(((times.at(-1) ?? begin) - begin) / SECOND_MS) }, () => 0)
  for (const at of times) {
    const second = Math.floor((at - begin) / SECOND_MS)
    if (second < seconds.length) seconds[second] = (seconds[second] ?? 0) + 1
  }
  return {
    peakPerSecond: peak,
    medianPerSecond: seconds.toSorted((a, b) => a - b)[Math.floor(seconds.length / 2)] ?? 0,
    peakToUniform: uniformPerSecond === null ? null : peak / uniformPerSecond,
  }
}
