import { describe, expect, it } from 'vitest'
import { ClientHarness, type FarEnd } from '../support/client-harness.js'
import { entry, gap } from '../support/fake-server-frames.js'

const LOG = 'user/user-1'
const RECONNECT = { initialDelayMs: 100, jitter: 'none' } as const

async function reading(): Promise<{ harness: ClientHarness; heard: unknown[] }> {
  const harness = new ClientHarness({ reconnect: RECONNECT })
  const heard: unknown[] = []
  harness.client.on('said', (data) => void heard.push(data))
  harness.client.lifecycle.on('gap', ({ log, from, to }) => {
    if (log === LOG) heard.push(`gap ${from}–${to}`)
  })
  const end = await harness.connect()
  end.send(entry(LOG, 1), entry(LOG, 2))
  await harness.pass()
  end.peer.link.cut()
  await harness.pass(200)
  expect(harness.ends).toHaveLength(2)
  return { harness, heard }
}

const wrong: Record<string, (end: FarEnd) => void> = {
  'entries in the wrong order': (end) => end.send(entry(LOG, 4), entry(LOG, 3)),
  'a later entry without the one before': (end) => end.send(entry(LOG, 9)),
  'entries before the gap that explains them': (end) => end.send(entry(LOG, 5), gap(LOG, 3, 4)),
  'a gap that leaves one out': (end) => end.send(gap(LOG, 4, 5), entry(LOG, 6)),
}

describe('19: a resume in the wrong order', () => {
  it.each(Object.entries(wrong))(
    '%s: delivers nothing out of order, and resumes once afresh',
    async (_name, say) => {
      const { harness, heard } = await reading()
      say(harness.end)
      await harness.pass(200)

      expect(heard).toEqual([1, 2])
      expect(harness.ends[1]?.ended).toMatchObject({ code: 1002 })
      expect(harness.ends).toHaveLength(3)
      expect(harness.end.hello).not.toHaveProperty('session')
      expect(harness.end.hello.cursors[LOG]).toEqual(['log-epoch', 2])
      harness.end.send(entry(LOG, 3), gap(LOG, 4, 5), entry(LOG, 6))
      await harness.pass()
      expect(heard).toEqual([1, 2, 3, 'gap 4–5', 6])

      // The same again, at once: this server cannot be talked to.
      harness.end.send(entry(LOG, 9))
      await harness.pass(60_000)
      expect(harness.client.snapshot).toMatchObject({ status: 'closed', error: { code: 'offset_jump' } })
      expect(harness.ends).toHaveLength(3)
    },
  )

  it('entries before WELCOME: delivers nothing', async () => {
    const { harness, heard } = await reading()
    harness.welcome = null
    harness.end.peer.link.cut()
    await harness.pass(200)
    harness.welcome = () => ({})
    harness.end.send(entry(LOG, 3))
    await harness.pass(200)
    expect(heard).toEqual([1, 2])
    expect(harness.ends[2]?.ended).toMatchObject({ code: 1002 })
    harness.end.send(entry(LOG, 3))
    await harness.pass()
    expect(heard).toEqual([1, 2, 3])
  })
})
