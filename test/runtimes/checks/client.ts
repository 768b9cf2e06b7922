/** A client and the server, nothing broken. */
import { type Check, equal, errorOf, hasNodeSocket, holds, range, until } from '../check.js'

const connects: Check = {
  title: 'connects, and says so in its snapshot and its events',
  run: async (bench) => {
    const client = await bench.client()
    const statuses: string[] = []
    client.lifecycle.on('status', (next) => statuses.push(next))
    await client.connect()
    equal(statuses, ['connecting', 'connected'], 'statuses')
    equal([client.snapshot.status, client.snapshot.session?.resumed], ['connected', false], 'snapshot')
  },
}

const sends: Check = {
  title: '500 messages are accepted, and handled once each, in order',
  run: async (bench) => {
    const client = await bench.connect()
    const receipts = range(500).map((index) => client.send('count', { key: bench.key, index }))
    const ended = await Promise.all(receipts.map(({ settled }) => settled))
    holds(
      ended.every(({ outcome }) => outcome === 'accepted'),
      'all are accepted',
    )
    equal(await client.request('counted', bench.key), range(500), 'what the server handled')
  },
}

const refuses: Check = {
  title: 'a message that its handler refuses rejects as rejected',
  run: async (bench) => {
    const client = await bench.connect()
    const error = await errorOf(() => client.send('refuse', null))
    equal((error as Error & { outcome?: string }).outcome, 'rejected', 'outcome')
  },
}

const requests: Check = {
  title: '100 requests side by side get their own replies',
  run: async (bench) => {
    const client = await bench.connect()
    const sums = await Promise.all(range(100).map((a) => client.request('add', { a, b: 1 })))
    equal(
      sums,
      range(100).map((a) => a + 1),
      'sums',
    )
  },
}

const requestEnds: Check = {
  title: 'requests end: by an error of the handler, by their deadline, by an AbortSignal',
  run: async (bench) => {
    const client = await bench.connect()
    const failed = await errorOf(() => client.request('fail', null))
    holds(typeof failed.code === 'string' && failed.code !== '', 'the error of the handler has a code')
    const late = await errorOf(() => client.request('never', null, { timeoutMs: 50 }))
    equal(late.code, 'timeout', 'code of the deadline')
    const controller = new AbortController()
    const pending = errorOf(() => client.request('never', null, { signal: controller.signal }))
    controller.abort()
    equal((await pending).code, 'aborted', 'code of the abort')
  },
}

const direct: Check = {
  title: 'messages for one session reach its handlers, one awaited before the next',
  run: async (bench) => {
    const client = await bench.connect()
    const events: string[] = []
    client.on('for-you', async (data) => {
      events.push(`begin ${String(data)}`)
      await new Promise((resolve) => setTimeout(resolve, 5))
      events.push(`end ${String(data)}`)
    })
    await Promise.all([client.send('to-me', 1), client.send('to-me', 2)])
    await until('both are handled', () => events.length === 4)
    equal(events, ['begin 1', 'end 1', 'begin 2', 'end 2'], 'order')
  },
}

const iterates: Check = {
  title: 'messages can be iterated over',
  run: async (bench) => {
    const client = await bench.connect()
    const messages = client.messages('for-you')
    void client.send('to-me', 'a').settled
    void client.send('to-me', 'b').settled
    const found: unknown[] = []
    for await (const { data } of messages) if (found.push(data) === 2) break
    equal(found, ['a', 'b'], 'data')
  },
}

const TEXT = 'naïve 日本語 \u{1F600} \u0000 end'

const text: Check = {
  title: 'text of any script and 300 kB in one message come back unchanged',
  run: async (bench) => {
    const client = await bench.connect()
    equal(await client.request('echo', TEXT), TEXT, 'text')
    const long = 'é'.repeat(150_000)
    holds((await client.request('echo', long)) === long, 'the long text is the same')
  },
}

const binary: Check = {
  title: 'MessagePack: bytes go both ways',
  run: async (bench) => {
    const { msgpack } = await bench.load('msgpack')
    const client = await bench.connect({ serializer: msgpack() })
    const bytes = new Uint8Array(70_000).map((_, index) => index % 251)
    const reply = await client.request('echo', { bytes, text: TEXT })
    const { bytes: same, text: alike } = reply as { bytes: Uint8Array; text: string }
    holds(same instanceof Uint8Array, 'the reply has a Uint8Array')
    equal([...same], [...bytes], 'bytes')
    equal(alike, TEXT, 'text')
  },
}

const refusedCredentials: Check = {
  title: 'refused credentials reject connect() with an AuthError',
  run: async (bench) => {
    const { AuthError } = await bench.load('index')
    const client = await bench.client({ auth: async () => 'wrong' })
    holds((await errorOf(() => client.connect())) instanceof AuthError, 'it is an AuthError')
    equal(client.snapshot.status, 'closed', 'status')
  },
}

const refusedUpgrade: Check = {
  title: 'a refused upgrade is a ConnectError; with `ws` it tells the HTTP status',
  run: async (bench) => {
    const { ConnectError } = await bench.load('index')
    const client = await bench.client({ url: `${bench.place.url}/locked`, reconnect: false })
    const error = await errorOf(() => client.connect())
    holds(error instanceof ConnectError, `a ConnectError, not ${error.name}: ${error.message}`)
    const expected = hasNodeSocket(bench.place) ? 404 : null
    equal((error as InstanceType<typeof ConnectError>).status, expected, 'status')
  },
}

const wrongOptions: Check = {
  title: 'wrong options are a ConfigError that names the field',
  run: async (bench) => {
    const error = await errorOf(() => bench.client({ url: 'ftp://example.com' }))
    equal([error.code, (error as Error & { field?: string }).field], ['config_invalid', 'url'], 'error')
  },
}

const closes: Check = {
  title: 'close() lets messages end, settles what is pending, and is final',
  run: async (bench) => {
    const client = await bench.connect()
    const sent = client.send('count', { key: bench.key, index: 0 })
    const pending = errorOf(() => client.request('never', null))
    await client.close({ drainMs: 5_000 })
    equal((await sent.settled).outcome, 'accepted', 'outcome of what was sent before')
    holds((await pending).name !== '', 'the request has ended')
    equal(client.snapshot.status, 'closed', 'status')
    equal((await errorOf(() => client.connect())).code, 'closed', 'connect() afterwards')
  },
}

const manages: Check = {
  title: 'a manager holds several clients and closes them all',
  run: async (bench) => {
    const { createManager } = await bench.load('index')
    const manager = createManager()
    bench.finally(() => manager.closeAll({ drainMs: 0 }))
    const url = `${bench.place.url}/ws`
    const clients = ['one', 'two'].map((name) => manager.add(name, { url, auth: bench.key }))
    await Promise.all(clients.map((client) => client.connect()))
    await manager.closeAll()
    equal(
      clients.map(({ snapshot }) => snapshot.status),
      ['closed', 'closed'],
      'statuses',
    )
  },
}

export const clientChecks: readonly Check[] = [
  connects,
  sends,
  refuses,
  requests,
  requestEnds,
  direct,
  iterates,
  text,
  binary,
  refusedCredentials,
  refusedUpgrade,
  wrongOptions,
  closes,
  manages,
]
