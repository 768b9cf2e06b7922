/**
 * Owns: that no page keeps what it does not send; who waits for whom.
 */
import { describe, expect, it } from 'vitest'
import type { Client } from '../../../src/client/types.js'
import type { OutboxHandle } from '../../../src/runtime/ports.js'
import { pagesOnOneStorage, warningsOf } from '../../support/outbox-pages.js'

const HOUR = 3_600_000

const full = (): Partial<OutboxHandle> => ({ apply: () => Promise.reject(new Error('QuotaExceeded')) })

describe('a page whose storage is full', () => {
  it.each([
    ['it had messages of its own before it was connected', true],
    ['it found that out when it took over what was left', false],
  ])('leaves what closed pages left to a page whose storage works: %s', async (_when, own) => {
    const { network, handled, page, leave, faulty } = pagesOnOneStorage()
    await leave('ada', 'left')
    const client = page('ada', faulty(full))
    const warnings = warningsOf(client)
    if (own) client.send('note', 'own')
    void client.connect()
    await network.clock.advanceAsync(60_000)
    expect(handled).toEqual(own ? ['ada: own'] : [])

    void page('ada').connect()
    await network.clock.advanceAsync(5_000)
    expect(handled).toEqual([...(own ? ['ada: own'] : []), 'ada: left'])
    expect([client.snapshot.inFlight, warnings]).toEqual([0, ['storage_degraded']])
  })

  it('keeps nothing of another user, whether it was welcomed before or comes back', async () => {
    const { network, handled, page, leave, faulty, reconnect } = pagesOnOneStorage()
    await leave('ben', 'left')
    const ada = page('ada', faulty(full))
    void ada.connect()
    await network.clock.advanceAsync(1_000)
    ada.send('note', 'own')
    await network.clock.advanceAsync(1_000)
    reconnect()
    await network.clock.advanceAsync(60_000)
    void page('ben').connect()
    await network.clock.advanceAsync(5_000)

    expect(handled).toEqual(['ada: own', 'ben: left'])
  })
})

describe('a page whose storage fails while its connection has what a closed page left', () => {
  it.each([
    ['attached, and its epoch not stored', 0, 'producer'],
    ['on its way to be attached', 200, 'append'],
  ] as const)('is not ended by the next page, which sends it: %s', async (_which, latencyMs, fails) => {
    const { network, handled, page, cut, faulty } = pagesOnOneStorage()
    cut()
    const left = page('ada')
    void left.connect()
    left.send('note', 'left')
    await network.clock.advanceAsync(1_000)
    void left.close({ drainMs: 0 })
    await network.clock.advanceAsync(1_000)
    network.heal()
    network.set({ latencyMs })
    const broken = faulty((handle) => ({
      apply: (changes) =>
        changes.some((change) =>
          fails === 'append'
            ? change.type === 'append'
            : change.type === 'producer' && change.producer.epoch !== null,
        )
          ? Promise.reject(new Error('QuotaExceeded'))
          : handle.apply(changes),
    }))
    const client = page('ada', broken)
    client.lifecycle.once(
      'open',
      () => void network.clock.setTimer(() => void client.send('note', 'own'), 50),
    )
    void client.connect()
    await network.clock.advanceAsync(5_000)
    void page('ada').connect()
    await network.clock.advanceAsync(60_000)
    const later = client.send('note', 'later')
    await network.clock.advanceAsync(5_000)

    expect([client.snapshot.status, later.state]).toEqual(['connected', 'accepted'])
    expect(handled).toEqual(['ada: own', 'ada: left', 'ada: later'])
  })
})

describe('a write that was given up', () => {
  it('comes to its end before another page gets what it is about; nothing else waits for it', async () => {
    const { network, handled, page, leave, faulty, reconnect } = pagesOnOneStorage()
    await leave('ada', 'left')
    let end = (): void => undefined
    const hanging = faulty((handle) => ({
      apply: async (changes) => {
        await new Promise<void>((resolve) => (end = resolve))
        await handle.apply(changes)
      },
    }))
    const stuck = page('ada', hanging)
    void stuck.connect()
    await network.clock.advanceAsync(60_000)
    void page('ada').connect()
    await network.clock.advanceAsync(5_000)
    expect(handled).toEqual([])
    reconnect()
    await network.clock.advanceAsync(60_000)
    expect(stuck.snapshot.status).toBe('connected')
    end()
    await network.clock.advanceAsync(5_000)
    void page('ada').connect()
    await network.clock.advanceAsync(5_000)

    expect(handled).toEqual(['ada: left'])
  })
})

