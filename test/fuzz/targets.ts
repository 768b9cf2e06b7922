/**
 * The targets by name, and how a case of each is made from a seed.
 *
 * Owns: that the same seed and number give the same case, and that any case can be run again from its parts.
 */
import { seededRandom } from '../../src/testing/seeded-random.js'
import { runClient } from './client-target.js'
import { type Library, mutationOf, recordingsOf } from './library.js'
import { mutateRecording } from './mutate-steps.js'
import { parserMessage } from './parser-cases.js'
import { feedParser, type Message } from './parser-target.js'
import type { CodecName } from './raw-codec.js'
import { runServer } from './server-target.js'
import { type Step, tell } from './steps.js'
import type { Tally } from './tally.js'
import { prototypesChanged } from './values.js'

export type TargetName = 'parsers' | 'server' | 'client'

/** Those that find most come first. */
export const TARGETS: readonly TargetName[] = ['client', 'server', 'parsers']

/** A case as a list that can be shortened. */
export interface Case {
  readonly target: TargetName
  readonly codec: CodecName
  /** Of a client: which scenario was recorded. */
  readonly second: boolean
  readonly messages: readonly Message[]
  readonly steps: readonly Step[]
}

const MESSAGES_PER_CASE = 32

export function makeCase(library: Library, target: TargetName, seed: number, number: number): Case {
  const random = seededRandom(seed).fork(`${target} ${number}`)
  const codec: CodecName = random.chance(0.5) ? 'json' : 'msgpack'
  const plain = { target, codec, second: false, messages: [], steps: [] }
  if (target === 'parsers') {
    const messages = Array.from({ length: MESSAGES_PER_CASE }, () => parserMessage(random, library.pool))
    return { ...plain, messages }
  }
  const recordings = recordingsOf(library, target, codec)
  const chosen = random.pick(recordings)
  const side = target === 'server' ? 'client' : 'server'
  const { steps } = mutateRecording(chosen, mutationOf(library, random, codec, side), recordings)
  return { ...plain, second: recordings.indexOf(chosen) === 1, steps }
}

/** Runs a case; gives what is wrong, `null` for nothing. */
export async function runCase(
  { target, codec, second, messages, steps }: Case,
  tally: Tally,
): Promise<string | null> {
  tally.cases++
  if (target === 'server') return runServer({ codec, steps }, tally)
  if (target === 'client') return runClient({ codec, steps }, second, tally)
  for (const message of messages) {
    tally.messages++
    const wrong = feedParser(message, tally)
    if (wrong !== null) return wrong
  }
  return prototypesChanged() ? 'a prototype of the language changed' : null
}

/** The parts of a case, one a line. */
export function linesOf({ messages, steps, codec }: Case): string[] {
  if (steps.length > 0) return steps.map((step) => `${codec} ${tell(step)}`)
  return messages.map((message) => {
    const { data, side } = message
    const shown = typeof data === 'string' ? JSON.stringify(data) : `hex ${Buffer.from(data).toString('hex')}`
    return `${message.codec}, from a ${side}: ${shown}`
  })
}
