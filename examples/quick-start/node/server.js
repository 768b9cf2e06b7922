import { allowAll, createServer } from 'surewire/server'

/** A chat: what anybody sends goes to everybody in the lobby. */
export async function startServer(port) {
  const server = createServer({ authorize: allowAll })

  server.on('chat', (data, context) => {
    // Takes effect together with the acceptance of the message, or not at all.
    context.toRoom('lobby').send('chat', data)
  })

  await server.listen(port)
  return server
}
