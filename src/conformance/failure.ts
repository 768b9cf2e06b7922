/**
 * What a rule's check says when the server does not keep the rule.
 *
 * Owns: the error, comparing, and showing values in its sentence.
 */

/** The server does not keep the rule; the message says how. */
export class Failure extends Error {
  override name = 'Failure'
}

/** Fails unless the condition holds; `what` says what should have been. */
export function holds(condition: boolean, what: string): void {
  if (!condition) throw new Failure(what)
}

/** Fails unless both are the same data. */
export function same(actual: unknown, expected: unknown, what: string): void {
  const [is, should] = [canonical(actual), canonical(expected)]
  if (is !== should) throw new Failure(`${what}: should be ${shorten(should)}, is ${shorten(is)}`)
}

/** Fails unless it is one of these. */
export function oneOf(actual: unknown, expected: readonly unknown[], what: string): void {
  if (expected.includes(actual)) return
  throw new Failure(`${what}: should be one of ${expected.join(', ')}, is ${canonical(actual)}`)
}

/** As JSON, maps in the order of their keys; an absent field is the same as `null`. */
function canonical(value: unknown): string {
  return JSON.stringify(value ?? null, (_, part: unknown) => (isMap(part) ? sorted(part) : part))
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function sorted(map: Record<string, unknown>): Record<string, unknown> {
  const present = Object.entries(map).filter(([, value]) => value !== null && value !== undefined)
  return Object.fromEntries(present.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

export function shorten(text: string): string {
  return text.length > 300 ? `${text.slice(0, 297)}…` : text
}
