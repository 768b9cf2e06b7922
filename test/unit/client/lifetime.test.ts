import { describe, expect, it, vi } from 'vitest'
import { FrameType } from '../../../src/protocol/frames.js'
import { accepted, entry } from '../../support/fake-server-frames.js'
import { ClientHarness } from '../../support/client-harness.js'
import { watch } from '../../support/watch.js'

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

  it('that is aborted stops trying whoever waited for an earlier connection', async () => {
    const harness = new ClientHarness()
    await harness.connect()
    await harness.client.disconnect()
    harness.network.hang()
    const controller = new AbortController()
    void harness.client.connect({ signal: controller.signal })
    await harness.pass()
    expect(harness.client.snapshot.status).toBe('connecting')
    controller.abort()
    await harness.pass()

    expect(harness.client.snapshot.status).toBe('idle')
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
