/**
 * The demo's server, a process of its own so that it can be killed.
 *
 * Owns: a surewire server that writes down every record it handles, and publishes records to rooms at a given pace.
 * Does not own: when it lives and dies (server-handle.ts). Arguments: path of the book, port (0: any).
 */
import { allowAll, createServer } from '../src/server/index.js'
import { BookWriter } from './book.js'
import { contract, roomOf } from './contract.js'
import { loadStreams, recordAt, recordsDue, type Stream } from './dataset.js'
import type { Order, Report } from './orders.js'

/** How often publishers look at what is due. */
const STEP_MS = 20
/** No stream of the demo gets this long; an index beyond it would be a mistake, and would cost its ledger memory. */
const MAX_INDEX = 10_000_000

const [bookPath = '', port = '0'] = process.argv.slice(2)
const book = new BookWriter(bookPath)
const streams = loadStreams()
const publishers = new Map<string, NodeJS.Timeout>()

const server = createServer({
  contract,
  host: '127.0.0.1',
  authorize: allowAll,
  heartbeat: { intervalMs: 1_000, timeoutMs: 1_000 },
  // A cut of two seconds at a thousand records a second needs more history than the default of a thousand entries.
  limits: { historyMessages: 20_000 },
})

server.on('record', ({ stream, index }, { redelivered }) => {
  checkNumbering(stream, index)
  book.handled(stream, index, redelivered)
})

server.onRequest('lookup', ({ stream, index }, { redelivered }) => {
  checkNumbering(stream, index)
  book.handled('requests', index, redelivered)
  return { stream, index, record: recordAt(streamNamed(stream), index) }
})

/** What comes over the network decides neither the book's format nor how large a ledger gets. */
function checkNumbering(stream: string, index: number): void {
  if (!/^[\w/-]{1,60}$/.test(stream)) throw new Error('a stream has a name of letters, digits, - and /')
  if (!Number.isInteger(index) || index < 1 || index > MAX_INDEX) throw new Error('a record has an index')
}

function streamNamed(name: string): Stream {
  const stream = streams.find((one) => one.name === name) ?? streams[0]
  if (stream === undefined) throw new Error('the data set is empty')
  return stream
}

function publish(room: string, source: Stream, index: number): void {
  book.published(room, index)
  server
    .toRoom(roomOf(room))
    .send('record', { stream: room, index, record: recordAt(source, index) })
    .catch((error: unknown) => tell({ report: 'failed', message: String(error) }))
}

function replay(forMs: number): void {
  const startedAt = performance.now()
  const published = streams.map(() => 0)
  const step = (): void => {
    const elapsedMs = Math.min(performance.now() - startedAt, forMs)
    for (const [at, stream] of streams.entries()) {
      const due = recordsDue(stream, elapsedMs)
      for (let index = (published[at] ?? 0) + 1; index <= due; index++) publish(stream.name, stream, index)
      published[at] = due
    }
    if (elapsedMs < forMs) setTimeout(step, STEP_MS)
    else tell({ report: 'replayed' })
  }
  step()
}

function publishSteadily(room: string, perSecond: number, nextIndex: number): void {
  const source = streamNamed(room)
  let index = nextIndex
  const everyMs = 1_000 / perSecond
  publishers.set(
    room,
    setInterval(() => publish(room, source, index++), everyMs),
  )
}

function tell(report: Report): void {
  process.send?.(report)
}

function stop(stream: string): void {
  clearInterval(publishers.get(stream))
  publishers.delete(stream)
}

process.on('message', (order: Order) => {
  if (order.order === 'replay') return replay(order.forMs)
  stop(order.stream)
  if (order.order === 'publish') publishSteadily(order.stream, order.perSecond, order.nextIndex)
})
// The demo decides when its server ends: Ctrl-C reaches both, and the demo has things to finish first.
process.on('SIGINT', () => undefined)
process.on('disconnect', () => process.exit())

const listening = await server.listen(Number(port))
tell({ report: 'listening', port: listening.port })
