/**
 * Mutation of frames that knows their structure.
 *
 * Owns: changes of one value somewhere in a frame, of its arity, of its type; changes to a list of frames. Frames are
 * never changed in place.
 */
import type { SeededRandom } from '../../src/testing/seeded-random.js'
import { hostileNumber, hostileValue, NAMES } from './hostile-values.js'
import type { CodecName } from './raw-codec.js'
import type { Frame } from './samples.js'

/** What mutation draws from. */
export interface Mutation {
  readonly random: SeededRandom
  readonly codec: CodecName
  /** A frame of some recording. */
  readonly other: () => Frame
}

/** One change to one frame. */
export function mutateFrame(frame: Frame, mutation: Mutation): unknown {
  const { random, codec } = mutation
  const kind = random.integer(0, 19)
  if (kind < 14) return mutateInside(frame, mutation, 1)
  switch (kind) {
    case 14:
      return frame.slice(0, random.integer(0, frame.length))
    case 15:
      return [...frame, hostileValue(random, codec)]
    case 16:
      return [random.integer(0, 80), ...frame.slice(1)]
    case 17:
      return swapElements(frame, random)
    case 18:
      return [frame[0], ...mutation.other().slice(1)]
    default:
      return hostileValue(random, codec)
  }
}

/** Changes one value at some depth, the type of the frame seldom. */
function mutateInside(value: unknown, mutation: Mutation, depth: number): unknown {
  const { random, codec } = mutation
  if (Array.isArray(value) && value.length > 0 && random.chance(depth === 1 ? 1 : 0.85)) {
    const first = depth === 1 && value.length > 1 && random.chance(0.95) ? 1 : 0
    const at = random.integer(first, value.length - 1)
    return value.map((item: unknown, index) =>
      index === at ? mutateInside(item, mutation, depth + 1) : item,
    )
  }
  if (depth > 1 && random.chance(0.06)) return null
  if (isMap(value) && random.chance(0.85)) return mutateMap(value, mutation, depth)
  if (typeof value === 'number' && random.chance(0.6)) return nearNumber(value, random)
  if (typeof value === 'number' && random.chance(0.5)) return hostileNumber(random, codec)
  if (typeof value === 'string' && random.chance(0.4)) return random.pick(NAMES)
  return hostileValue(random, codec)
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value)
}

/** Changes a field, its name, or how many there are. */
function mutateMap(map: Readonly<Record<string, unknown>>, mutation: Mutation, depth: number): unknown {
  const { random, codec } = mutation
  const entries = Object.entries(map)
  const kind = entries.length === 0 ? 9 : random.integer(0, 9)
  const at = random.integer(0, Math.max(0, entries.length - 1))
  if (kind < 6) {
    return fromEntries(
      entries.map(([key, value], index) => [
        key,
        index === at ? mutateInside(value, mutation, depth + 1) : value,
      ]),
    )
  }
  if (kind === 6) return fromEntries(entries.filter((_, index) => index !== at))
  const name = random.pick(NAMES)
  if (kind === 7) return fromEntries(entries.map(([key, value], index) => [index === at ? name : key, value]))
  return fromEntries([...entries, [name, hostileValue(random, codec)]])
}

/** `Object.fromEntries` defines keys, `__proto__` too. */
const fromEntries = (entries: readonly (readonly [string, unknown])[]): unknown => Object.fromEntries(entries)

const nearNumber = (value: number, random: SeededRandom): number =>
  random.pick([value + 1, value - 1, value + 2, value * 2, -value, value + 1_025, 0, 1, value + 100_000])

function swapElements(frame: Frame, random: SeededRandom): Frame {
  const swapped = [...frame]
  const from = random.integer(0, frame.length - 1)
  const to = random.integer(0, frame.length - 1)
  swapped[from] = frame[to]
  swapped[to] = frame[from]
  return swapped
}

/** One change to the frames of one message. */
export function mutateFrames(frames: readonly unknown[], mutation: Mutation): unknown[] {
  const { random } = mutation
  const at = random.integer(0, Math.max(0, frames.length - 1))
  const frame = frames[at]
  const kind = frames.length === 0 ? 8 : random.integer(0, 9)
  if (kind < 5) {
    return frames.map((item, index) =>
      index === at ? (Array.isArray(item) ? mutateFrame(item, mutation) : mutation.other()) : item,
    )
  }
  switch (kind) {
    case 5:
      return frames.filter((_, index) => index !== at)
    case 6:
      return frames.toSpliced(at, 0, ...Array.from({ length: random.pick([1, 1, 2, 10]) }, () => frame))
    case 7:
      return frames.toSpliced(random.integer(0, frames.length - 1), 0, ...frames.slice(at, at + 2))
    case 8:
      return frames.toSpliced(at, 0, mutation.other())
    default:
      return [...frames.slice(at), ...frames.slice(0, at)]
  }
}
