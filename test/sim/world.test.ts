import { describe, expect, it } from 'vitest'
import { Violation } from './books.js'
import { pastSeeds } from './seeds.js'
import { World } from './world.js'

describe('the production client and server on a faulty network', () => {
  it.each([...pastSeeds])('keep the promise in seed $seed: $name', async ({ seed, steps }) => {
    const report = await new World(seed).run(steps)
    expect(report.messages).toBeGreaterThan(0)
  })

  it.each(Array.from({ length: 60 }, (_, index) => index + 1))(
    'keep the promise in seed %i, and come to rest when the network heals',
    async (seed) => {
      const { messages, delivered, outcomes } = await new World(seed).run(300)
      expect(messages).toBeGreaterThan(100)
      expect(delivered).toBeGreaterThan(0)
      expect(outcomes['accepted']).toBeGreaterThan(0)
    },
  )

  it('gives the same run for the same seed', async () => {
    expect(await new World(7).run(200)).toEqual(await new World(7).run(200))
  })

  it('would notice a message that is handled twice', async () => {
    const { SentMessage } = await import('./books.js')
    const sent = new SentMessage('p.1', 'message', 'resend')
    const run = { store: 1, process: 1, redelivered: false, ended: null } as const
    sent.ran({ ...run })
    expect(() => sent.ran({ ...run })).toThrow(Violation)
    expect(() => sent.ran({ ...run, process: 2 })).toThrow('not marked redelivered')
  })
})
