/**
 * The shape of a frame, and checking against it.
 *
 * Owns: what becomes of a frame that is too short, of an unknown type, or wrong in one element; the shapes of frames that
 * go both ways. Does not own: those of one side (client-frames.ts, server-frames.ts).
 */
import {
  type Check,
  checkArray,
  checkCount,
  checkName,
  checkNothing,
  checkSeq,
  checkText,
  malformed,
  optional,
} from './check.js'
import { describeValue, ProtocolError } from './errors.js'
import { FrameType } from './frames.js'

/** Unknown frame types from here on are ignored, so that later versions can add optional ones. */
const FIRST_IGNORABLE_TYPE = 64

/** Checks one element; some look at the frame around it. */
export type ElementCheck = (value: unknown, place: string, frame: readonly unknown[]) => unknown

/** How a frame looks. Elements are checked in order; for speed their places are named beforehand. */
export interface Shape {
  readonly places: readonly string[]
  readonly checks: readonly ElementCheck[]
  /** How many elements it needs, the type among them. */
  readonly arity: number
}

export type Shapes = { readonly [type: number]: Shape | undefined }

/**
 * Makes a shape of what follows the type: element → check. An element without a name is all that the frame holds, and is
 * called as the frame. `optionalCount`: so many of the last may be absent.
 */
export function shape(
  name: string,
  elements: Readonly<Record<string, ElementCheck>>,
  optionalCount = 0,
): Shape {
  const names = Object.keys(elements)
  return {
    places: names.map((element) => (element === '' ? name : `${name}.${element}`)),
    checks: Object.values(elements),
    arity: 1 + names.length - optionalCount,
  }
}

/**
 * Checks a frame; `null`: of a type to be ignored. It is returned as it came, without a copy, unless a check gave
 * something else for an element.
 */
export function parseFrame(value: unknown, shapes: Shapes): readonly unknown[] | null {
  const raw = checkArray(value, 'frame')
  const [type] = raw
  const known = typeof type === 'number' ? (shapes[type] ?? SHARED_SHAPES[type]) : undefined
  if (known === undefined) return ignoreOrRefuse(type)
  const { places, checks, arity } = known
  let checked: unknown[] | null = null
  for (let at = 0; at < checks.length; at++) {
    const element = raw[at + 1]
    const kept = checks[at]?.(element, places[at] ?? '', raw)
    if (kept === element || kept === undefined) continue
    checked ??= [...raw]
    checked[at + 1] = kept
  }
  if (raw.length >= arity) return checked ?? raw
  throw new ProtocolError(`frame type ${String(type)} needs ${arity} elements, got ${raw.length}`, {
    code: 'malformed',
  })
}

function ignoreOrRefuse(type: unknown): null {
  if (typeof type === 'number' && Number.isSafeInteger(type) && type >= FIRST_IGNORABLE_TYPE) return null
  throw new ProtocolError(`frame type ${describeValue(type)} is unknown or not for this side`, {
    code: 'unknown_frame',
  })
}

/** The end of a range whose first number is the element at `from`. */
export function checkRangeEnd(value: unknown, place: string, from: unknown): number {
  const to = checkSeq(value, place)
  return to >= Number(from) ? to : malformed(place, to, `at least ${String(from)}`)
}

/** One of a few words. */
export function oneOf(...allowed: readonly string[]): Check<string> {
  return (value, place) =>
    allowed.includes(value as string) ? (value as string) : malformed(place, value, allowed.join(' or '))
}

/** What {@link PresenceFrame} tells. */
export const checkPresenceKind: Check<string> = /* @__PURE__ */ oneOf('sync', 'join', 'update', 'leave')

const SHARED_SHAPES: Shapes = {
  [FrameType.PING]: /* @__PURE__ */ shape('PING', { t: checkCount }),
  [FrameType.PONG]: /* @__PURE__ */ shape('PONG', { t: checkCount }),
  [FrameType.VOLATILE]: /* @__PURE__ */ shape(
    'VOLATILE',
    {
      room: /* @__PURE__ */ optional(checkName),
      type: checkName,
      data: checkNothing,
      from: /* @__PURE__ */ optional(checkText),
    },
    2,
  ),
  [FrameType.BYE]: /* @__PURE__ */ shape('BYE', {}),
}
