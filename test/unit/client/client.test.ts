import { describe, expect, it, vi } from 'vitest'
import { AuthError } from '../../../src/protocol/errors.js'
import { FrameType } from '../../../src/protocol/frames.js'
import { accepted, gap } from '../../support/fake-server-frames.js'
import { ClientHarness, URL_OF_SERVER } from '../../support/client-harness.js'
import { watch } from '../../support/watch.js'

describe('a client', () => {
  it('is idle until connect(), touches nothing before, and is named', () => {
    const harness = new ClientHarness({ name: 'kitchen' })

    expect(harness.client.name).toBe('kitchen')
    expect(harness.client.snapshot).toEqual({
      status: 'idle',
      attempt: 0,
      retryAt: null,
      queued: 0,
      inFlight: 0,
      session: null,
      error: null,
    })
    expect(harness.network.stats.dials).toBe(0)
    expect(harness.network.clock.pendingTimers).toBe(0)
  })

  it('goes through connecting to connected, and tells who it is', async () => {
    const harness = new ClientHarness()
    await harness.connect()

    expect(harness.events.map(([event, first]) => [event, first])).toEqual([
      ['status', 'connecting'],
      ['status', 'connected'],
      ['open', { resumed: false, user: { id: 'user-1' } }],
    ])
    expect(harness.client.snapshot).toMatchObject({
      status: 'connected',
      attempt: 0,
      session: { id: 'session-1', resumed: false },
    })
  })

  it('is reconnecting after a loss, says until when, and resumes', async () => {
    const harness = new ClientHarness({ reconnect: { jitter: 'none' } })
    await harness.connect()
    harness.network.links()[0]?.cut()
    await harness.pass()

    expect(harness.client.snapshot).toMatchObject({ status: 'reconnecting', attempt: 0 })
    expect(harness.client.snapshot.retryAt).toBe(harness.network.clock.wall() + 500)
    await harness.pass(500)
    expect(harness.client.snapshot).toMatchObject({
      status: 'connected',
      retryAt: null,
      session: { resumed: true },
    })
    expect(harness.told('close')).toMatchObject([{ code: 1006, cause: { code: 'close_1006' } }])
  })

  it('keeps one snapshot object until something changed, and tells subscribers only then', async () => {
    const harness = new ClientHarness()
    const listener = vi.fn<() => void>()
    harness.client.subscribe(listener)
    const idle = harness.client.snapshot
    expect(harness.client.snapshot).toBe(idle)
    await harness.connect()
    const connected = harness.client.snapshot
    expect(connected).not.toBe(idle)
    const calls = listener.mock.calls.length
    harness.end.send([FrameType.PING, 1])
    await harness.pass(10)

    expect(harness.client.snapshot).toBe(connected)
    expect(listener).toHaveBeenCalledTimes(calls)
    expect(Object.isFrozen(connected)).toBe(true)
  })

  it('counts what is queued and in flight', async () => {
    const harness = new ClientHarness()
    harness.client.send('a', 1)
    harness.client.send('a', 2)
    expect(harness.client.snapshot).toMatchObject({ queued: 2, inFlight: 0 })
    await harness.connect()
    expect(harness.client.snapshot).toMatchObject({ queued: 0, inFlight: 2 })
    harness.end.send(accepted(0, 1))
    await harness.pass()

    expect(harness.client.snapshot).toMatchObject({ queued: 0, inFlight: 1 })
    expect(harness.client.stats()).toMatchObject({ messagesSent: 2, queued: 0, inFlight: 1, connects: 1 })
  })

  it('counts the time in each status', async () => {
    const harness = new ClientHarness()
    await harness.pass(100)
    await harness.connect()
    await harness.pass(250)

    expect(harness.client.stats().timeByStatus).toMatchObject({ idle: 100, connected: 250, closed: 0 })
  })

  it('tells of gaps', async () => {
    const harness = new ClientHarness()
    const end = await harness.connect()
    end.send(gap('all', 1, 3))
    await harness.pass()

    expect(harness.told('gap')).toEqual([
      { room: null, log: 'all', epoch: 'log-epoch', from: 1, to: 3, why: 'history' },
    ])
  })
})

