/**
 * A server in a process of its own, so that it can be killed. It handles `count` messages and reports every run to its
 * parent, which keeps the books.
 */
import { createServer } from '../../src/server/index.js'

const server = createServer({ authorize: () => true })
server.on('count', (data, context) => {
  process.send?.({
    type: 'run',
    index: (data as { index: number }).index,
    id: context.id,
    redelivered: context.redelivered,
  })
})
server.onRequest('echo', (data) => data)

const { port } = await server.listen(Number(process.argv[2] ?? 0))
process.send?.({ type: 'listening', port })
