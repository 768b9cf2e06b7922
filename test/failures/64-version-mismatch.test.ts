import { describe, expect, it } from 'vitest'
import { createClient } from '../../src/index.js'
import { FrameType } from '../../src/protocol/frames.js'
import { msgpack } from '../../src/serializers/msgpack.js'
import { cleaning } from '../support/cleaning.js'
import { ClientHarness } from '../support/client-harness.js'
import { entry, USER } from '../support/fake-server-frames.js'
import { until } from '../support/ledger.js'
import { inMemory } from '../support/memory.js'
import { helloOf, producer } from '../support/raw-client.js'
import { socketServer } from '../support/socket-server.js'

const { ACCEPTED, FAIL, HELLO, SEND } = FrameType

/** Frames of a later version that an earlier one may pass over. */
const LATER_FRAMES = [
  [64, 'of a later version'],
  [9_999, { anything: [1] }],
]

describe('64: the two sides are of different versions or abilities', () => {
  const later = cleaning()

  it.each([2, 99])('a server refuses version %i by name, with a code after which a client stops', (v) => {
    const client = inMemory().raw()
    client.send([HELLO, helloOf({ v })])
    expect(client.all(FAIL)).toMatchObject([[FAIL, 'version', expect.stringContaining(`not ${v}`)]])
    expect(client.ended).toMatchObject({ code: 4402 })
  })

  it('a client that is refused for its version stops and says so, instead of a reconnect loop', async () => {
    const harness = new ClientHarness()
    harness.welcome = null
    const receipt = harness.client.send('note', 'kept')
    const connected = harness.client.connect().catch((error: unknown) => error)
    await harness.pass()
    harness.end.send([FAIL, 'version', 'this server speaks version 2 of the protocol, not 1'])
    harness.end.peer.close(4402, 'version')
    await harness.pass(3_600_000)
    expect(await connected).toMatchObject({ code: 'version', message: expect.stringContaining('version 2') })
    expect(harness.ends).toHaveLength(1)
    expect(harness.client.snapshot).toMatchObject({ status: 'closed', queued: 1 })
    expect(receipt.state).toBe('queued')
  })

  it('a client does not believe a WELCOME of another version', async () => {
    const harness = new ClientHarness()
    harness.welcome = () => ({ v: 2 })
    void harness.client.connect().catch(() => undefined)
    await harness.pass(3_600_000)
    expect(harness.ends).toHaveLength(2)
    expect(harness.client.snapshot).toMatchObject({ status: 'closed', error: { code: 'version' } })
  })

  it('abilities and frames that only a later version knows are passed over by a server', () => {
    const { server, raw } = inMemory()
    const handled: unknown[] = []
    server.on('note', (data) => void handled.push(data))
    const client = raw()
    const hello = {
      ...helloOf({ producers: [producer('a')], caps: { chunks: 2, zstd: true } }),
      later: { field: 1 },
    }
    client.send([HELLO, hello])
    client.send(...LATER_FRAMES, [SEND, 1, null, 'note', 'fine', { echo: true, later: 1 }, 'more'])
    expect(handled).toEqual(['fine'])
    expect(client.all(ACCEPTED)).toEqual([[ACCEPTED, 0, 1]])
    client.send([63, 'reserved for what must be understood'])
    expect(client.ended).toMatchObject({ code: 1002 })
  })

  it('and by a client', async () => {
    const harness = new ClientHarness()
    harness.welcome = () => ({ caps: { chunks: 2 }, later: { field: 1 } }) as object
    const seen: unknown[] = []
    harness.client.on('said', (data) => void seen.push(data))
    await harness.connect()
    harness.end.send(...LATER_FRAMES, [...entry(`user/${USER}`, 1, 'fine'), 'more'])
    await harness.pass()
    expect(seen).toEqual(['fine'])
    expect(harness.client.snapshot.status).toBe('connected')
  })

  it('a codec that the server does not have is a sentence about the upgrade, and is tried again', async () => {
    const { server, url } = await socketServer()
    later(() => server.close({ drainMs: 0 }))
    const client = createClient({
      url,
      serializer: msgpack(),
      reconnect: { initialDelayMs: 10, maxDelayMs: 10 },
    })
    later(() => client.close({ drainMs: 0 }))
    const errors: { code: string; message: string }[] = []
    client.lifecycle.on('error', (error) => errors.push(error))
    void client.connect().catch(() => undefined)
    await until('it was tried twice', () => errors.length >= 2, 3_000)
    expect(errors[0]).toMatchObject({
      code: 'connect_failed',
      status: 400,
      message: expect.stringContaining('HTTP 400'),
    })
  })
})
