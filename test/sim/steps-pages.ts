/**
 * What happens to pages.
 *
 * Owns: the steps of pages that dial twice, are reloaded, duplicated, frozen, slowed, and told things.
 */
import { step } from '../../src/testing/simulation/index.js'
import { WHO } from './parameters.js'
import type { SurewireWorld } from './world.js'

/** A HELLO that overtakes another: the connection before it was slow, and was given up as soon as it was open. */
const holdsBack = step<SurewireWorld, { who: number; ms: number }>({
  weight: 0.6,
  sort: 'fault',
  draw: (random) => ({ who: random.integer(0, WHO), ms: random.integer(50, 900) }),
  run: (world, { who, ms }) => {
    const member = world.member(who)
    if (member.closing) return false
    member.restart(true)
    world.later(0, () => {
      const slow = world.network.links().find(({ id }) => id === member.link?.id)
      slow?.set({ latencyMs: ms, jitterMs: 0 })
      const wait = (left: number): void => {
        if (slow === undefined || slow.state === 'closed' || left === 0) return
        if (slow.state === 'open') member.restart(true)
        else world.later(20, () => wait(left - 1))
      }
      wait(100)
    })
    return true
  },
  tell: ({ who, ms }) => `client ${who} dials again while its HELLO takes ${ms} ms`,
})

const reloads = step<SurewireWorld, { who: number; diskMs: number; loses: number }>({
  weight: 1,
  sort: 'fault',
  draw: (random) => ({
    who: random.integer(0, WHO),
    diskMs: random.pick([0, 0, 5, 40]),
    loses: random.chance(0.1) ? random.integer(1, 5) : 0,
  }),
  run: async (world, { who, diskMs, loses }) => {
    const member = world.member(who)
    member.kill()
    const { disk } = member
    const wasOpen = !member.closed
    if (loses > 0 && (await disk.loseTail(loses)) > 0)
      world.books.sometimes('a disk lost what had been stored last')
    disk.latencyMs = diskMs
    world.replace(member)
    return wasOpen
  },
  tell: ({ who, diskMs, loses }) =>
    `page ${who} is reloaded; its disk takes ${diskMs} ms${loses === 0 ? '' : ` and lost the last ${loses} messages`}`,
})

/** So many pages that the world stays small. */
const MAX_PAGES = 8

const duplicates = step<SurewireWorld, { who: number }>({
  weight: 0.3,
  sort: 'fault',
  draw: (random) => ({ who: random.integer(0, WHO) }),
  run: (world, { who }) => {
    if (world.members.length >= MAX_PAGES) return false
    const { habits, disk } = world.member(who)
    world.open(habits, disk)
    return true
  },
  tell: ({ who }) => `page ${who} is duplicated`,
})

const freezes = step<SurewireWorld, { who: number; ms: number }>({
  weight: 0.6,
  sort: 'fault',
  draw: (random) => ({
    who: random.integer(0, WHO),
    ms: random.pick([random.integer(10, 2_000), random.integer(10, 90_000)]),
  }),
  run: (world, { who, ms }) => {
    const member = world.member(who)
    if (member.client.snapshot.status === 'connected')
      world.books.sometimes('a page was frozen with a live connection')
    const isFrozen = member.page.frozen
    member.page.freeze()
    world.later(ms, () => member.page.thaw())
    return !isFrozen && !member.closed && member.alive
  },
  tell: ({ who, ms }) => `page ${who} is frozen for ${ms} ms`,
})

const throttles = step<SurewireWorld, { who: number; ms: number }>({
  weight: 0.4,
  sort: 'fault',
  draw: (random) => ({ who: random.integer(0, WHO), ms: random.pick([0, 0, 1_000, 60_000]) }),
  run: (world, { who, ms }) => {
    const { page, closed } = world.member(who)
    const isNew = ms > 0 && !page.throttled && !closed
    page.throttle(ms)
    return isNew
  },
  tell: ({ who, ms }) => `timers of page ${who} are ${ms === 0 ? 'exact' : `run every ${ms} ms only`}`,
})

const signals = step<
  SurewireWorld,
  { who: number; signal: 'online' | 'offline' | 'visible' | 'hidden' | 'resumed' }
>({
  weight: 1,
  draw: (random) => ({
    who: random.integer(0, WHO),
    signal: random.pick(['online', 'offline', 'visible', 'hidden', 'resumed']),
  }),
  run: (world, { who, signal }) => world.member(who).page.signal(signal),
  tell: ({ who, signal }) => `page ${who} is told '${signal}'`,
})

export const dialSteps = { 'hold back a hello': holdsBack } as const

export const pageSteps = {
  'reload page': reloads,
  'duplicate page': duplicates,
  'freeze page': freezes,
  'throttle page': throttles,
  'signal page': signals,
} as const
