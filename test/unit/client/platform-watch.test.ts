import { describe, expect, it } from 'vitest'
import { FrameType } from '../../../src/protocol/frames.js'
import { ClientHarness } from '../../support/client-harness.js'

describe('signals of the platform', () => {
  it('make a waiting client dial at once', async () => {
    const harness = new ClientHarness({ reconnect: { jitter: 'none', initialDelayMs: 10_000 } })
    harness.network.refuse()
    void harness.client.connect()
    await harness.pass()
    harness.network.heal()
    harness.signal('online')
    await harness.pass()

    expect(harness.client.snapshot.status).toBe('connected')
  })

  it('make a live client ask, and replace a connection that does not answer within three seconds', async () => {
    const harness = new ClientHarness()
    const end = await harness.connect()
    harness.signal('visible')
    await harness.pass()
    expect(end.all(FrameType.PING)).toHaveLength(1)
    await harness.pass(3_000)

    expect(harness.ends).toHaveLength(2)
  })

  it('that the page is hidden mean nothing', async () => {
    const harness = new ClientHarness()
    const end = await harness.connect()
    harness.signal('hidden')
    await harness.pass()

    expect(end.all(FrameType.PING)).toEqual([])
  })

  it('are not listened to when that is switched off', async () => {
    const harness = new ClientHarness({ signals: false })
    await harness.connect()

    expect(harness.signals.size).toBe(0)
  })

  it('are listened to once, from the first dial on: a client that never connects leaves nothing behind', async () => {
    const harness = new ClientHarness()
    harness.client.send('a', 1)
    await harness.pass()
    expect(harness.signals.size).toBe(0)
    await harness.connect()
    void harness.client.restart()
    await harness.pass()
    expect(harness.ends).toHaveLength(2)
    expect(harness.signals.size).toBe(1)
  })

  it('are not needed to notice that the machine slept', async () => {
    const harness = new ClientHarness()
    const end = await harness.connect()
    harness.network.clock.sleep(3_600_000)
    await harness.pass(0)

    expect(end.all(FrameType.PING).length).toBeGreaterThan(0)
    expect(harness.client.snapshot.status).toBe('connected')
  })
})
