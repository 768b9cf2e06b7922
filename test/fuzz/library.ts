/**
 * The recordings that mutation starts from.
 *
 * Owns: making them once, and the frames that occur in them.
 */
import type { SeededRandom } from '../../src/testing/seeded-random.js'
import type { Mutation } from './mutate-frames.js'
import type { Pool } from './parser-cases.js'
import type { CodecName } from './raw-codec.js'
import { type Recorded, record } from './record.js'
import { type Frame, SAMPLES, type Side } from './samples.js'
import type { Recording } from './steps.js'

export interface Library {
  readonly recorded: readonly Recorded[]
  readonly pool: Pool
}

export async function makeLibrary(): Promise<Library> {
  const recorded: Recorded[] = []
  for (const codec of ['json', 'msgpack'] as const) {
    for (const watched of ['first', 'second'] as const) recorded.push(await record(codec, watched))
  }
  return { recorded, pool: { client: framesOf(recorded, 'client'), server: framesOf(recorded, 'server') } }
}

/** What one side said in all recordings, samples first. */
function framesOf(recorded: readonly Recorded[], side: Side): Frame[] {
  const heard = recorded.flatMap(({ client, server }) => (side === 'client' ? server : client).steps)
  const frames = heard.flatMap((step) => (step.do === 'batch' ? (step.frames as Frame[]) : []))
  return [...SAMPLES[side], ...frames]
}

/** Recordings of one view in one codec. */
export function recordingsOf(
  { recorded }: Library,
  view: 'client' | 'server',
  codec: CodecName,
): Recording[] {
  return recorded.map((one) => one[view]).filter((recording) => recording.codec === codec)
}

/** Draws half of the time from the samples, where rare types are as frequent as others. */
export function mutationOf(library: Library, random: SeededRandom, codec: CodecName, side: Side): Mutation {
  return { random, codec, other: () => random.pick(random.chance(0.5) ? SAMPLES[side] : library.pool[side]) }
}
