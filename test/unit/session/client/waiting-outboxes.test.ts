import { describe, expect, it } from 'vitest'
import type { StoredOutbox } from '../../../../src/protocol/storage.js'
import { WaitingOutboxes } from '../../../../src/session/client/waiting-outboxes.js'

const left = (id: string, user: string | null): StoredOutbox => ({
  producer: { id, key: 'k', attach: 1, epoch: null, user, floor: 0 },
  messages: [],
})
const ids = (outboxes: readonly StoredOutbox[]): string[] => outboxes.map(({ producer: { id } }) => id)

function waiting(...outboxes: StoredOutbox[]): WaitingOutboxes {
  const all = new WaitingOutboxes()
  all.add(outboxes)
  return all
}

describe('what closed pages left', () => {
  it('stays, all of it, until a WELCOME has named the user', () => {
    const all = waiting(left('a', null), left('b', 'ada'))
    expect([ids(all.takeOurs(0, 0)), ids(all.takeRest().rest), all.empty]).toEqual([[], [], false])
  })

  it('is this user’s or nobody’s, in the order of storage; anonymous users are one', () => {
    const all = waiting(left('a', 'ada'), left('b', 'ben'), left('c', null), left('d', 'anonymous:s1'))
    all.welcomed('ada')
    expect(ids(all.takeOurs(0, 0))).toEqual(['a', 'c'])
    all.welcomed('anonymous:s2')
    expect(ids(all.takeOurs(0, 0))).toEqual(['d'])
    const { rest, others } = all.takeRest()
    expect([ids(rest), others, all.empty]).toEqual([['b'], true, true])
  })

  it.each([
    [0, 0, 8],
    [5, 5, 3],
    [0, 4, 8],
    [0, 7, 5],
    [8, 8, 0],
    [0, 16, 0],
  ])('with %i taken over and %i attached, %i more fit; the rest is let go of', (takenOver, attached, fit) => {
    const all = waiting(...Array.from({ length: 9 }, (_, n) => left(`${n}`, null)))
    all.welcomed('ada')
    expect(all.takeOurs(takenOver, attached)).toHaveLength(fit)
    expect(all.takeRest()).toMatchObject({ rest: { length: 9 - fit }, others: false })
  })

  it('is to be asked for again once something was let go of', () => {
    const all = waiting(left('a', 'ben'))
    expect(all.welcomed('ada')).toBe(false)
    all.takeRest()
    expect(all.welcomed('ada')).toBe(true)
  })

  it('is to be asked for again when the user changes', () => {
    const all = waiting()
    const users = ['ada', 'ada', 'ben', 'anonymous:s1', 'anonymous:s2']
    expect(users.map((user) => all.welcomed(user))).toEqual([false, false, true, true, false])
  })
})
