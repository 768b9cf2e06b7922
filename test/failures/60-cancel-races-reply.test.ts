import { describe, expect, it } from 'vitest'
import { MAX_DEPTH } from '../../src/protocol/codec.js'
import { FrameType } from '../../src/protocol/frames.js'
import { json } from '../../src/serializers/json.js'
import { inMemory } from '../support/memory.js'

const LATENCY_MS = 5
const HANDLER_MS = 10

/** Aborts a request after so many ms; the handler takes its time and does not listen to the signal. */
async function abortAfter(ms: number) {
  const memory = inMemory({ faults: { latencyMs: LATENCY_MS } })
  const { clock, network, server } = memory
  const runs: unknown[] = []
  server.onRequest('ask', async (data) => {
    runs.push(data)
    await new Promise<void>((resolve) => clock.setTimer(resolve, HANDLER_MS))
    return `answer to ${String(data)}`
  })
  const repliesOf = new Map<string, number>()
  network.trace(({ what, direction, data }) => {
    if (what !== 'arrive' || direction !== 'down' || data === undefined) return
    for (const frame of json().decode(data, MAX_DEPTH) as unknown[][]) {
      const re = frame[0] === FrameType.ENTRY ? (frame[5] as { re?: string }).re : undefined
      if (re !== undefined) repliesOf.set(re, (repliesOf.get(re) ?? 0) + 1)
    }
  })
  const client = memory.client()
  void client.connect()
  void client.request('ask', 'to begin with')
  await memory.pass(100)
  runs.length = 0

  const ends: string[] = []
  const stop = new AbortController()
  client.request('ask', 'first', { signal: stop.signal }).then(
    (answer) => ends.push(String(answer)),
    (error: { code: string }) => ends.push(error.code),
  )
  await memory.pass(ms)
  stop.abort()
  client.request('ask', 'second').then(
    (answer) => ends.push(String(answer)),
    (error: { code: string }) => ends.push(error.code),
  )
  await memory.pass(1_000)
  return { ends, runs, replies: [...repliesOf.values()], reconnects: client.stats().reconnects }
}

describe('60: a request is cancelled while its reply is under way', () => {
  it.each(Array.from({ length: 31 }, (_, ms) => ms))(
    'settles once, is answered once at most, and leaves other requests alone, when aborted after %i ms',
    async (ms) => {
      const { ends, runs, replies, reconnects } = await abortAfter(ms)
      expect(ends).toHaveLength(2)
      expect(['aborted', 'answer to first']).toContain(ends[0])
      expect(ends[1]).toBe('answer to second')
      expect(runs).toEqual(['first', 'second'])
      for (const count of replies) expect(count).toBe(1)
      expect(reconnects).toBe(0)
    },
  )

  it('has both ends among them, or these tests would not have raced', async () => {
    expect((await abortAfter(3)).ends[0]).toBe('aborted')
    expect((await abortAfter(30)).ends[0]).toBe('answer to first')
  })
})
