/**
 * Checks on single values that came from the network (rule 13: trust nobody).
 *
 * Owns: what a sequence number, an id, a window may look like. Every failure is a {@link ProtocolError} that
 * names the place; nothing here copies keys into objects, so `__proto__` never reaches one.
 */
import { describeValue, ProtocolError } from './errors.js'
import type { Window } from './frames.js'

/** Longest id, room or type name in characters. */
export const MAX_NAME_LENGTH = 512

/** Raises the error for a value that is not what `place` needs. */
export function malformed(place: string, value: unknown, needed: string): never {
  throw new ProtocolError(`${place}: ${describeValue(value)} is not ${needed}`, { code: 'malformed' })
}

/** An integer from 0 to 2^53 − 1. */
export function checkCount(value: unknown, place: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    return malformed(place, value, 'an integer from 0 to 2^53 - 1')
  }
  return value
}

/** A sequence number or offset: an integer from 1 to 2^53 − 1. */
export function checkSeq(value: unknown, place: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1) {
    return malformed(place, value, 'an integer from 1 to 2^53 - 1')
  }
  return value
}

/** A non-empty, bounded string: an id, a room, a message type, a log name. */
export function checkName(value: unknown, place: string): string {
  if (typeof value !== 'string' || value.length === 0 || value.length > MAX_NAME_LENGTH) {
    return malformed(place, value, `a string of 1 to ${MAX_NAME_LENGTH} characters`)
  }
  return value
}

/** Free text such as a reason. */
export function checkText(value: unknown, place: string): string {
  return typeof value === 'string' ? value : malformed(place, value, 'a string')
}

/** `null` and absent are the same on the wire. */
export function checkOptional<V>(
  value: unknown,
  place: string,
  check: (value: unknown, place: string) => V,
): V | null {
  return value === undefined || value === null ? null : check(value, place)
}

/** A plain map; keys are only ever read by name. */
export function checkRecord(value: unknown, place: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array) {
    return malformed(place, value, 'a map')
  }
  return value as Readonly<Record<string, unknown>>
}

/** An array. */
export function checkArray(value: unknown, place: string): readonly unknown[] {
  return Array.isArray(value) ? value : malformed(place, value, 'an array')
}

/** A window of messages and bytes. */
export function checkWindow(value: unknown, place: string): Window {
  const record = checkRecord(value, place)
  return {
    messages: checkSeq(record['messages'], `${place}.messages`),
    bytes: checkSeq(record['bytes'], `${place}.bytes`),
  }
}
