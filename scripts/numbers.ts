/**
 * Numbers from the command line.
 *
 * Owns: refusing what is none. `Number('many')` is NaN, a loop up to NaN does nothing, and nothing finds nothing wrong.
 */

/** A whole number of at least `least` from `--name text`. */
export function wholeNumber(name: string, text: string, least = 0): number {
  const number = Number(text.replaceAll('_', ''))
  if (text !== '' && Number.isSafeInteger(number) && number >= least) return number
  throw new TypeError(`--${name} ${text}: has to be a whole number of at least ${least}`)
}

/** Minutes from `--minutes text`; parts of one will do. */
export function someMinutes(text: string): number {
  const minutes = Number(text)
  if (Number.isFinite(minutes) && minutes > 0) return minutes
  throw new TypeError(`--minutes ${text}: has to be a number above 0`)
}
