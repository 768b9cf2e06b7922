import { createClient } from 'surewire'

/** Joins the lobby, prints what is said there, and says something. */
export async function runClient(port) {
  const client = createClient({ url: `ws://localhost:${port}/ws` })
  const lobby = client.room('lobby')

  lobby.on('chat', (data, { from }) => console.log(from, data))
  client.lifecycle.on('status', (status, _before, cause) => console.log(status, cause.message))
  client.lifecycle.on('gap', ({ log, from, to, why }) => console.log('missing in', log, from, to, why))

  await client.connect()
  await lobby.join({ from: 'start' })

  const receipt = client.send('chat', { text: 'hello' }) // offline it waits, and is sent later
  console.log(receipt.id, receipt.state)
  await receipt // handled by the server, once; or throws a DeliveryError that says why not
  console.log(receipt.id, receipt.state)
  return client
}
