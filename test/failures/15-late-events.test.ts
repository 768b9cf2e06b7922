import { describe, expect, it } from 'vitest'
import { FrameType } from '../../src/protocol/frames.js'
import type { LinkEvents } from '../../src/runtime/ports.js'
import { json } from '../../src/serializers/json.js'
import { ClientHarness } from '../support/client-harness.js'
import { entry } from '../support/fake-server-frames.js'

const serializer = json()
const batch = (...frames: readonly (readonly unknown[])[]) =>
  serializer.batch(frames.map((frame) => serializer.encode(frame)))

/** Everything that a socket can raise which nobody detached. */
const late: Record<string, (events: LinkEvents) => void> = {
  'it opens': (events) => events.opened('surewire.1.json'),
  'it fails': (events) => events.failed(new Error('too late')),
  'it closes with 1006': (events) => events.closed(1006, ''),
  'it closes with 4401': (events) => events.closed(4401, 'superseded'),
  'it speaks': (events) => events.received(batch(entry('user/user-1', 7), [FrameType.ACCEPTED, 0, 9])),
  'it says goodbye': (events) => events.received(batch([FrameType.BYE], [FrameType.FAIL, 'kicked', 'go'])),
  'it speaks nonsense': (events) => events.received('{'),
}

describe('15: events of a socket that was retired', () => {
  const phases = ['dialing', 'waiting for WELCOME', 'live'] as const
  const cases = phases.flatMap((phase) => Object.keys(late).map((event) => ({ phase, event })))

  it.each(cases)('$event, after another took its place when it was $phase: nothing', async (one) => {
    const links: LinkEvents[] = []
    const harness: ClientHarness = new ClientHarness({
      transports: [
        {
          name: 'watched',
          open: (target, events) => {
            links.push(events)
            return harness.network.transport().open(target, events)
          },
        },
      ],
    })
    const { client, network } = harness
    const heard: unknown[] = []
    client.on('said', (data) => void heard.push(data))
    if (one.phase === 'dialing') network.hang()
    if (one.phase === 'waiting for WELCOME') harness.welcome = null
    void client.connect()
    await harness.pass(10)
    network.heal()
    harness.welcome = () => ({})
    void client.restart({ force: true })
    await harness.pass(10)
    expect(client.snapshot.status).toBe('connected')
    const connections = harness.ends.length
    const events = harness.events.length

    const [retired] = links
    if (retired === undefined) throw new Error('nothing was dialled')
    late[one.event]?.(retired)
    await harness.pass(5_000)

    expect(client.snapshot).toMatchObject({ status: 'connected', error: null })
    expect(harness.ends).toHaveLength(connections)
    expect(harness.events.slice(events)).toEqual([])
    expect(heard).toEqual([])
    await Promise.all([client.close(), harness.pass(2_000)])
    late[one.event]?.(retired)
    await harness.pass(5_000)
    expect(client.snapshot.status).toBe('closed')
    expect(harness.ends).toHaveLength(connections)
  })
})
