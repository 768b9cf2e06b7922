/** The same client when the connection breaks, hangs or cannot be made. */
import { type Bench, type Check, equal, errorOf, holds, range, until, wait } from '../check.js'

const accepted = (outcomes: readonly { outcome: string }[]): boolean =>
  outcomes.every(({ outcome }) => outcome === 'accepted')

const resumes: Check = {
  title: 'a connection that is reset is resumed: the same session, nothing lost or twice',
  run: async (bench) => {
    const client = await bench.connect()
    const session = client.snapshot.session?.id
    const opened: boolean[] = []
    client.lifecycle.on('open', ({ resumed }) => opened.push(resumed))
    const room = client.room(bench.key)
    const said: unknown[] = []
    room.on('said', (data) => void said.push(data))
    await room.join({ from: 'start' })
    await bench.fault('reset')
    const ended = await Promise.all(
      range(100).map((data) => client.send('say', { room: bench.key, data }).settled),
    )
    holds(accepted(ended), 'all are accepted')
    await until('all is received', () => said.length >= 100)
    equal([opened, client.snapshot.session?.id], [[true], session], 'resumed, session')
    equal(said, range(100), 'received')
  },
}

const manyCuts: Check = {
  title: 'ten resets under traffic: 400 messages handled once each, in order',
  run: async (bench) => {
    const client = await bench.connect()
    const ended: Promise<{ outcome: string }>[] = []
    for (const round of range(10)) {
      for (const index of range(40)) {
        ended.push(client.send('count', { key: bench.key, index: round * 40 + index }).settled)
      }
      if (round % 2 === 0) await wait(2)
      await bench.fault('reset')
      await until('it is connected again', () => client.snapshot.status === 'connected')
    }
    holds(accepted(await Promise.all(ended)), 'all are accepted')
    equal(await client.request('counted', bench.key), range(400), 'what the server handled')
    holds(client.stats().reconnects > 0, 'there was a reconnect')
  },
}

/** Takes the connection away, and keeps it away. */
async function goOffline(bench: Bench, isConnected: () => boolean): Promise<void> {
  bench.finally(() => bench.fault('heal'))
  await bench.fault('refuse')
  await bench.fault('reset')
  await until('the loss is noticed', () => !isConnected())
}

const queues: Check = {
  title: 'what is sent offline waits, in order; what is cancelled, volatile or too old says so',
  run: async (bench) => {
    const client = await bench.connect()
    await goOffline(bench, () => client.snapshot.status === 'connected')
    const count = (index: number) => ({ key: bench.key, index })
    const kept = range(50).map((index) => client.send('count', count(index)))
    const taken = client.send('count', count(900))
    holds(taken.cancel(), 'it can be cancelled')
    const dropped = client.send('count', count(901), { volatile: true })
    const old = client.send('count', count(902), { ttlMs: 30 })
    equal((await old.settled).outcome, 'expired', 'outcome of the old one')
    equal(
      [taken.state, dropped.state, client.snapshot.queued],
      ['cancelled', 'dropped', 50],
      'states, queued',
    )
    await bench.fault('heal')
    holds(accepted(await Promise.all(kept.map(({ settled }) => settled))), 'the others are accepted')
    equal(await client.request('counted', bench.key), range(50), 'what the server handled')
  },
}

const refused: Check = {
  title: 'a server that is not there: a ConnectError without reconnecting, retries with it',
  run: async (bench) => {
    bench.finally(() => bench.fault('heal'))
    await bench.fault('refuse')
    const { ConnectError } = await bench.load('index')
    const once = await bench.client({ reconnect: false })
    holds((await errorOf(() => once.connect())) instanceof ConnectError, 'it is a ConnectError')
    const patient = await bench.client()
    const connected = patient.connect()
    await until('it has dialled three times', () => patient.snapshot.attempt >= 3)
    await bench.fault('heal')
    await connected
  },
}

const silent: Check = {
  title: 'a connection gone silent is noticed by the heartbeat, and replaced',
  run: async (bench) => {
    bench.finally(() => bench.fault('heal'))
    const client = await bench.connect({ heartbeat: { intervalMs: 300, timeoutMs: 700 } })
    await bench.fault('blackhole')
    await until('the silence is noticed', () => client.snapshot.status !== 'connected')
    await bench.fault('heal')
    await client.send('count', { key: bench.key, index: 0 })
    equal(await client.request('counted', bench.key), [0], 'what the server handled')
  },
}

const closesSilent: Check = {
  title: 'close() settles on a connection gone silent, and while a dial hangs',
  run: async (bench) => {
    bench.finally(() => bench.fault('heal'))
    const open = await bench.connect()
    // From then on what is sent is written at once.
    await open.send('count', { key: bench.key, index: 0 })
    await bench.fault('blackhole')
    const dialling = await bench.client()
    const hanging = errorOf(() => dialling.connect())
    await wait(50)
    const lost = open.send('count', { key: bench.key, index: 1 })
    const begun = Date.now()
    await Promise.all([open.close({ drainMs: 200 }), dialling.close({ drainMs: 200 })])
    holds(Date.now() - begun < 5_000, 'both close within 5 s')
    equal((await hanging).code, 'closed', 'how the dial ends')
    equal((await lost.settled).outcome, 'unknown', 'outcome of what was written and not answered')
  },
}

const aborts: Check = {
  title: 'connect() ends when its AbortSignal does, and by connectTimeoutMs without reconnecting',
  run: async (bench) => {
    bench.finally(() => bench.fault('heal'))
    await bench.fault('blackhole')
    const controller = new AbortController()
    const client = await bench.client()
    const waiting = errorOf(() => client.connect({ signal: controller.signal }))
    controller.abort()
    equal((await waiting).code, 'aborted', 'code of the abort')
    const hasty = await bench.client({ connectTimeoutMs: 100, reconnect: false })
    holds((await errorOf(() => hasty.connect())).name !== '', 'the dial ends by its deadline')
  },
}

const kicked: Check = {
  title: 'a session that the server ends is closed for good, with the reason',
  run: async (bench) => {
    const client = await bench.connect()
    const closed = new Promise<string>((resolve) => {
      client.lifecycle.on('close', ({ cause }) => resolve(cause.code))
    })
    void client.send('kick-me', null).settled
    holds((await closed) !== '', 'the close event has a cause')
    await until('it is closed', () => client.snapshot.status === 'closed')
  },
}

export const faultChecks: readonly Check[] = [
  resumes,
  manyCuts,
  queues,
  refused,
  silent,
  closesSilent,
  aborts,
  kicked,
]
