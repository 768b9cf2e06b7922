/**
 * A server in a process of its own, so that it can be killed. It handles `count` messages and writes every run to a file
 * before it returns: what a killed process had said through a pipe might be lost with it.
 *
 *   counting-server.ts PORT FILE
 */
import { appendFileSync } from 'node:fs'
import { createServer } from '../../src/server/index.js'

const [port = '0', file = ''] = process.argv.slice(2)
const server = createServer({ authorize: () => true })
server.on('count', (data, { id, redelivered }) => {
  appendFileSync(file, `${JSON.stringify({ index: (data as { index: number }).index, id, redelivered })}\n`)
})

process.send?.({ type: 'listening', port: (await server.listen(Number(port))).port })
