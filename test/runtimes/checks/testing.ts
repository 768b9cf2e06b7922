/** The test kit: a clock that moves when told, a storm from a seed; the conformance kit; the server itself. */
import { type Check, equal, errorOf, holds, range, until } from '../check.js'
import { runStorm } from '../storm.js'

const manual: Check = {
  title: 'surewire/testing: an hour of retries passes when the manual clock is told',
  run: async (bench) => {
    const { createTestClient, createTestNetwork, createTestServer, manualClock } = await bench.load('testing')
    const clock = manualClock()
    const network = createTestNetwork({ seed: 7, clock, faults: { latencyMs: 40 } })
    const server = createTestServer({ network, authorize: () => true })
    let handled = 0
    server.on('hello', () => void handled++)
    const client = createTestClient({ network, url: server.url })
    server.crash()
    void errorOf(() => client.connect()).catch(() => undefined)
    const sent = range(20).map(() => client.send('hello', null))
    await clock.advanceAsync(3_600_000)
    equal([handled, client.snapshot.status], [0, 'connecting'], 'handled, status')
    server.start()
    await clock.advanceAsync(60_000)
    equal([handled, client.snapshot.status], [20, 'connected'], 'handled, status')
    holds(
      sent.every(({ state }) => state === 'accepted'),
      'all are accepted',
    )
    await Promise.all([
      client.close({ drainMs: 0 }),
      server.close({ drainMs: 0 }),
      clock.advanceAsync(10_000),
    ])
  },
}

const storm: Check = {
  title: 'surewire/testing: a simulated storm breaks nothing, and is the same one as in Node 20',
  run: async (bench) => {
    const { hash, failures } = await runStorm(await bench.load('testing'))
    equal(failures, [], 'what was broken')
    equal(hash, bench.place.stormHash, 'hash of all that happened')
  },
}

const realTime: Check = {
  title: 'surewire/testing: a server in memory serves a client in real time',
  run: async (bench) => {
    const { createTestServer } = await bench.load('testing')
    const server = createTestServer({ authorize: () => true })
    bench.finally(() => server.close({ drainMs: 0 }))
    server.onRequest('twice', (data) => Number(data) * 2)
    const client = await bench.connect({ url: server.url, transports: [server.transport()] })
    equal(await client.request('twice', 21), 42, 'reply')
  },
}

const conformance: Check = {
  title: 'surewire/conformance: finds that the reference server keeps the rules of acceptance',
  run: async (bench) => {
    const { runConformance } = await bench.load('conformance')
    // The kit takes the platform's WebSocket; Node 20 has none.
    const { SurewireSocket } = await bench.load('websocket')
    const report = await runConformance({
      url: bench.place.fixtures,
      only: ['ACC'],
      ...('WebSocket' in globalThis ? {} : { WebSocket: SurewireSocket.with({ reconnect: 'until-open' }) }),
    })
    holds(report.results.length > 3, 'some rules were checked')
    equal(
      report.results.filter(({ ok }) => !ok).map(({ rule, detail }) => `${rule}: ${detail}`),
      [],
      'rules that were broken',
    )
  },
}

const serves: Check = {
  title: 'surewire/server: listens, and serves a client of the same process',
  notIn: ['workerd'],
  run: async (bench) => {
    const { createServer } = await bench.load('server')
    const server = createServer({ authorize: () => true, host: '127.0.0.1' })
    bench.finally(() => server.close({ drainMs: 0 }))
    server.on('hello', (data, context) => context.toSession(context.sessionId).send('greeting', data))
    server.onRequest('twice', (data) => Number(data) * 2)
    const { url } = await server.listen(0)
    const client = await bench.connect({ url })
    const greeted = new Promise((resolve) => client.on('greeting', resolve))
    await client.send('hello', 'ada')
    equal([await greeted, await client.request('twice', 21)], ['ada', 42], 'greeting, reply')
    // Everything that a server keeps open ends with it: the process has to end by itself.
    await server.close({ drainMs: 0 })
    await until('the client has lost it', () => client.snapshot.status !== 'connected')
  },
}

export const testingChecks: readonly Check[] = [manual, storm, realTime, conformance, serves]
