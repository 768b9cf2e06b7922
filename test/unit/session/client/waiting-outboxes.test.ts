import { describe, expect, it } from 'vitest'
import type { StoredOutbox } from '../../../../src/protocol/storage.js'
import type { SessionEffect } from '../../../../src/session/client/inputs.js'
import { heirOf, WaitingOutboxes } from '../../../../src/session/client/waiting-outboxes.js'

const left = (id: string, user: string | null): StoredOutbox => ({
  producer: { id, key: 'k', attach: 1, epoch: null, user, floor: 0 },
  messages: [],
})
const ids = (outboxes: readonly StoredOutbox[]): string[] => outboxes.map(({ producer: { id } }) => id)

/** What waits, and what came out: what was let go of, by name, and codes of warnings. */
function waiting(...outboxes: StoredOutbox[]) {
  const effects: SessionEffect[] = []
  const all = new WaitingOutboxes((effect) => void effects.push(effect))
  for (const outbox of outboxes) all.add(outbox)
  const told = (): string[] =>
    effects.splice(0).map((effect) => {
      if (effect.type === 'release') return effect.producer
      return effect.type === 'warning' ? effect.code : effect.type
    })
  return { all, told }
}

describe('what closed pages left', () => {
  it('is this user’s or nobody’s, in the order of storage; the rest is let go of', () => {
    const { all, told } = waiting(
      left('a', 'ada'),
      left('b', 'ben'),
      left('c', null),
      left('d', 'anonymous:s1'),
    )
    expect(ids(all.takeOurs('ada', 0, 0))).toEqual(['a', 'c'])
    expect(told()).toEqual(['outbox_of_another_user', 'b', 'd'])
    expect([all.takeOurs('ben', 0, 0), told()]).toEqual([[], []])
  })

  it('by anonymous users is of each of them', () => {
    const { all, told } = waiting(left('a', 'anonymous:s1'))
    expect(ids(all.takeOurs('anonymous:s2', 0, 0))).toEqual(['a'])
    expect(told()).toEqual([])
  })

  it('is nobody’s but of whom nobody knows, as long as nobody is named', () => {
    const { all } = waiting(left('a', 'ada'), left('b', null))
    expect(ids(all.takeOurs(null, 0, 0))).toEqual(['b'])
  })

  it.each([
    [0, 0, 8],
    [5, 5, 3],
    [0, 4, 8],
    [0, 7, 5],
    [8, 8, 0],
    [0, 16, 0],
  ])(
    'with %i taken over and %i attached, %i more fit; of the rest it is told',
    (takenOver, attached, fit) => {
      const { all, told } = waiting(...Array.from({ length: 9 }, (_, n) => left(`${n}`, null)))
      expect(all.takeOurs('ada', takenOver, attached)).toHaveLength(fit)
      const [warning, ...released] = told()
      expect([warning, released.length]).toEqual(['outboxes_waiting', 9 - fit])
    },
  )

  it('is asked for at every connection but the first, for storage has just been opened', () => {
    const { all, told } = waiting()
    for (let connection = 1; connection <= 3; connection++) all.claim()
    expect(told()).toEqual(['claim', 'claim'])
  })

  it('is asked for at the first connection, too, once something was let go of', () => {
    const { all, told } = waiting(left('a', 'ada'))
    all.letGo()
    all.claim()
    expect(told()).toEqual(['a', 'claim'])
  })

  it('goes on as what it was, with a newer attach', () => {
    const stored = { id: 'a', key: 'k', attach: 3, epoch: 'e', user: 'ada', floor: 7 }
    expect(heirOf(stored)).toMatchObject({ ...stored, attach: 4, written: 7, kind: 'messages' })
  })
})
