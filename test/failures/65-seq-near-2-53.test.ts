import { describe, expect, it } from 'vitest'
import { FrameType } from '../../src/protocol/frames.js'
import { ClientHarness } from '../support/client-harness.js'
import { entry, gap, LOG_EPOCH, USER } from '../support/fake-server-frames.js'
import { inMemory } from '../support/memory.js'
import { producer } from '../support/raw-client.js'

const { ACCEPTED, FAIL, SEND, SKIP, VOID } = FrameType

/** The last number that there is. */
const MAX = Number.MAX_SAFE_INTEGER

describe('65: numbers come near 2^53', () => {
  it('are counted exactly up to the last one, and not beyond it', () => {
    const { server, raw } = inMemory()
    const handled: unknown[] = []
    server.on('note', (data) => void handled.push(data))
    const client = raw()
    const { producers } = client.hello({
      producers: [producer('a', { floor: MAX - 3, written: MAX - 3 })],
    })
    expect(producers).toMatchObject([{ last: MAX - 3, held: MAX - 3 }])
    client.send([SEND, MAX - 2, null, 'note', 'third to last'])
    client.send([SEND, MAX - 1, null, 'note', 'second to last'], [SEND, MAX, null, 'note', 'last'])
    expect(handled).toEqual(['third to last', 'second to last', 'last'])
    expect(client.all(ACCEPTED)).toEqual([
      [ACCEPTED, 0, MAX - 2],
      [ACCEPTED, 0, MAX],
    ])
    client.send([SEND, MAX, null, 'note', 'again'])
    expect(client.all(ACCEPTED).at(-1)).toEqual([ACCEPTED, 0, MAX])
    expect(client.ended).toBe(null)

    // 2^53 and 2^53 + 1 are the same number to JavaScript: the second would be taken for a repetition and lost.
    client.send([SEND, MAX + 1, null, 'note', 'beyond'])
    expect(client.ended).toMatchObject({ code: 1002 })
    expect(client.all(FAIL)).toMatchObject([[FAIL, 'malformed', expect.any(String)]])
    expect(handled).toHaveLength(3)
  })

  it('cost no time and no memory when they leave out all that is before them', () => {
    const { server, raw } = inMemory()
    const handled: unknown[] = []
    server.on('note', (data) => void handled.push(data))
    const client = raw()
    client.hello({ producers: [producer('a')] })
    const start = performance.now()
    client.send([VOID, 1, MAX - 1], [SEND, MAX, null, 'note', 'the only one'])
    expect(performance.now() - start).toBeLessThan(500)
    expect(handled).toEqual([])
    expect(client.all(FAIL)).toMatchObject([[FAIL, 'window_exceeded', expect.any(String)]])
  })

  it('as offsets are read exactly by a client, and not beyond the last', async () => {
    const harness = new ClientHarness()
    const seen: unknown[] = []
    harness.client.on('said', (_, { offset }) => void seen.push(offset))
    const log = `user/${USER}`
    const end = await harness.connect()
    const start = performance.now()
    end.send([SKIP, log, MAX - 3], entry(log, MAX - 2))
    end.send(gap(log, MAX - 1, MAX - 1), entry(log, MAX))
    await harness.pass()
    expect(performance.now() - start).toBeLessThan(500)
    expect(seen).toEqual([MAX - 2, MAX])
    expect(harness.told('gap')).toMatchObject([{ from: MAX - 1, to: MAX - 1, epoch: LOG_EPOCH }])
    expect(harness.client.snapshot.status).toBe('connected')

    end.send(entry(log, MAX + 1))
    await harness.pass()
    expect(seen).toHaveLength(2)
    expect(harness.told('error')).toMatchObject([{ code: 'malformed' }])
  })
})
