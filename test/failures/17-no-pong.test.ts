import { describe, expect, it } from 'vitest'
import { FrameType } from '../../src/protocol/frames.js'
import { ClientHarness } from '../support/client-harness.js'
import { entry } from '../support/fake-server-frames.js'

describe('17: a server that sends data and answers no ping', () => {
  it('is alive as long as anything comes, and dead when nothing does', async () => {
    const harness = new ClientHarness()
    const { client } = harness
    const heard: unknown[] = []
    client.on('said', (data) => void heard.push(data))
    const end = await harness.connect()

    for (let offset = 1; offset <= 120; offset++) {
      await harness.pass(2_500)
      // The client asks, and gets data instead of an answer.
      if (offset % 10 === 0) harness.signal('online')
      end.send(entry('all', offset))
    }
    await harness.pass()
    expect(end.all(FrameType.PING).length).toBeGreaterThan(5)
    expect(harness.ends).toHaveLength(1)
    expect(heard).toHaveLength(120)
    expect(client.snapshot.status).toBe('connected')

    await harness.pass(34_000)
    expect(harness.ends).toHaveLength(1)
    await harness.pass(2_000)
    expect(harness.ends).toHaveLength(2)
    expect(client.stats().causes).toEqual({ heartbeat_timeout: 1 })
  })
})
