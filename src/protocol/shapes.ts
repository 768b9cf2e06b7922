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

/** How a frame looks: its elements in order, and how many it needs, the type among them. */
export interface Shape {
  readonly elements: readonly { readonly place: string; readonly check: ElementCheck }[]
  readonly arity: number
}

/** Checks a whole frame in place. For frames that come by the thousand: going by a shape costs three times as much. */
export type FrameCheck = (raw: readonly unknown[]) => void

export type Shapes = { readonly [type: number]: Shape | FrameCheck | undefined }

/**
 * Makes a shape of what follows the type: element → check. An element without a name is all that the frame holds, and is
 * called as the frame. `optionalCount`: so many of the last may be absent.
 */
export function shape(
  name: string,
  elements: Readonly<Record<string, ElementCheck>>,
  optionalCount = 0,
): Shape {
  // Places are named beforehand: every frame passes here.
  const checks = Object.entries(elements).map(([element, check]) => ({
    place: element === '' ? name : `${name}.${element}`,
    check,
  }))
  return { elements: checks, arity: 1 + checks.length - optionalCount }
}

/**
 * Checks a frame; `null`: of a type to be ignored. It is returned as it came, without a copy, unless a check gave
 * something else for an element.
 */
export function parseFrame(value: unknown, shapes: Shapes): readonly unknown[] | null {
  const raw = checkArray(value, 'frame')
  const type = raw[0]
  const known = typeof type === 'number' ? (shapes[type] ?? SHARED_SHAPES[type]) : undefined
  if (known === undefined) return ignoreOrRefuse(type)
  if (typeof known === 'function') {
    known(raw)
    return raw
  }
  const { elements, arity } = known
  let checked: unknown[] | null = null
  let at = 0
  for (const { place, check } of elements) {
    const element = raw[++at]
    const kept = check(element, place, raw)
    if (kept === element || kept === undefined) continue
    checked ??= [...raw]
    checked[at] = kept
  }
  requireArity(raw, arity)
  return checked ?? raw
}

/** Raises an error for a frame with fewer elements, the type among them. */
export function requireArity(raw: readonly unknown[], arity: number): void {
  if (raw.length >= arity) return
  throw new ProtocolError(`frame type ${String(raw[0])} needs ${arity} elements, got ${raw.length}`, {
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
    1,
  ),
  [FrameType.BYE]: /* @__PURE__ */ shape('BYE', {}),
}
