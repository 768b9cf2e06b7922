import { expect, test } from 'vitest'
import { FrameType, type Welcome } from '../../../../src/protocol/frames.js'
import { Fifo } from '../../../../src/server/core/fifo.js'
import { voidedNumbers } from '../../../../src/server/core/voids.js'
import { helloOf, offer, requests, send } from '../harness.js'
import { BareCore } from './bare-core.js'

const { ACCEPTED, HELLO, REJECTED, REQUEST, VOID, WELCOME } = FrameType

function attach(core: BareCore, connection: number, attachCount: number): void {
  core.open(connection)
  core.says(connection, [HELLO, helloOf({ producers: [offer('a', { attach: attachCount, written: 9 })] })])
}

const refusedAt = (core: BareCore, connection: number): unknown =>
  (core.sent(connection, WELCOME)[0]?.[1] as Welcome | undefined)?.producers[0]?.refused.map(
    ([seq, code]) => [seq, code],
  )

test('whoever attaches later is told what is void, wherever it is on its way', () => {
  const core = new BareCore()
  attach(core, 1, 1)
  core.says(1, [VOID, 1, 1])
  core.commit()
  core.says(1, [VOID, 2, 2]) // its commit is asked for
  core.says(1, [VOID, 3, 3]) // staged
  core.says(1, send(4), [VOID, 5, 5], [VOID, 6, 7]) // behind a message that runs
  attach(core, 2, 2)

  expect(refusedAt(core, 2)).toEqual([1, 2, 3, 5, 6, 7].map((seq) => [seq, 'void']))
})

test('of requests nothing is told: nobody keeps them beyond its end', () => {
  const core = new BareCore({ maxRequests: 1 })
  for (const connection of [1, 2]) {
    core.open(connection)
    core.says(connection, [
      HELLO,
      helloOf({ producers: [requests('q', { attach: connection, written: 9 })] }),
    ])
    if (connection === 1) core.says(1, [REQUEST, 1, 'sum', null], [REQUEST, 2, 'sum', null], [VOID, 3, 3])
  }

  expect(refusedAt(core, 2)).toEqual([])
})

test('whoever says VOID hears of the number alone', () => {
  const core = new BareCore()
  attach(core, 1, 1)
  core.says(1, [VOID, 1, 3])
  core.commit()

  expect(core.sent(1, REJECTED, ACCEPTED)).toEqual([[ACCEPTED, 0, 3]])
})

test('of a hole of any length as much is remembered as of refusals', () => {
  const core = new BareCore({ maxInFlight: 4 })
  attach(core, 1, 1)
  core.says(1, [VOID, 1, Number.MAX_SAFE_INTEGER - 1])
  core.commit()
  attach(core, 2, 2)

  expect((refusedAt(core, 2) as unknown[]).length).toBe(4)
})

test('of ranges only the numbers after a bound are given', () => {
  const ranges = [{ kind: 'void', from: 2, to: 5 } as const, { kind: 'void', from: 8, to: 9 } as const]
  expect(voidedNumbers(ranges, 4).map(([seq]) => seq)).toEqual([5, 8, 9])
})

test('a queue tells what came last, until it is taken', () => {
  const queue = new Fifo<number>()
  expect(queue.last).toBeUndefined()
  queue.push(1)
  queue.push(2)
  expect(queue.last).toBe(2)
  queue.shift()
  queue.shift()
  expect(queue.last).toBeUndefined()
})
