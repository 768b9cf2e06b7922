/** The server half of the first look: bare `ws` with hand-written acks, or surewire, in a process of its own. */
import { WebSocketServer } from 'ws'
import { createServer } from '../src/server/index.js'

let handled = 0

async function listen(kind: string): Promise<string> {
  if (kind === 'surewire') {
    const server = createServer({ authorize: () => true })
    server.on('message', () => {
      handled++
    })
    return (await server.listen(0)).url
  }
  const server = new WebSocketServer({ port: 0, perMessageDeflate: false })
  server.on('connection', (socket) => {
    socket.on('message', (data: Buffer) => {
      const { id } = JSON.parse(data.toString()) as { id: number }
      handled++
      socket.send(JSON.stringify({ ack: id }))
    })
  })
  await new Promise((resolve) => server.once('listening', resolve))
  return `ws://127.0.0.1:${(server.address() as { port: number }).port}/ws`
}

process.send?.(await listen(process.argv[2] ?? 'ws'))
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.({ handled, cpuMicros: user + system })
})
