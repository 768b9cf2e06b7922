/**
 * Mutation of recordings.
 *
 * Owns: spoiling messages in place, and dropping, doubling, moving and splicing steps; coming back with newer claims.
 */
import { mutateBytes } from './mutate-bytes.js'
import { mutateFrames, type Mutation } from './mutate-frames.js'
import { encodeRaw, fromBytes, toBytes } from './raw-codec.js'
import type { Recording, Step } from './steps.js'

type Batch = Step & { readonly do: 'batch' }

/** Share of recordings in which something comes again and again. */
const FLOODS = 0.4

/** Spoils a recording. `others`: to splice with. */
export function mutateRecording(
  recording: Recording,
  mutation: Mutation,
  others: readonly Recording[],
): Recording {
  const { random } = mutation
  let steps: Step[] = [...recording.steps]
  for (let left = random.pick([0, 1, 1, 2, 3, 5, 8, 20]); left > 0; left--)
    steps = mutateOnce(steps, mutation, others)
  if (random.chance(FLOODS)) steps = floodSomewhere(steps, mutation)
  return { codec: recording.codec, steps }
}

function mutateOnce(steps: Step[], mutation: Mutation, others: readonly Recording[]): Step[] {
  const { random } = mutation
  const at = random.integer(0, Math.max(0, steps.length - 1))
  const step = steps[at]
  if (step === undefined) return steps
  const kind = random.integer(0, 19)
  if (kind < 9)
    return step.do === 'batch'
      ? steps.toSpliced(at, 1, spoilt(step, mutation))
      : elsewhere(steps, at, mutation)
  switch (kind) {
    case 9:
      return steps.toSpliced(at, random.integer(1, 3))
    case 10:
      return steps.toSpliced(random.integer(at, steps.length), 0, step)
    case 11:
      return steps.toSpliced(at, 1).toSpliced(random.integer(0, steps.length - 1), 0, step)
    case 12:
      return steps.toSpliced(at, 0, { do: 'pass', ms: random.pick([1, 20, 500, 3_000, 12_000, 40_000]) })
    case 13:
      return step.do === 'batch'
        ? steps.toSpliced(at, 1, { ...step, link: otherLink(steps, mutation) })
        : steps
    case 14:
      return splice(steps, at, mutation, others)
    case 15:
      return step.do === 'batch' ? flood(steps, at, step, mutation) : steps
    case 16:
      return steps.toSpliced(at, 0, {
        do: 'close',
        link: linkOf(step),
        code: random.pick([1_000, 1_006, 4_000, 4_999]),
      })
    default:
      return comeBack(steps, at, mutation)
  }
}

/** The next message after `at` is spoilt instead. */
function elsewhere(steps: Step[], at: number, mutation: Mutation): Step[] {
  const next = steps.findIndex((step, index) => index > at && step.do === 'batch')
  const step = steps[next]
  return step?.do === 'batch' ? steps.toSpliced(next, 1, spoilt(step, mutation)) : steps
}

function spoilt(step: Batch, mutation: Mutation): Step {
  const { random, codec } = mutation
  if (random.chance(0.8)) return { ...step, frames: mutateFrames(step.frames, mutation) }
  const other = toBytes(encodeRaw(codec, [mutation.other()]))
  const bytes = mutateBytes(toBytes(encodeRaw(codec, step.frames)), random, codec, other)
  const data = fromBytes(random.chance(0.97) ? codec : codec === 'json' ? 'msgpack' : 'json', bytes)
  return { do: 'bytes', link: step.link, data }
}

const linkOf = (step: Step): number => ('link' in step ? step.link : 1)

function otherLink(steps: readonly Step[], { random }: Mutation): number {
  return linkOf(random.pick(steps))
}

function splice(steps: Step[], at: number, { random }: Mutation, others: readonly Recording[]): Step[] {
  const other = random.pick(others).steps
  const from = random.integer(0, other.length - 1)
  return steps.toSpliced(at, random.integer(0, 4), ...other.slice(from, from + random.integer(1, 12)))
}

function floodSomewhere(steps: Step[], mutation: Mutation): Step[] {
  const from = mutation.random.integer(0, Math.max(0, steps.length - 1))
  const at = steps.findIndex((step, index) => index >= from && step.do === 'batch')
  const step = steps[at]
  return step?.do === 'batch' ? flood(steps, at, step, mutation) : steps
}

/** One message, or all of its frames in one, many times. */
function flood(steps: Step[], at: number, step: Batch, { random }: Mutation): Step[] {
  const times = random.pick([3, 20, 120, 400])
  if (random.chance(0.5))
    return steps.toSpliced(at, 0, ...Array.from({ length: Math.min(times, 20) }, () => step))
  const counts = random.chance(0.5)
  const frames = Array.from({ length: times }, (_, n) =>
    counts ? step.frames.map((frame) => numbered(frame, n)) : step.frames,
  ).flat()
  return steps.toSpliced(at, 1, { ...step, frames: frames.slice(0, 400) })
}

/** A SEND or REQUEST so many numbers later. */
function numbered(frame: unknown, by: number): unknown {
  if (!Array.isArray(frame) || (frame[0] !== 6 && frame[0] !== 7)) return frame
  return typeof frame[1] === 'number' ? [frame[0], frame[1] + by, ...frame.slice(2)] : frame
}

/** The link opens again with what it said first, every `attach` raised: a later visit of the same client. */
function comeBack(steps: Step[], at: number, { random }: Mutation): Step[] {
  const link = otherLink(steps, { random } as Mutation)
  const hello = steps.find(
    (step): step is Batch => step.do === 'batch' && step.link === link && step.frames.length > 0,
  )
  if (hello === undefined) return steps
  const raise = random.pick([0, 1, 5, 100])
  return steps.toSpliced(
    at,
    0,
    { do: 'open', link },
    { ...hello, frames: hello.frames.map((frame) => raised(frame, raise)) },
  )
}

function raised(value: unknown, by: number): unknown {
  if (Array.isArray(value)) return value.map((item) => raised(item, by))
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      key === 'attach' && typeof item === 'number' ? item + by : raised(item, by),
    ]),
  )
}
