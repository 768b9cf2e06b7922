/**
 * How many of something came in a second.
 *
 * Owns: the most in any second, measured by a window that slides from event to event, so that no boundary between two
 * seconds hides a peak; and when which share had come.
 */

/** The busiest second. */
export interface Peak {
  readonly count: number
  /** When it began, in ms. */
  readonly at: number
}

/** The busiest second of `times` (in ms, ascending). */
export function busiestSecond(times: readonly number[]): Peak {
  let first = 0
  let peak: Peak = { count: 0, at: 0 }
  for (let last = 0; last < times.length; last++) {
    while ((times[last] as number) - (times[first] as number) >= 1_000) first++
    const count = last - first + 1
    if (count > peak.count) peak = { count, at: times[first] as number }
  }
  return peak
}

/** The busiest second of `times`, as a multiple of what it would be if `count` were spread evenly over `windowMs`. */
export function peakRatio(times: readonly number[], count: number, windowMs: number): number {
  return busiestSecond(times).count / (count / (windowMs / 1_000))
}

/** The time by which `share` (0 to 1) of them had come. */
export function quantile(times: readonly number[], share: number): number {
  return times[Math.max(0, Math.ceil(share * times.length) - 1)] ?? 0
}
