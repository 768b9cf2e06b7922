/**
 * Messages for the parsers.
 *
 * Owns: which frames a message is made of, and how it is spoilt.
 */
import type { SeededRandom } from '../../src/testing/seeded-random.js'
import { anyBytes, mutateBytes } from './mutate-bytes.js'
import { mutateFrames, type Mutation } from './mutate-frames.js'
import { hostileValue } from './hostile-values.js'
import type { Message } from './parser-target.js'
import { type CodecName, encodeRaw, fromBytes, toBytes } from './raw-codec.js'
import { type Frame, SAMPLES, type Side } from './samples.js'

const MAX_FRAMES = 12

/** Frames that messages are made of; recordings add to the samples. */
export type Pool = Readonly<Record<Side, readonly Frame[]>>

/** Makes one message. */
export function parserMessage(random: SeededRandom, pool: Pool = SAMPLES): Message {
  const codec: CodecName = random.chance(0.5) ? 'json' : 'msgpack'
  const side: Side = random.chance(0.5) ? 'client' : 'server'
  if (random.chance(0.02)) return { codec, side, data: fromBytes(codec, anyBytes(random)) }
  const mutation: Mutation = { random, codec, other: () => random.pick(pool[side]) }
  const data = encodeRaw(codec, spoiltValue(mutation))
  if (random.chance(0.005)) return { codec, side, data: wrongKind(codec, data) }
  return random.chance(0.3) ? spoiltBytes(codec, side, data, mutation) : { codec, side, data }
}

function spoiltValue(mutation: Mutation): unknown {
  const { random, codec } = mutation
  if (random.chance(0.01)) return hostileValue(random, codec)
  let frames: unknown[] = Array.from({ length: random.integer(1, MAX_FRAMES) }, mutation.other)
  for (let left = random.integer(0, 5); left > 0; left--) frames = mutateFrames(frames, mutation)
  return frames
}

function wrongKind(codec: CodecName, data: Message['data']): Message['data'] {
  return codec === 'json' ? toBytes(data) : Buffer.from(toBytes(data)).toString('latin1')
}

function spoiltBytes(codec: CodecName, side: Side, data: Message['data'], mutation: Mutation): Message {
  const { random } = mutation
  const other = toBytes(encodeRaw(codec, [mutation.other()]))
  let bytes = toBytes(data)
  for (let left = random.integer(1, 3); left > 0; left--) bytes = mutateBytes(bytes, random, codec, other)
  return { codec, side, data: fromBytes(codec, bytes) }
}
