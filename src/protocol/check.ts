/**
 * Checks on single values that came from the network (rule 13: trust nobody).
 *
 * Owns: what a sequence number, an id, a window may look like, and how checks join into those of lists and maps. Every
 * failure is a {@link ProtocolError} that names the place.
 */
import { describeValue, ProtocolError } from './errors.js'
import type { LogPositions, Window } from './frames.js'

/** Gives the value as `V`, or raises an error that names `place`. */
export type Check<V = unknown> = (value: unknown, place: string) => V

/** Longest id, room or type name in characters. */
export const MAX_NAME_LENGTH = 512

/** Raises the error for a value that is not what `place` needs. */
export function malformed(place: string, value: unknown, needed: string): never {
  throw new ProtocolError(`${place}: ${describeValue(value)} is not ${needed}`, { code: 'malformed' })
}

function checkInteger(value: unknown, place: string, least: number): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value
  return malformed(place, value, `an integer from ${least} to 2^53 - 1`)
}

/** An integer from 0 to 2^53 − 1. */
export const checkCount: Check<number> = (value, place) => checkInteger(value, place, 0)

/** A sequence number or offset: an integer from 1 to 2^53 − 1. */
export const checkSeq: Check<number> = (value, place) => checkInteger(value, place, 1)

/** A non-empty, bounded string: an id, a room, a message type, a log name. */
export const checkName: Check<string> = (value, place) => {
  if (typeof value === 'string' && value.length > 0 && value.length <= MAX_NAME_LENGTH) return value
  return malformed(place, value, `a string of 1 to ${MAX_NAME_LENGTH} characters`)
}

/** Free text such as a reason. */
export const checkText: Check<string> = (value, place) =>
  typeof value === 'string' ? value : malformed(place, value, 'a string')

/** Whatever the application put there. */
export const checkNothing: Check = (value) => value

/** `null` and absent are the same on the wire. */
export function checkOptional<V>(value: unknown, place: string, check: Check<V>): V | undefined {
  return value === undefined || value === null ? undefined : check(value, place)
}

/** {@link checkOptional} as a check of its own. */
export function optional<V>(check: Check<V>): Check<V | undefined> {
  return (value, place) => checkOptional(value, place, check)
}

/** A plain map; keys are only ever read by name. */
export const checkRecord: Check<Readonly<Record<string, unknown>>> = (value, place) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array) {
    return malformed(place, value, 'a map')
  }
  return value as Readonly<Record<string, unknown>>
}

/** An array. */
export const checkArray: Check<readonly unknown[]> = (value, place) =>
  Array.isArray(value) ? value : malformed(place, value, 'an array')

/** An array of what `check` takes. */
export function checkList<V>(value: unknown, place: string, check: Check<V>): V[] {
  return checkArray(value, place).map((item) => check(item, place))
}

/** The check of every field of a map; those that `T` may lack give `undefined` for absent. */
export type FieldChecks<T> = {
  readonly [K in keyof T]-?: object extends Pick<T, K> ? Check<T[K] | undefined> : Check<T[K]>
}

/** Copies the known fields of a map, by name; whatever else a peer sends stays behind. */
export function checkFields<T extends object>(value: unknown, place: string, checks: FieldChecks<T>): T {
  const raw = checkRecord(value, place)
  const fields: Record<string, unknown> = {}
  for (const [name, check] of Object.entries<Check>(checks)) {
    const field = check(raw[name], `${place}.${name}`)
    if (field !== undefined) fields[name] = field
  }
  return fields as T
}

/** A window of messages and bytes. */
export const checkWindow: Check<Window> = (value, place) =>
  checkFields<Window>(value, place, { messages: checkSeq, bytes: checkSeq })

/** A map of what peers can do beyond the protocol's first version. */
export const checkCaps: Check<Readonly<Record<string, unknown>>> = (value, place) =>
  checkOptional(value, place, checkRecord) ?? {}

/** Positions by log. Made from entries, so that a log called `__proto__` is an ordinary key. */
export const checkPositions: Check<LogPositions> = (value, place) =>
  Object.fromEntries(
    Object.entries(checkRecord(value, place)).map(([log, position]) => {
      const at = `${place}[${log}]`
      const [epoch, offset] = checkArray(position, at)
      return [checkName(log, place), [checkText(epoch, `${at}.epoch`), checkCount(offset, `${at}.offset`)]]
    }),
  )
