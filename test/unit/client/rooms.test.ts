import { describe, expect, it, vi } from 'vitest'
import { ClientHarness } from '../../support/client-harness.js'
import { collectGarbage } from '../../support/collect-garbage.js'

describe('rooms that were only looked at', () => {
  const lookAround = (client: ClientHarness['client']): void => {
    for (let index = 0; index < 3_000; index++)
      expect(client.room(`room ${index}`).snapshot.status).toBe('out')
  }

  it('are the same objects for as long as anybody holds them, however many there are', async () => {
    const { client } = new ClientHarness()
    const held = Array.from({ length: 2_500 }, (_, index) => client.room(`held ${index}`))
    lookAround(client)
    await collectGarbage()
    lookAround(client)

    expect(held.filter((room) => client.room(room.id) !== room)).toEqual([])
  })

  it('are forgotten when nobody holds them, and their names after a while', async () => {
    const { client } = new ClientHarness()
    const look = (of: string, count: number) =>
      Array.from({ length: count }, (_, index) => new WeakRef(client.room(`${of} ${index}`)))
    const first = look('first', 1_000)
    await collectGarbage()
    expect(first.filter((room) => room.deref() !== undefined).length).toBeLessThan(10)
    look('second', 1_000)
    await collectGarbage()
    // The next one finds so many names again, and not those of the first ones.
    const deref = vi.spyOn(WeakRef.prototype, 'deref')
    look('third', 10)
    const looks = deref.mock.calls.length
    deref.mockRestore()
    expect(looks).toBeGreaterThanOrEqual(1_000)
    expect(looks).toBeLessThan(1_100)
  })

  it('are kept on platforms without weak references', () => {
    vi.stubGlobal('WeakRef', undefined)
    try {
      const { client } = new ClientHarness()
      expect(client.room('lobby')).toBe(client.room('lobby'))
    } finally {
      vi.unstubAllGlobals()
    }
  })
})
