import { describe, expect, it } from 'vitest'
import { FrameType } from '../../src/protocol/frames.js'
import { ClientHarness } from '../support/client-harness.js'
import { accepted } from '../support/fake-server-frames.js'

/** Lets seconds pass; the server pings, and answers every PING at once. */
async function passAlive(harness: ClientHarness, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    const { end } = harness
    const before = end.frames.length
    end.send([FrameType.PING, second])
    await harness.pass(1_000)
    for (const frame of end.frames.slice(before)) {
      if (frame[0] === FrameType.PING) end.send([FrameType.PONG, frame[1]])
    }
  }
}

describe('16: a server that answers pings and acknowledges nothing', () => {
  it('is given the time of two handlers, then replaced; what it did not settle is sent again', async () => {
    const harness = new ClientHarness()
    const { client } = harness
    const stuck = await harness.connect()
    const receipt = client.send('note', 'held up')
    await harness.pass()
    stuck.attachAll()
    await harness.pass()
    expect(stuck.all(FrameType.SEND)).toHaveLength(1)

    await passAlive(harness, 58)
    expect(client.snapshot).toMatchObject({ status: 'connected', inFlight: 1 })
    expect(stuck.all(FrameType.PING).length).toBeGreaterThan(0)
    expect(harness.ends).toHaveLength(1)

    await passAlive(harness, 4)
    expect(stuck.ended).toMatchObject({ code: 4001 })
    expect(harness.ends).toHaveLength(2)
    expect(client.stats().causes).toEqual({ acks_stalled: 1 })
    expect(harness.end.all(FrameType.SEND)).toHaveLength(1)
    harness.end.send(accepted(0, 1))
    await harness.pass()
    expect(receipt.state).toBe('accepted')
  })

  it('nor attaches an outbox: is replaced, though another outbox goes on', async () => {
    const harness = new ClientHarness()
    const { client } = harness
    const stuck = await harness.connect()
    client.send('note', 'goes on')
    await harness.pass()
    stuck.attachAll()
    const receipt = client.send('note', 'held up', { priority: 'high' })
    await harness.pass()
    for (let seq = 1; seq <= 7; seq++) {
      stuck.send(accepted(0, seq))
      client.send('note', 'goes on')
      await passAlive(harness, 11)
    }
    expect(harness.ends).toHaveLength(1)

    await passAlive(harness, 6)
    expect(client.stats().causes).toEqual({ acks_stalled: 1 })
    expect(harness.ends).toHaveLength(2)
    expect(receipt.state).not.toBe('queued')
  })

  it('with acknowledgements that are slow, but come, it is left in peace', async () => {
    const harness = new ClientHarness()
    const { client } = harness
    const end = await harness.connect()
    client.send('note', 0)
    await harness.pass()
    end.attachAll()
    for (let seq = 1; seq <= 5; seq++) {
      client.send('note', seq)
      await passAlive(harness, 50)
      end.send(accepted(0, seq))
    }
    await harness.pass()
    expect(client.snapshot).toMatchObject({ status: 'connected', inFlight: 1 })
    expect(harness.ends).toHaveLength(1)
  })
})
