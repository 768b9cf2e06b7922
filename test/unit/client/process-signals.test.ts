import { afterEach, describe, expect, it, vi } from 'vitest'
import { closeOnSignals } from '../../../src/client/process-signals.js'
import { ClientHarness } from '../../support/client-harness.js'

const kill = vi.spyOn(process, 'kill').mockReturnValue(true)

afterEach(() => kill.mockClear())

const listeners = (): number => process.listenerCount('SIGTERM') + process.listenerCount('SIGINT')

describe('closeOnSignals', () => {
  it('closes, and then lets the signal have its usual effect', async () => {
    let stop = (): void => undefined
    const close = vi.fn<() => Promise<void>>(async () => stop())
    stop = closeOnSignals(['SIGTERM'], close)
    process.emit('SIGTERM')
    await Promise.resolve()
    await Promise.resolve()

    expect(close).toHaveBeenCalledOnce()
    expect(kill).toHaveBeenCalledWith(process.pid, 'SIGTERM')
  })

  it('leaves the end of the process to others who listen', async () => {
    const other = vi.fn<() => void>()
    process.on('SIGTERM', other)
    let stop = (): void => undefined
    stop = closeOnSignals(['SIGTERM'], async () => stop())
    process.emit('SIGTERM')
    await Promise.resolve()
    await Promise.resolve()
    process.off('SIGTERM', other)

    expect(kill).not.toHaveBeenCalled()
  })

  it('listens to SIGTERM and SIGINT by default, and to nothing after it was stopped', () => {
    const before = listeners()
    const stop = closeOnSignals(true, async () => undefined)
    expect(listeners()).toBe(before + 2)
    stop()

    expect(listeners()).toBe(before)
  })

  it('is a client’s option, and ends with the client', async () => {
    const before = listeners()
    const harness = new ClientHarness({ closeOnSignals: true })
    await harness.connect()
    expect(listeners()).toBe(before + 2)
    process.emit('SIGTERM')
    await harness.pass(1_000)

    expect(harness.client.snapshot.status).toBe('closed')
    expect(listeners()).toBe(before)
    expect(kill).toHaveBeenCalledOnce()
  })

  it('is nothing where there is no process', () => {
    vi.stubGlobal('process', undefined)
    const stop = closeOnSignals(true, async () => undefined)
    vi.unstubAllGlobals()

    expect(stop()).toBeUndefined()
  })
})
