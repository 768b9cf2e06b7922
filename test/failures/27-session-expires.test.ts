import { describe, expect, it } from 'vitest'
import { inMemory } from '../support/memory.js'

const SESSION_MS = 10_000
const ANSWER_MS = 12_000

const outcomeOf = (error: { outcome?: unknown }): unknown => error.outcome

describe('27: the session expires about when it is resumed', () => {
  const moments: [string, number, boolean][] = [
    ['1 ms before', -1, true],
    ['at', 0, false],
    ['1 ms after', 1, false],
  ]
  it.each(moments)(
    '%s its end: resumed with all that came, or a new one and told so',
    async (_when, ms, alive) => {
      const { server, client: makeClient, clock, pass } = inMemory({ limits: { sessionMs: SESSION_MS } })
      server.onRequest(
        'ask',
        () => new Promise((resolve) => clock.setTimer(() => resolve('late'), ANSWER_MS)),
      )
      const client = makeClient()
      const heard: unknown[] = []
      client.on('direct', (data) => void heard.push(data))
      client.lifecycle.on('gap', ({ log, to }) => {
        if (log.startsWith('session/')) heard.push({ gap: log, to })
      })
      void client.connect()
      await pass(10)
      const session = client.snapshot.session?.id ?? ''
      const request = client.request('ask', null, { timeoutMs: 60_000 }).catch(outcomeOf)
      await pass()
      await client.disconnect()
      await pass()
      await server.toSession(session).send('direct', 'while away')
      await pass(SESSION_MS + ms)

      void client.connect()
      await pass()
      expect(client.snapshot.status).toBe('connected')
      expect(client.snapshot.session?.resumed).toBe(alive)
      expect(client.snapshot.session?.id === session).toBe(alive)
      expect(heard).toEqual(alive ? ['while away'] : [{ gap: `session/${session}`, to: null }])
      await pass(ANSWER_MS)
      expect(await request).toBe(alive ? 'late' : 'unknown')
      expect(client.snapshot.error).toBeNull()
    },
  )

  it('once resumed it lives on, however long ago its time would have been up', async () => {
    const { server, client: makeClient, network, pass } = inMemory({ limits: { sessionMs: SESSION_MS } })
    const client = makeClient({ reconnect: { initialDelayMs: 10, jitter: 'none' } })
    void client.connect()
    await pass(10)
    const session = client.snapshot.session?.id
    await client.disconnect()
    await pass(SESSION_MS - 1)
    void client.connect()
    // Long enough for the store to sweep away what is expired.
    await pass(10 * 60_000)
    await server.toRoom('anywhere').send('anything', null)
    network.links()[0]?.cut()
    await pass(100)
    expect(client.snapshot.session).toEqual({ id: session, resumed: true })
  })
})
