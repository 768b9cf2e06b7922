/**
 * The server to which thousands of connections return. Notes every connection that says HELLO, and every message it handles.
 */
import { createServer } from '../../src/server/index.js'
import { answerQuestions, leaveChannel } from './channel.js'
import { Journal, monotonicMs, type ServerLine } from './journal.js'
import { keyOf } from './traffic.js'

const { port, journal: file } = JSON.parse(process.argv[2] ?? '{}') as { port: number; journal: string }
const journal = new Journal<ServerLine>(file)
const accepted: number[] = []

const server = createServer({
  host: '0.0.0.0',
  authorize: () => true,
  authenticate: ({ auth }) => {
    accepted.push(monotonicMs())
    return { id: String(auth) }
  },
})
server.on('note', (data, { id, redelivered }) => {
  journal.write({ what: 'ran', id, key: keyOf(data), kind: 'message', redelivered })
})

await server.listen(port)
const listeningAt = monotonicMs()

answerQuestions({
  ready: () => listeningAt,
  accepted: () => accepted,
  tell: async (rooms: readonly string[]) => {
    for (const room of rooms) await server.toRoom(room).send('news', null)
  },
  usage: () => ({ rss: process.memoryUsage().rss, cpuMs: cpuMs() }),
  end: async (closing: object) => {
    await server.close(closing)
    leaveChannel()
  },
})

function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}
