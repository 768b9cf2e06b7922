import { describe, expect, it } from 'vitest'
import { ReceiveWindow } from '../../../src/delivery/receive-window.js'

function make() {
  const window = new ReceiveWindow({ messages: 8, bytes: 1_000 })
  window.start(1)
  /** A batch with so many entries, read to its end. */
  const batch = (entries: number, bytes: number) => {
    const ticket = window.open(bytes)
    ticket.remaining += entries
    window.release(ticket)
    return ticket
  }
  return { window, batch }
}

describe('the receive window', () => {
  it('reports after a quarter of its messages', () => {
    const { window, batch } = make()
    const ticket = batch(3, 10)
    window.handled(ticket)
    expect(window.report()).toBeNull()
    window.handled(ticket)

    expect(window.report()).toEqual([2, 0])
    expect(window.report()).toBeNull()
  })

  it('reports after a quarter of its bytes', () => {
    const { window, batch } = make()
    window.handled(batch(1, 250))

    expect(window.report()).toEqual([1, 250])
  })

  it('counts totals, not differences', () => {
    const { window, batch } = make()
    for (let n = 0; n < 2; n++) window.handled(batch(1, 250))
    expect(window.report()).toEqual([2, 500])
    for (let n = 0; n < 2; n++) window.handled(batch(1, 250))

    expect(window.report()).toEqual([4, 1_000])
  })

  it('counts the bytes of a batch with its last entry, and not before it was read to its end', () => {
    const { window } = make()
    const ticket = window.open(900)
    ticket.remaining++
    window.handled(ticket)
    expect(window.report()).toBeNull()
    ticket.remaining++
    window.handled(ticket)
    expect(window.report()).toEqual([2, 0])
    window.release(ticket)

    expect(window.report()).toEqual([2, 900])
  })

  it('starts over with a connection; tickets of an earlier one no longer count', () => {
    const { window, batch } = make()
    const old = batch(5, 900)
    window.start(2)
    for (let n = 0; n < 5; n++) window.handled(old)
    expect(window.report()).toBeNull()
    const fresh = batch(2, 10)
    window.handled(fresh)
    window.handled(fresh)

    expect(window.report()).toEqual([2, 10])
  })
})
