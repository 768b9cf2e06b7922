import { describe, expect, it } from 'vitest'
import { Heartbeat } from '../../../src/connection/heartbeat.js'

describe('a heartbeat with a server that pings', () => {
  const make = (): Heartbeat => new Heartbeat({ intervalMs: 1_000, timeoutMs: 400, peerPings: true }, 0)

  it('is due after interval and grace', () => {
    const heartbeat = make()
    expect(heartbeat.deadline()).toBe(1_400)
    expect(heartbeat.check(1_399)).toBe('alive')
    expect(heartbeat.check(1_400)).toBe('dead')
  })

  it('counts from the last byte', () => {
    const heartbeat = make()
    heartbeat.inbound(900)

    expect(heartbeat.deadline()).toBe(2_300)
  })

  it('forgives a check that is late by no fault of the peer, once', () => {
    const heartbeat = make()
    expect(heartbeat.check(1_900)).toBe('dead')
    expect(make().check(1_901)).toBe('ask')
    const late = make()
    late.check(5_000)
    expect(late.deadline()).toBe(8_000)
    expect(late.check(7_999)).toBe('alive')
    expect(late.check(8_000)).toBe('dead')
  })
})

describe('a heartbeat with a server that does not ping', () => {
  const make = (): Heartbeat => new Heartbeat({ intervalMs: 1_000, timeoutMs: 400, peerPings: false }, 0)

  it('asks after the interval and judges after the grace', () => {
    const heartbeat = make()
    expect(heartbeat.check(999)).toBe('alive')
    expect(heartbeat.check(1_000)).toBe('ask')
    expect(heartbeat.deadline()).toBe(1_400)
    expect(heartbeat.check(1_400)).toBe('dead')
  })

  it('is answered by anything', () => {
    const heartbeat = make()
    heartbeat.check(1_000)
    heartbeat.inbound(1_300)

    expect(heartbeat.deadline()).toBe(2_300)
  })
})

describe('a heartbeat without interval', () => {
  it('waits for nothing but the answer to a probe', () => {
    const heartbeat = new Heartbeat({ intervalMs: 0, timeoutMs: 0, peerPings: false }, 0)
    expect(heartbeat.deadline()).toBeNull()
    expect(heartbeat.check(1e9)).toBe('alive')
    expect(heartbeat.probe(1e9)).toBe(true)
    expect(heartbeat.probe(1e9)).toBe(false)
    expect(heartbeat.check(1e9 + 3_000)).toBe('dead')
  })
})
