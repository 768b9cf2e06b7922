import * as fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { MAX_DEPTH } from '../../src/protocol/codec.js'
import { runCampaign } from './campaign.js'
import { runClient } from './client-target.js'
import { type Library, makeLibrary, recordingsOf } from './library.js'
import { feedParser } from './parser-target.js'
import { CODECS, type CodecName, encodeRaw, fromBytes } from './raw-codec.js'
import { closedWhileDraining, FAILED_MESSAGES, LAST_OFFSET, TYPE_WITHOUT_A_NUMBER } from './regressions.js'
import { SAMPLES, type Side } from './samples.js'
import { runServer } from './server-target.js'
import { linesOf } from './targets.js'
import { Tally } from './tally.js'

/** As many as take a few seconds; `npm run fuzz -- --frames 10000000` is the same for longer. */
const FRAMES = 24_000
const SEED = 20_261_121

const NAMES: readonly CodecName[] = ['json', 'msgpack']
const SIDES: readonly Side[] = ['client', 'server']

let library: Library

beforeAll(async () => {
  library = await makeLibrary()
})

describe('recordings', () => {
  it.each(NAMES)('in %s are taken as they are by a server', async (codec) => {
    for (const recording of recordingsOf(library, 'server', codec)) {
      const tally = new Tally()
      expect(await runServer(recording, tally)).toBeNull()
      // Nobody was sent away: two clients said goodbye.
      expect([...tally.outcomes]).toEqual([['closed 1000', 2]])
    }
  })

  it.each(NAMES)('in %s are taken as they are by a client', async (codec) => {
    for (const [index, recording] of recordingsOf(library, 'client', codec).entries()) {
      const tally = new Tally()
      expect(await runClient(recording, index === 1, tally)).toBeNull()
      expect([...tally.outcomes]).toEqual([])
    }
  })

  it('and samples hold every type of frame for its side', () => {
    const typesOf = (side: Side) => new Set(library.pool[side].map(([type]) => type))
    const both = [20, 21, 22, 23, 28]
    expect([...typesOf('client')]).toEqual(
      expect.arrayContaining([1, 3, 5, 6, 7, 8, 9, 15, 16, 18, 24, ...both]),
    )
    expect([...typesOf('server')]).toEqual(
      expect.arrayContaining([2, 4, 10, 11, 12, 13, 14, 17, 19, 25, 26, 27, ...both]),
    )
  })
})

describe('a short campaign', () => {
  it(`of ${FRAMES} frames finds nothing`, { timeout: 120_000 }, async () => {
    const { findings, tallies } = await runCampaign({ library, frames: FRAMES, seed: SEED })
    expect(findings.map((one) => [one.target, one.what, ...linesOf(one.smallest)].join('\n'))).toEqual([])
    expect(tallies.parsers.outcomes.get('accepted')).toBeGreaterThan(FRAMES / 4)
    expect(tallies.server.outcomes.get('closed 1002')).toBeGreaterThan(5)
    expect(tallies.client.outcomes.get('left the link')).toBeGreaterThan(5)
  })
})

describe('properties', () => {
  const source = { codec: fc.constantFrom(...NAMES), side: fc.constantFrom(...SIDES) }

  it('any bytes are a message or refused by name', () => {
    fc.assert(
      fc.property(fc.record({ ...source, bytes: fc.uint8Array({ maxLength: 200 }) }), (drawn) => {
        const { codec, side, bytes } = drawn
        expect(feedParser({ codec, side, data: fromBytes(codec, bytes) }, new Tally())).toBeNull()
      }),
      { seed: SEED, numRuns: 500 },
    )
  })

  it('any values in place of frames, or in frames, are judged as the protocol says', () => {
    const frame = fc.oneof(
      fc.jsonValue(),
      fc.tuple(
        fc.integer({ min: 0, max: 70 }),
        fc.jsonValue(),
        fc.jsonValue(),
        fc.jsonValue(),
        fc.jsonValue(),
      ),
      fc
        .tuple(fc.constantFrom(...SAMPLES.client, ...SAMPLES.server), fc.nat(5), fc.jsonValue())
        .map(([sample, at, value]) => sample.map((element, index) => (index === at ? value : element))),
    )
    fc.assert(
      fc.property(fc.record({ ...source, frames: fc.array(frame, { maxLength: 4 }) }), (drawn) => {
        const { codec, side, frames } = drawn
        expect(feedParser({ codec, side, data: encodeRaw(codec, frames) }, new Tally())).toBeNull()
      }),
      { seed: SEED, numRuns: 500 },
    )
  })

  it('what a codec encodes it decodes as it was', () => {
    const value = fc
      .jsonValue({ maxDepth: 6 })
      .filter((drawn) => !JSON.stringify(drawn).includes('__proto__'))
    fc.assert(
      fc.property(source.codec, value, (codec, drawn) => {
        const plain: unknown = JSON.parse(JSON.stringify(drawn))
        const serializer = CODECS[codec]
        const message = serializer.batch([serializer.encode([plain])])
        expect(serializer.decode(message, MAX_DEPTH)).toEqual([[plain]])
      }),
      { seed: SEED, numRuns: 300 },
    )
  })
})

describe('what once failed', () => {
  it.each(FAILED_MESSAGES)('%s is refused', (_, message) => {
    const tally = new Tally()
    expect(feedParser(message, tally)).toBeNull()
    expect([...tally.outcomes.keys()]).toEqual(['malformed'])
  })

  it.each(NAMES)('a position at 2^53 - 1 is answered with a frame that can be read, in %s', async (codec) => {
    expect(await runServer({ codec, steps: LAST_OFFSET }, new Tally())).toBeNull()
  })

  it.each(NAMES)('a type that cannot be made a number ends its connection, in %s', async (codec) => {
    const tally = new Tally()
    expect(await runServer({ codec, steps: TYPE_WITHOUT_A_NUMBER }, tally)).toBeNull()
    expect([...tally.outcomes]).toEqual([['closed 1002', 1]])
  })

  it('a client that is closed by its server while it drains leaves no timer', async () => {
    const recording = { codec: 'json', steps: closedWhileDraining(library) } as const
    expect(await runClient(recording, false, new Tally())).toBeNull()
  })
})
