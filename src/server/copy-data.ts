/**
 * A copy of what the application sends, made when it sends it.
 *
 * Owns: plain data in, plain data out; later changes to the object don't matter, and what cannot travel is refused at
 * the call that sends it.
 */
import { MAX_DEPTH } from '../protocol/codec.js'

/** As deep as the wire allows: around data there are a frame and a batch. */
const MAX_LEVELS = MAX_DEPTH - 2

/** Copies data as JSON would see it; binary data is kept. Throws a TypeError for what cannot be sent. */
export function copyData(value: unknown, depth = MAX_LEVELS): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return value ?? null
    case 'number':
      return Number.isFinite(value) ? value : null
    case 'object':
      return value === null ? null : copyObject(value, depth)
    default:
      throw new TypeError(`a ${typeof value} cannot be sent; send plain data`)
  }
}

function copyObject(value: object, depth: number): unknown {
  if (depth === 0) throw new TypeError(`data is nested deeper than ${MAX_LEVELS} levels, or refers to itself`)
  // Most of what is sent is plain and needs no further look.
  if (Object.getPrototypeOf(value) !== Object.prototype) {
    if (value instanceof Uint8Array) return value.slice()
    refuseLossy(value)
  }
  if ('toJSON' in value && typeof value.toJSON === 'function') return copyData(value.toJSON(), depth - 1)
  if (Array.isArray(value)) return value.map((element) => copyData(element, depth - 1))
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(value)) {
    const element = value[key as keyof typeof value] as unknown
    if (element === undefined) continue
    if (key === '__proto__') throw new TypeError("the key '__proto__' cannot be sent")
    copy[key] = copyData(element, depth - 1)
  }
  return copy
}

function refuseLossy(value: object): void {
  const isLossy =
    value instanceof Map || value instanceof Set || ArrayBuffer.isView(value) || value instanceof ArrayBuffer
  if (!isLossy) return
  throw new TypeError(
    `a ${value.constructor.name} cannot be sent; send an array, a plain object or a Uint8Array`,
  )
}
