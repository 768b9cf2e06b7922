import { expect, it } from 'vitest'
import { createClientIn } from '../../src/client/create-client.js'
import { systemClock, systemRandom } from '../../src/runtime/system.js'
import { createServer } from '../../src/server/index.js'
import { manualSignals } from '../../src/testing/client.js'
import { createFaultProxy } from '../../tools/fault-proxy.js'
import { cleaning } from '../support/cleaning.js'
import { flawless, Ledger, until } from '../support/ledger.js'

const MESSAGES = 30

const later = cleaning()

it('35: the machine changes networks, the old route is dead and the new one fine: the client moves on within seconds of the signal, with everything once', async () => {
  const server = createServer({ authorize: () => true })
  later(() => server.close({ drainMs: 0 }))
  const handled = new Ledger(MESSAGES)
  server.on('note', (data) => handled.handled(data as number))
  const { port } = await server.listen(0)
  const wifi = await createFaultProxy({ target: { port } })
  later(() => wifi.close())
  const mobile = await createFaultProxy({ target: { port } })
  later(() => mobile.close())

  let route = wifi.url
  const signals = manualSignals()
  const client = createClientIn(
    { url: () => route },
    { clock: systemClock(), random: systemRandom(), signals },
  )
  later(() => client.close({ drainMs: 0 }))
  await client.connect()
  for (let index = 0; index < 10; index++) client.send('note', index)
  await until('the first third is accepted', () => client.snapshot.inFlight === 0)

  wifi.blackhole()
  for (let index = 10; index < 20; index++) client.send('note', index)
  route = mobile.url
  const start = performance.now()
  signals.send('online')
  await until('the rest of it is accepted', () => handled.missing === MESSAGES - 20, 6_000)
  // The question's grace is 3 s; the heartbeat alone would take 35 s, and the old socket's close for ever.
  expect(performance.now() - start).toBeLessThan(4_500)
  for (let index = 20; index < MESSAGES; index++) client.send('note', index)
  await until('everything is accepted', () => client.snapshot.queued + client.snapshot.inFlight === 0, 2_000)
  expect(handled.tally()).toEqual(flawless(MESSAGES))
  expect(mobile.connections).toBe(1)
  expect(client.stats().reconnects).toBe(1)

  // What the old route still held is let go of: it is fenced and changes nothing.
  await wifi.heal()
  client.send('extra', null)
  await until('nothing is under way', () => client.snapshot.queued + client.snapshot.inFlight === 0, 2_000)
  expect(client.stats().reconnects).toBe(1)
  expect(handled.tally()).toEqual(flawless(MESSAGES))
})
