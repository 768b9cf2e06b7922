/**
 * A server in a process of its own, to see what attacks leave in its memory. To each message it answers, once nothing is
 * left to forget, with its heap after a collection.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { json, type Serializer } from '../../src/index.js'
import { msgpack } from '../../src/serializers/msgpack.js'
import { memoryStore } from '../../src/server/memory-store.js'
import { createServer } from '../../src/server/index.js'
import { ATTACKED_LIMITS } from './attacks.js'
import { until } from './ledger.js'

export interface AfterAttacks {
  readonly type: 'measured'
  readonly heapBytes: number
  readonly prototypeKeys: number
  readonly handled: number
  readonly connections: number
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const serializers: Serializer[] = [json(), msgpack()]
/** So few records that each round of attacks pushes out the one before: what time would take away does not count. */
const store = memoryStore({ maxProducerRecords: 200, maxSessions: 100, maxLogs: 500, historyMessages: 20 })
const server = createServer({ authorize: () => true, serializers, store, limits: ATTACKED_LIMITS })
let handled = 0
server.on('count', () => void handled++)
server.on('note', (_, ctx) => ctx.toRoom('lobby').send('noted', 0))
server.on('stuck', () => new Promise(() => {}))

async function measure(): Promise<AfterAttacks> {
  await until('all is forgotten', () => server.stats().sessions <= 1 && server.stats().producers <= 1, 15_000)
  collect()
  const { heapUsed: heapBytes } = process.memoryUsage()
  const prototypeKeys = Reflect.ownKeys(Object.prototype).length
  return { type: 'measured', heapBytes, prototypeKeys, handled, connections: server.stats().connections }
}

process.on('message', () => void measure().then((measured) => process.send?.(measured)))
process.on('disconnect', () => process.exit(0))
process.send?.({ type: 'listening', ...(await server.listen(0)) })
