import { expect, it } from 'vitest'
import { nextMessage, startProcess } from '../support/child.js'
import { cleaning } from '../support/cleaning.js'
import type { Heap } from '../support/reconnect-many.js'

/** `npm run leaks` makes it 100,000. */
const reconnects = Number(process.env['SUREWIRE_RECONNECTS'] ?? 33_000)

const later = cleaning()

it(`66: memory leaks: after ${reconnects} reconnects the heap of client and server together has grown by less than 2 %`, {
  timeout: 300_000,
}, async () => {
  const child = startProcess('test/support/reconnect-many.ts', [String(reconnects)], ['--expose-gc'])
  later(() => child.kill('SIGKILL'))
  const heap = await nextMessage<Heap>(child, () => true)
  expect(heap.reconnects).toBeGreaterThanOrEqual(reconnects)
  expect(heap.handled).toBe(reconnects)
  expect(heap.after / heap.before).toBeLessThan(1.02)
})
