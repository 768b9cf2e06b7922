import { expect, it } from 'vitest'
import { createClient, type SurewireError } from '../../src/index.js'
import { cleaning } from '../support/cleaning.js'
import { until } from '../support/ledger.js'
import { socketServer } from '../support/socket-server.js'

const later = cleaning()

it('37: the host name is not known: the error says so, it is tried again, and what was sent waits', async () => {
  const { server, url } = await socketServer()
  later(() => server.close({ drainMs: 0 }))
  server.on('note', () => undefined)
  // Never resolves (RFC 6761 section 6.4).
  let address = 'ws://surewire.invalid/ws?token=secret'
  const client = createClient({ url: () => address, reconnect: { initialDelayMs: 20, maxDelayMs: 20 } })
  later(() => client.close({ drainMs: 0 }))
  const errors: SurewireError[] = []
  client.lifecycle.on('error', (error) => errors.push(error))
  const receipt = client.send('note', 'kept')
  const connected = client.connect()
  await until('the first connection was tried twice', () => errors.length >= 2)
  for (const error of errors) {
    expect(error).toMatchObject({ name: 'ConnectError', retryable: true })
    // ENOTFOUND, or EAI_AGAIN where there is no name server.
    expect(error.message).toMatch(
      /^ws:\/\/surewire\.invalid\/ws could not be reached: the host name .*(misspelt|looked up)/,
    )
    expect(error.message).not.toContain('secret')
    expect(error.cause).toBeInstanceOf(Error)
  }
  expect(client.snapshot.status).toBe('connecting')
  expect(receipt.state).toBe('queued')

  address = url
  await connected
  expect((await receipt).outcome).toBe('accepted')
})
