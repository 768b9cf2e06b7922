import { expect, test } from 'vitest'
import { createClient } from '../../src/index.js'
import { allowAll, createServer } from '../../src/server/index.js'

test('update() to the credentials of another user starts a session of that user, and ends what was sent as the first', async () => {
  const handled: string[] = []
  const server = createServer({ authorize: allowAll, authenticate: ({ auth }) => ({ id: String(auth) }) })
  server.on('note', (data, context) => {
    handled.push(`${context.user.id}: ${String(data)}`)
  })
  const { url } = await server.listen()
  const client = createClient({ url, auth: 'ada' })
  const users: string[] = []
  client.lifecycle.on('open', ({ user }) => users.push(user.id))
  try {
    await client.connect()
    await client.send('note', 1)
    const opened = new Promise<void>((resolve) => client.lifecycle.once('open', () => resolve()))
    client.update({ auth: 'eve' })
    await opened
    await client.send('note', 2)
    expect(users).toEqual(['ada', 'eve'])
    expect(handled).toEqual(['ada: 1', 'eve: 2'])
    expect(client.snapshot).toMatchObject({ status: 'connected', error: null, session: { resumed: false } })
  } finally {
    await client.close()
    await server.close()
  }
})