describe('credentials', () => {
  it('and address are read anew for every dial', async () => {
    let dials = 0
    const auth = vi.fn<() => Promise<string>>(async () => `token ${++dials}`)
    const url = vi.fn<() => URL>(() => new URL(URL_OF_SERVER))
    const harness = new ClientHarness({ auth, url, reconnect: { jitter: 'none' } })
    await harness.connect()
    harness.network.links()[0]?.cut()
    await harness.pass(500)

    expect(harness.ends.map(({ hello }) => hello.auth)).toEqual(['token 1', 'token 2'])
    expect(url).toHaveBeenCalledTimes(2)
  })

  it('of a function get one more chance when refused, then it is over', async () => {
    const harness = new ClientHarness({ auth: () => 'bad' })
    harness.network.refuse({ status: 401 })
    const connecting = watch(harness.client.connect())
    await harness.pass(1_000)

    expect(harness.network.stats.dials).toBe(2)
    expect(connecting.outcome).toMatchObject({ code: 'auth_refused' })
    await harness.pass(1_000_000)
    expect(harness.network.stats.dials).toBe(2)
  })

  it('that cannot be had are a failed attempt, retried', async () => {
    let broken = true
    const harness = new ClientHarness({
      auth: () => {
        if (broken) throw new Error('the token service is down')
        return 'token'
      },
      reconnect: { jitter: 'none' },
    })
    void harness.client.connect()
    await harness.pass()
    expect(harness.client.snapshot.error).toMatchObject({
      code: 'auth_failed',
      cause: { message: 'the token service is down' },
    })
    broken = false
    await harness.pass(500)

    expect(harness.client.snapshot.status).toBe('connected')
  })

  it('that hang end with the attempt', async () => {
    let hang = true
    const harness = new ClientHarness({
      auth: () => (hang ? new Promise<never>(() => undefined) : 'token'),
      connectTimeoutMs: 1_000,
      reconnect: { jitter: 'none' },
    })
    void harness.client.connect()
    await harness.pass(1_000)
    expect(harness.client.snapshot.error).toMatchObject({ code: 'connect_timeout' })
    hang = false
    await harness.pass(500)

    expect(harness.client.snapshot.status).toBe('connected')
  })

  it('refused with an AuthError of the application’s own are refused', async () => {
    const harness = new ClientHarness({
      auth: () => {
        throw new AuthError('signed out')
      },
    })
    const connecting = watch(harness.client.connect())
    await harness.pass(10)

    expect(connecting.outcome).toMatchObject({ code: 'auth_refused', message: 'signed out' })
  })

  it('an address that is none is terminal and says what it should be', async () => {
    const harness = new ClientHarness({ url: () => 'not an address' })
    const connecting = watch(harness.client.connect())
    await harness.pass(10)

    expect(connecting.outcome).toMatchObject({ name: 'ConfigError', field: 'url' })
  })
})

describe('update()', () => {
  it('of the address moves the connection', async () => {
    const harness = new ClientHarness()
    await harness.connect()
    harness.network.listen('ws://other.test/ws', () => ({
      received: () => undefined,
      closed: () => undefined,
    }))
    harness.client.update({ url: 'ws://other.test/ws' })
    await harness.pass()

    expect(harness.network.links().at(-1)?.url).toBe('ws://other.test/ws')
  })

  it('of credentials goes in band on a live connection', async () => {
    const harness = new ClientHarness({ auth: 'old' })
    const end = await harness.connect()
    harness.client.update({ auth: async () => 'new' })
    await harness.pass()

    expect(end.all(FrameType.AUTH)).toEqual([[FrameType.AUTH, 'new']])
    expect(harness.ends).toHaveLength(1)
  })

  it('of the heartbeat asks the server anew', async () => {
    const harness = new ClientHarness()
    await harness.connect()
    harness.client.update({ heartbeat: { intervalMs: 5_000 } })
    await harness.pass()

    expect(harness.ends.map(({ hello }) => hello.pingMs)).toEqual([25_000, 5_000])
  })

  it('of reconnect holds from the next wait on, without a new connection', async () => {
    const harness = new ClientHarness()
    await harness.connect()
    harness.client.update({ reconnect: { initialDelayMs: 77, jitter: 'none' } })
    await harness.pass()
    expect(harness.ends).toHaveLength(1)
    harness.network.links()[0]?.cut()
    await harness.pass()

    expect(harness.client.snapshot.retryAt).toBe(harness.network.clock.wall() + 77)
  })

  it('dials nothing while idle, nor once the client is closed', async () => {
    const harness = new ClientHarness()
    harness.client.update({ url: URL_OF_SERVER, auth: 'other' })
    await harness.pass()
    expect(harness.network.stats.dials).toBe(0)
    await harness.client.close()
    harness.client.update({ auth: 'better' })
    await harness.pass()

    expect(harness.network.stats.dials).toBe(0)
  })

  it('with better credentials connects again after the old ones were refused, and keeps the queue', async () => {
    const harness = new ClientHarness({ auth: 'fixed' })
    harness.network.refuse({ status: 401 })
    harness.client.send('say', 'kept')
    void harness.client.connect()
    await harness.pass()
    expect(harness.client.snapshot.status).toBe('closed')

    harness.network.heal()
    harness.client.update({ auth: 'better' })
    await harness.pass()

    expect(harness.client.snapshot).toMatchObject({ status: 'connected', error: null })
    expect(harness.ends.at(-1)?.hello.auth).toBe('better')
    expect(harness.ends.at(-1)?.all(FrameType.SEND)).toHaveLength(1)
  })

  it('refuses what is wrong, misspelt, or cannot be changed, and changes nothing then', async () => {
    const { client } = new ClientHarness()
    const update = (options: object): void => client.update(options)

    expect(() => update({ url: 'nonsense' })).toThrow(/url/)
    expect(() => update({ heartbeat: { intervalMs: -1 } })).toThrow(/heartbeat.intervalMs/)
    expect(() => update({ reconnect: { jitter: 'some' } })).toThrow(/reconnect.jitter/)
    expect(() => update({ ulr: URL_OF_SERVER })).toThrow(/ulr/)
    expect(() => update({ queue: {} })).toThrow(/queue/)
  })
})