describe('a page that is connected', () => {
  it('asks again when it is connected anew: at first another page may have had what is its user’s', async () => {
    const { network, handled, page, leave, reconnect } = pagesOnOneStorage()
    network.set({ latencyMs: 20 })
    await leave('ben', 'left')
    void page('ada').connect()
    await network.clock.advanceAsync(5)
    const ben = page('ben')
    void ben.connect()
    await network.clock.advanceAsync(HOUR)
    expect(handled).toEqual([])
    reconnect()
    await network.clock.advanceAsync(60_000)

    expect([ben.snapshot.status, handled]).toEqual(['connected', ['ben: left']])
  })

  it('says how many outboxes found no room, once, and sends them after the next connection', async () => {
    const { network, handled, page, cut, reconnect } = pagesOnOneStorage()
    for (let n = 1; n <= 10; n++) {
      const client = page('ada')
      void client.connect()
      await network.clock.advanceAsync(1_000)
      cut()
      client.send('note', `left ${n}`)
      await network.clock.advanceAsync(1_000)
      void client.close({ drainMs: 0 })
      await network.clock.advanceAsync(1_000)
    }
    network.heal()
    const last = page('ada')
    const warnings: string[] = []
    last.lifecycle.on('warning', ({ code, message }) => void warnings.push(`${code}: ${message}`))
    void last.connect()
    await network.clock.advanceAsync(60_000)
    last.send('note', 'own')
    await network.clock.advanceAsync(60_000)
    expect(handled).toEqual([...Array.from({ length: 8 }, (_, n) => `ada: left ${n + 1}`), 'ada: own'])
    expect(warnings).toEqual([expect.stringMatching(/^outboxes_waiting: .*: 2 go out .*restart\(\)/)])
    reconnect()
    await network.clock.advanceAsync(60_000)

    expect(handled.slice(-2)).toEqual(['ada: left 9', 'ada: left 10'])
    expect(warnings).toHaveLength(1)
  })
})

describe('a page whose credentials are refused', () => {
  it('keeps nothing from the others, and asks for it once it is let in', async () => {
    const { network, handled, page, leave } = pagesOnOneStorage()
    await leave('ada', 'first')
    const refused = page('nobody')
    void refused.connect()
    await network.clock.advanceAsync(60_000)
    expect(refused.snapshot.status).toBe('closed')
    const ada = page('ada')
    void ada.connect()
    await network.clock.advanceAsync(1_000)
    expect(handled).toEqual(['ada: first'])
    void ada.close()
    await network.clock.advanceAsync(5_000)

    await leave('ben', 'second')
    refused.update({ auth: () => 'ben' })
    await network.clock.advanceAsync(5_000)
    expect(handled).toEqual(['ada: first', 'ben: second'])
  })
})

describe('a storage that cannot say what nobody holds', () => {
  it('counts as failed, and is not asked again', async () => {
    const { network, page, reconnect, faulty } = pagesOnOneStorage()
    let asked = 0
    const storage = faulty(() => ({ claim: () => Promise.reject(new Error(`${++asked}`)) }))
    const client = page('ada', storage)
    const warnings = warningsOf(client)
    void client.connect()
    for (let connection = 1; connection <= 4; connection++) {
      await network.clock.advanceAsync(60_000)
      reconnect()
    }
    expect([asked, warnings]).toEqual([1, ['storage_degraded']])
  })
})

describe('what storage says only after', () => {
  /** A guest's page signs in as ada; what it asks its storage for then comes after so long. */
  async function signedIn(claimMs: number) {
    const pages = pagesOnOneStorage()
    const { network, page, leave, faulty, reconnect } = pages
    await leave('ada', 'left')
    const slow = faulty((handle) => ({
      claim: async () => {
        await new Promise<void>((resolve) => void network.clock.setTimer(resolve, claimMs))
        return (await handle.claim?.()) ?? []
      },
    }))
    const client = page('guest', slow)
    void client.connect()
    await network.clock.advanceAsync(2_000)
    client.update({ auth: () => 'ada' })
    reconnect()
    await network.clock.advanceAsync(2_000)
    expect(client.snapshot.status).toBe('connected')
    return { ...pages, client }
  }

  it('the client was closed is not taken over by it', async () => {
    const { network, handled, page, client } = await signedIn(5_000)
    void client.close({ drainMs: 0 })
    await network.clock.advanceAsync(10_000)
    expect(client.snapshot.inFlight).toBe(0)
    void page('ada').connect()
    await network.clock.advanceAsync(5_000)

    expect(handled).toEqual(['ada: left'])
  })

  it.each([
    ['the connection was lost', (client: Client) => client.update({ url: 'ws://nowhere.test/' })],
    ['the client was disconnected', (client: Client) => void client.disconnect()],
  ])('%s is let go of at once', async (_when, end) => {
    const { network, handled, page, client } = await signedIn(5_000)
    end(client)
    await network.clock.advanceAsync(10_000)
    expect(client.snapshot.status).not.toBe('connected')
    void page('ada').connect()
    await network.clock.advanceAsync(5_000)

    expect(handled).toEqual(['ada: left'])
  })

  it('it was given up is let go of again', async () => {
    const { network, handled, page, client } = await signedIn(15_000)
    const warnings = warningsOf(client)
    await network.clock.advanceAsync(20_000)
    expect(warnings).toEqual(['storage_degraded'])
    void page('ada').connect()
    await network.clock.advanceAsync(5_000)

    expect(handled).toEqual(['ada: left'])
  })
})
