/** The server of `npm run hostile`, in a process of its own: it answers requests and says what it counted. */
import { createServer } from '../src/server/index.js'

const server = createServer({ authorize: () => true })
server.onRequest('echo', (data) => data)
server.on('note', () => undefined)

const { url } = await server.listen(0)
process.send?.({ type: 'listening', url })
process.on('message', () => {
  process.send?.({ type: 'stats', stats: server.stats(), heapBytes: process.memoryUsage().heapUsed })
})
process.on('disconnect', () => process.exit(0))
