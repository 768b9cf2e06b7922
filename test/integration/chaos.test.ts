import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/testing/index.js'
import { Books } from '../../scripts/chaos/books.js'
import type { ClientLine, ServerLine } from '../../scripts/chaos/journal.js'
import { clientSteps, NETWORK_FAULTS, networkSteps, serverSteps } from '../../scripts/chaos/plan.js'
import { runChaos } from '../../scripts/chaos/storm.js'
import type { LifeJournal, PageJournal } from '../../scripts/chaos/verdict.js'

const SEVERITY = { longestStopMs: 1_500, calm: 0.06 }

describe('processes that are killed, stopped and cut off', () => {
  it('lose, repeat and reorder nothing, and come to rest in calm', { timeout: 120_000 }, async () => {
    const report = await runChaos({ minutes: 0.05, seed: 3n, ...SEVERITY })

    expect(report.violations).toEqual([])
    expect(report.outcomes['accepted']).toBeGreaterThan(50)
    expect(report.delivered).toBeGreaterThan(100)
    expect(Object.keys(report.faults).length).toBeGreaterThan(3)
    expect(report.kills['client'] ?? 0).toBeGreaterThan(0)
    expect(report.kills['server'] ?? report.restarts).toBeGreaterThan(0)
  })
})

describe('the plan of a chaos run', () => {
  const first = (count: number, steps: Iterator<unknown>): unknown[] =>
    Array.from({ length: count }, () => steps.next().value)

  it('is the same for the same seed, and another for another', () => {
    for (const steps of [networkSteps, clientSteps, serverSteps]) {
      const drawn = (seed: number): unknown[] => first(50, steps(seededRandom(seed), SEVERITY))
      expect(drawn(7)).toEqual(drawn(7))
      expect(drawn(7)).not.toEqual(drawn(8))
    }
  })

  it('has every fault of the proxy', () => {
    const drawn = first(500, networkSteps(seededRandom(1))) as { fault: string }[]
    expect(new Set(drawn.map(({ fault }) => fault))).toEqual(new Set(NETWORK_FAULTS))
  })
})

describe('the books of a chaos run', () => {
  const SENT = { what: 'sent', id: 'p.1', key: 'k1', type: 'plain', fragile: false } as const
  const RAN = { what: 'ran', id: 'p.1', key: 'k1', kind: 'message', redelivered: false } as const
  const ENTRY = {
    what: 'appended',
    log: 'room/red',
    epoch: 'e',
    offset: 1,
    id: 'n1',
    redelivered: false,
  } as const
  const ACCEPTED = { what: 'settled', id: 'p.1', outcome: 'accepted' } as const
  const JOINED = { what: 'joined', log: 'room/red', epoch: 'e', offset: 0 } as const
  const GOT = { what: 'got', log: 'room/red', offset: 1, id: 'n1' } as const
  const ASKED = { what: 'asked', key: 'q1' } as const
  const ANSWERED = { what: 'answered', key: 'q1', how: 'right' } as const
  const RAN_REQUEST = { what: 'ran', id: 'r.1', key: 'q1', kind: 'request', redelivered: false } as const

  /** Servers' lines are older than clients'. */
  function judge(client: ClientLine[], ...lives: ServerLine[][]): string[] {
    let at = 0
    const timed = <Line extends object>(lines: Line[]) => lines.map((line) => ({ ...line, at: at++ }))
    const lifeJournals: LifeJournal[] = lives.map((lines) => ({ lines: timed(lines) }))
    const page: PageJournal = { name: 'ada/0', policy: 'resend', killed: false, lines: timed(client) }
    return new Books()
      .judge([page], lifeJournals)
      .violations.map((violation) => violation.split(':')[0] ?? '')
  }

  it('find nothing wrong where nothing is', () => {
    expect(judge([SENT, ACCEPTED, JOINED, GOT, ASKED, ANSWERED], [RAN, ENTRY, RAN_REQUEST])).toEqual([])
    expect(judge([SENT, ACCEPTED], [RAN], [{ ...RAN, redelivered: true }])).toEqual([])
  })

  it.each<[string, string, ClientLine[], ServerLine[][]]>([
    ['I1', 'a second run in one life', [SENT, ACCEPTED], [[RAN, RAN]]],
    ['I1', 'a second run that is not announced', [SENT, ACCEPTED], [[RAN], [RAN]]],
    ['I1', "another message's data", [SENT, ACCEPTED], [[{ ...RAN, key: 'k2' }]]],
    ['I1', 'a request that ran again in another life', [ASKED, ANSWERED], [[RAN_REQUEST], [RAN_REQUEST]]],
    [
      'I2',
      'runs out of order',
      [SENT, { ...SENT, id: 'p.2', key: 'k2' }, ACCEPTED, { ...ACCEPTED, id: 'p.2' }],
      [[{ ...RAN, id: 'p.2', key: 'k2' }, RAN]],
    ],
    ['I3', 'an acceptance of what never ran', [SENT, ACCEPTED], [[]]],
    ['I3', 'an effect that is in no log', [{ ...SENT, type: 'fan' }, ACCEPTED], [[RAN]]],
    ['I3', 'a run of what was cancelled', [SENT, { ...ACCEPTED, outcome: 'cancelled' }], [[RAN]]],
    ['I4', 'a message without an end', [SENT], [[RAN]]],
    ['I4', 'a message with two ends', [SENT, ACCEPTED, ACCEPTED], [[RAN]]],
    [
      'I5',
      'an entry that was left out',
      [JOINED, { ...GOT, offset: 2, id: 'n2' }],
      [[ENTRY, { ...ENTRY, offset: 2, id: 'n2' }]],
    ],
    ['I5', 'a reader that is not at the end', [JOINED], [[ENTRY]]],
    [
      'I5',
      'a gap over what history still had',
      [JOINED, { what: 'gap', log: 'room/red', epoch: 'e', from: 1, to: 1, why: 'history' }],
      [[ENTRY]],
    ],
    ['I6', 'an offset that was left out', [], [[{ ...ENTRY, offset: 2 }]]],
    ['I10', "another request's reply", [ASKED, { ...ANSWERED, how: 'wrong' }], [[RAN_REQUEST]]],
  ])('name %s for %s', (invariant, _what, client, lives) => {
    const violations = judge(client, ...lives)

    expect(new Set(violations)).toEqual(new Set([invariant]))
  })
})
