import { describe, expect, it } from 'vitest'
import { AuthError } from '../../src/index.js'
import { FrameType } from '../../src/protocol/frames.js'
import { CloseCode } from '../../src/protocol/close-codes.js'
import { ClientHarness } from '../support/client-harness.js'
import { inMemory } from '../support/memory.js'

const { ACCEPTED, FAIL, SEND } = FrameType

describe('55: a token expires in the middle of a session', () => {
  it('is fetched anew, and the session goes on with everything that was under way', async () => {
    let fetched = 0
    const harness = new ClientHarness({ auth: () => Promise.resolve(`token ${++fetched}`) })
    const receipt = harness.client.send('note', 1)
    await harness.connect()
    harness.end.send([FAIL, 'expired', 'the token has expired'])
    harness.end.peer.close(CloseCode.AUTH_EXPIRED, 'expired')
    await harness.pass(100)
    expect(harness.ends.map(({ hello }) => hello.auth)).toEqual(['token 1', 'token 2'])
    expect(harness.client.snapshot).toMatchObject({ status: 'connected', session: { resumed: true } })
    expect(harness.end.all(SEND)).toHaveLength(1)
    harness.end.send([ACCEPTED, 0, 1])
    await harness.pass()
    expect(receipt.state).toBe('accepted')

    // Each expiry may have one new token: the next one is not a refusal of the last.
    harness.end.peer.close(CloseCode.AUTH_EXPIRED, 'expired')
    await harness.pass(100)
    expect(harness.client.snapshot.status).toBe('connected')
    expect(fetched).toBe(3)
  })

  it('stops after a new token that is refused too, and keeps the queue for the next connect()', async () => {
    let fetched = 0
    const harness = new ClientHarness({ auth: () => ++fetched })
    harness.welcome = null
    const receipt = harness.client.send('note', 1)
    const connected = harness.client.connect().catch((error: unknown) => error)
    for (let dial = 1; dial <= 2; dial++) {
      await harness.pass(10)
      harness.end.send([FAIL, 'auth_refused', 'no'])
      harness.end.peer.close(CloseCode.AUTH_REFUSED, 'no')
      await harness.pass(10)
    }
    await harness.pass(3_600_000)
    expect(await connected).toMatchObject({ name: 'AuthError' })
    expect(harness.ends).toHaveLength(2)
    expect(fetched).toBe(2)
    expect(harness.client.snapshot).toMatchObject({ status: 'closed', queued: 1 })
    harness.welcome = () => ({})
    await harness.connect()
    harness.end.send([ACCEPTED, 0, 1])
    await harness.pass()
    expect(receipt.state).toBe('accepted')
  })

  it('whose refresh fails is asked for again, with backoff', async () => {
    let asked = 0
    const harness = new ClientHarness({
      auth: () =>
        ++asked === 2 || asked === 3 ? Promise.reject(new Error('identity provider is down')) : asked,
      reconnect: { jitter: 'none', initialDelayMs: 1_000 },
    })
    await harness.connect()
    harness.end.peer.close(CloseCode.AUTH_EXPIRED, 'expired')
    await harness.pass(10)
    expect(harness.client.snapshot).toMatchObject({ status: 'reconnecting', error: { code: 'auth_failed' } })
    expect(asked).toBe(2)
    await harness.pass(10_000)
    expect(harness.client.snapshot.status).toBe('connected')
    expect(harness.end.hello.auth).toBe(4)
  })

  it('whose refresh hangs does not wedge the client; what it gives later goes nowhere', async () => {
    let asked = 0
    let giveLate: (token: string) => void = () => undefined
    const harness = new ClientHarness({
      auth: () => {
        asked++
        return asked === 2 ? new Promise<string>((resolve) => (giveLate = resolve)) : `token ${asked}`
      },
      connectTimeoutMs: 5_000,
      reconnect: { jitter: 'none', initialDelayMs: 1_000 },
    })
    await harness.connect()
    harness.end.peer.close(CloseCode.AUTH_EXPIRED, 'expired')
    await harness.pass(4_999)
    expect(harness.client.snapshot.status).toBe('reconnecting')
    await harness.pass(3_000)
    expect(harness.client.snapshot.status).toBe('connected')
    giveLate('late')
    await harness.pass(10_000)
    expect(harness.ends.map(({ hello }) => hello.auth)).toEqual(['token 1', 'token 3'])
  })

  it("that turns out to be another user's hands nothing over: unwritten messages end as cancelled, written ones as unknown", async () => {
    const memory = inMemory({
      authenticate: ({ auth }) => {
        if (auth !== 'ada' && auth !== 'bob') throw new AuthError()
        return { id: auth }
      },
    })
    const { server } = memory
    const handled: unknown[] = []
    let isHung = false
    server.on('note', (data, { user }) => {
      handled.push(`${user.id}: ${String(data)}`)
      return isHung ? new Promise<void>(() => undefined) : undefined
    })
    let token = 'ada'
    const client = memory.client({ auth: () => token })
    const seen: unknown[] = []
    client.on('mail', (data) => void seen.push(data))
    void client.connect()
    const accepted = client.send('note', 'accepted')
    await memory.pass(10)
    isHung = true
    const written = client.send('note', 'written')
    await memory.pass(10)
    void client.disconnect()
    await memory.pass(10)
    // Lanes that were never used and one that was: neither goes to the other user.
    const queued = [client.send('note', 'queued'), client.send('note', 'queued, high', { priority: 'high' })]
    token = 'bob'
    isHung = false
    void client.connect()
    await memory.pass(10)
    const ofBob = client.send('note', 'of bob')
    void server.toUser('ada').send('mail', 'for ada')
    void server.toUser('bob').send('mail', 'for bob')
    await memory.pass(100)
    expect(handled).toEqual(['ada: accepted', 'ada: written', 'bob: of bob'])
    expect(seen).toEqual(['for bob'])
    expect([accepted, written, ...queued, ofBob].map(({ state }) => state)).toEqual([
      'accepted',
      'unknown',
      'cancelled',
      'cancelled',
      'accepted',
    ])
    expect(client.snapshot).toMatchObject({ status: 'connected', session: { resumed: false }, queued: 0 })
  })

  it('is replaced on the live connection by update(), if it is the same user', async () => {
    const memory = inMemory({ authenticate: ({ auth }) => ({ id: String(auth).slice(0, 3), token: auth }) })
    const users: unknown[] = []
    memory.server.on('note', (_, { user }) => void users.push(user['token']))
    const client = memory.client({ auth: 'ada 1' })
    void client.connect()
    client.send('note', null)
    await memory.pass(10)
    client.update({ auth: 'ada 2' })
    await memory.pass(10)
    client.send('note', null)
    await memory.pass(10)
    expect(users).toEqual(['ada 1', 'ada 2'])
    expect(client.stats().reconnects).toBe(0)
  })
})
