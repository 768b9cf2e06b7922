import { describe, expect, it, vi } from 'vitest'
import { AuthError } from '../../../src/protocol/errors.js'
import { FrameType } from '../../../src/protocol/frames.js'
import { accepted, entry, gap } from '../../support/fake-server-frames.js'
import { ClientHarness, URL_OF_SERVER } from '../../support/client-harness.js'

/** How a promise ended, once it has. */
function watch<T>(promise: PromiseLike<T>): { outcome: unknown } {
  const watched: { outcome: unknown } = { outcome: 'pending' }
  promise.then(
    (value) => {
      watched.outcome = value === undefined ? 'resolved' : value
    },
    (error: unknown) => {
      watched.outcome = error
    },
  )
  return watched
}

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

describe('connect()', () => {
  it('resolves once the session is open, and at once if it is', async () => {
    const harness = new ClientHarness()
    harness.welcome = null
    const first = watch(harness.client.connect())
    await harness.pass()
    expect(first.outcome).toBe('pending')
    harness.end.welcome = () => ({})
    harness.end.received(JSON.stringify([[FrameType.HELLO, harness.end.hello]]))
    await harness.pass()

    expect(first.outcome).toBe('resolved')
    expect(harness.network.stats.dials).toBe(1)
    await harness.client.connect()
  })

  it('goes on through failed dials until one succeeds', async () => {
    const harness = new ClientHarness({ reconnect: { jitter: 'none' } })
    harness.network.refuse({ status: 404 })
    const connecting = watch(harness.client.connect())
    await harness.pass()
    expect(connecting.outcome).toBe('pending')
    expect(harness.client.snapshot).toMatchObject({
      status: 'connecting',
      attempt: 1,
      error: { status: 404, code: 'connect_failed' },
    })
    expect(harness.told('error')).toMatchObject([{ status: 404 }])
    harness.network.heal()
    await harness.pass(500)

    expect(connecting.outcome).toBe('resolved')
    expect(harness.client.snapshot.error).toBeNull()
  })

  it('rejects on a terminal failure, which is also state; the next connect() tries again', async () => {
    const harness = new ClientHarness({ auth: 'fixed' })
    harness.network.refuse({ status: 401 })
    const connecting = watch(harness.client.connect())
    await harness.pass()

    expect(connecting.outcome).toMatchObject({ code: 'auth_refused' })
    expect(harness.client.snapshot).toMatchObject({ status: 'closed', error: { code: 'auth_refused' } })
    harness.network.heal()
    await harness.connect()
    expect(harness.client.snapshot).toMatchObject({ status: 'connected', error: null })
  })

  it('raises no unhandled rejection when nobody awaits it', async () => {
    const unhandled = vi.fn<() => void>()
    process.on('unhandledRejection', unhandled)
    const harness = new ClientHarness({ auth: 'fixed' })
    harness.network.refuse({ status: 403 })
    void harness.client.connect()
    await harness.pass(10)
    process.off('unhandledRejection', unhandled)

    expect(unhandled).not.toHaveBeenCalled()
  })

  it('that is aborted rejects and stops trying', async () => {
    const harness = new ClientHarness()
    harness.network.hang()
    const controller = new AbortController()
    const connecting = watch(harness.client.connect({ signal: controller.signal }))
    await harness.pass()
    controller.abort()
    await harness.pass()

    expect(connecting.outcome).toMatchObject({ code: 'aborted' })
    expect(harness.client.snapshot.status).toBe('idle')
    expect(watch(harness.client.connect({ signal: controller.signal })).outcome).toBe('pending')
    expect(harness.network.clock.pendingTimers).toBe(0)
  })

  it('that is aborted does not stop what somebody else awaits', async () => {
    const harness = new ClientHarness({ reconnect: { jitter: 'none' } })
    harness.network.refuse()
    const controller = new AbortController()
    const patient = watch(harness.client.connect())
    void harness.client.connect({ signal: controller.signal })
    controller.abort()
    harness.network.heal()
    await harness.pass(500)

    expect(patient.outcome).toBe('resolved')
  })

  it('that is aborted while reconnecting leaves the connection to those who wanted it before', async () => {
    const harness = new ClientHarness({ reconnect: { jitter: 'none' } })
    await harness.connect()
    harness.network.links()[0]?.cut()
    await harness.pass()
    const controller = new AbortController()
    void harness.client.connect({ signal: controller.signal })
    harness.network.refuse()
    controller.abort()
    await harness.pass(10)
    harness.network.heal()
    await harness.pass(1_500)

    expect(harness.client.snapshot.status).toBe('connected')
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

describe('disconnect()', () => {
  it('goes idle, keeps queue and handlers, and connect() resumes', async () => {
    const harness = new ClientHarness()
    const end = await harness.connect()
    const receipt = harness.client.send('a', 1)
    await harness.client.disconnect()
    await harness.pass()
    expect(harness.client.snapshot).toMatchObject({ status: 'idle', queued: 1 })
    expect(end.all(FrameType.BYE)).toHaveLength(1)
    await harness.connect()

    expect(harness.client.snapshot.session).toMatchObject({ resumed: true })
    expect(receipt.state).toBe('written')
  })

  it('rejects a connect() that waits', async () => {
    const harness = new ClientHarness()
    harness.network.hang()
    const connecting = watch(harness.client.connect())
    await harness.pass()
    await harness.client.disconnect()
    await harness.pass()

    expect(connecting.outcome).toMatchObject({ code: 'disconnected' })
  })
})

describe('close()', () => {
  it('drains for up to a second when connected, then settles everything', async () => {
    const harness = new ClientHarness()
    harness.client.send('a', 1)
    const end = await harness.connect()
    const closing = watch(harness.client.close())
    await harness.pass(500)
    expect(closing.outcome).toBe('pending')
    end.send(accepted(0, 1))
    await harness.pass()

    expect(closing.outcome).toBe('resolved')
    expect(end.all(FrameType.BYE)).toHaveLength(1)
  })

  it('settles after the drain even if nobody answers', async () => {
    const harness = new ClientHarness()
    const receipt = harness.client.send('a', 1)
    await harness.connect()
    const closing = watch(harness.client.close())
    await harness.pass(1_000)

    expect(closing.outcome).toBe('resolved')
    expect(receipt.state).toBe('unknown')
    expect(await receipt.settled).toMatchObject({ outcome: 'unknown', code: 'closed' })
  })

  it('is the same promise however often it is called', () => {
    const { client } = new ClientHarness()

    expect(client.close()).toBe(client.close({ drainMs: 5 }))
  })

  it.each(['idle', 'connecting', 'connected', 'reconnecting', 'closed'] as const)(
    'settles from %s and leaves no timer, listener or socket',
    async (status) => {
      const harness = new ClientHarness()
      if (status === 'connecting') harness.network.hang()
      if (status !== 'idle') await harness.connect().catch(() => undefined)
      if (status === 'reconnecting') {
        harness.network.hang()
        harness.network.links()[0]?.cut()
      }
      if (status === 'closed') harness.end.peer.close(4400, 'go away')
      await harness.pass(1)
      expect(harness.client.snapshot.status).toBe(status)
      harness.client.send('a', 1)
      const closing = watch(harness.client.close({ drainMs: 0 }))
      await harness.pass()

      expect(closing.outcome).toBe('resolved')
      expect(harness.client.snapshot).toMatchObject({ status: 'closed', error: null, queued: 0, inFlight: 0 })
      expect(harness.signals.size).toBe(0)
      expect(harness.network.clock.pendingTimers).toBe(0)
      expect(harness.network.links().filter(({ state: open }) => open === 'open')).toEqual([])
    },
  )

  it('is final: sends are dropped, requests and joins rejected, connect() too', async () => {
    const { client, ...harness } = new ClientHarness()
    await client.close()

    expect(client.send('a', 1).state).toBe('dropped')
    await expect(client.send('a', 1)).rejects.toMatchObject({ code: 'closed', outcome: 'dropped' })
    await expect(client.request('a', 1)).rejects.toMatchObject({ code: 'closed' })
    await expect(client.room('lobby').join()).rejects.toMatchObject({ code: 'closed' })
    await expect(client.connect()).rejects.toMatchObject({ code: 'closed' })
    await expect(client.restart()).rejects.toMatchObject({ code: 'closed' })
    expect(harness.network.stats.dials).toBe(0)
  })

  it('refuses codes that a client may not send', () => {
    const { client } = new ClientHarness()

    expect(() => client.close({ code: 1006 })).toThrow(/1000 or a number from 3000 to 4999/)
    expect(() => client.close({ drainMs: -1 })).toThrow(/drainMs/)
    expect(() => client.close({ reason: 'x'.repeat(200) })).toThrow(/123 bytes/)
  })

  it('comes with `await using`', async () => {
    const harness = new ClientHarness()
    await harness.client[Symbol.asyncDispose]()

    expect(harness.client.snapshot.status).toBe('closed')
  })
})

describe('restart()', () => {
  it('replaces the connection and resolves when the new one is open', async () => {
    const harness = new ClientHarness()
    await harness.connect()
    const restarting = watch(harness.client.restart())
    expect(harness.client.snapshot.status).toBe('reconnecting')
    await harness.pass()

    expect(restarting.outcome).toBe('resolved')
    expect(harness.ends).toHaveLength(2)
    expect(harness.ends[0]?.ended).toMatchObject({ code: 4001 })
  })

  it('whose failure nobody awaits is no unhandled rejection', async () => {
    const unhandled: unknown[] = []
    const note = (reason: unknown): void => void unhandled.push(reason)
    process.on('unhandledRejection', note)
    const harness = new ClientHarness()
    await harness.connect()
    void harness.client.restart()
    void harness.client.disconnect()
    await harness.pass()
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
  })

  it('waits for a dial that is under way, unless forced', async () => {
    const harness = new ClientHarness()
    harness.network.hang()
    void harness.client.connect()
    await harness.pass()
    void harness.client.restart()
    await harness.pass()
    expect(harness.network.stats.dials).toBe(1)
    void harness.client.restart({ force: true })
    await harness.pass()

    expect(harness.network.stats.dials).toBe(2)
  })

  it('cuts a wait short', async () => {
    const harness = new ClientHarness({ reconnect: { jitter: 'none', initialDelayMs: 10_000 } })
    harness.network.refuse()
    void harness.client.connect()
    await harness.pass()
    harness.network.heal()
    const restarting = watch(harness.client.restart())
    await harness.pass()

    expect(restarting.outcome).toBe('resolved')
  })

  it('called from a callback waits for the new connection, too', async () => {
    const harness = new ClientHarness()
    let restarting: { outcome: unknown } | null = null
    harness.client.on('said', () => {
      restarting ??= watch(harness.client.restart())
    })
    const end = await harness.connect()
    harness.network.set({ latencyMs: 100 })
    end.send(entry('all', 1))
    await harness.pass(150)
    expect(restarting).toEqual({ outcome: 'pending' })
    await harness.pass(1_000)

    expect(restarting).toEqual({ outcome: 'resolved' })
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
