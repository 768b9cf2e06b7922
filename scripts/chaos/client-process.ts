/**
 * One page of a client of a chaos run, a process of its own so that it can be killed and stopped. The client is the production
 * one, over `ws`, with everything of its API that changes what becomes of a message.
 *
 * Writes down what it sends and asks, every outcome it is told, and every entry and gap that reaches its handlers.
 */
import { createClient, isSurewireError, json, type Room } from '../../src/index.js'
import { msgpack } from '../../src/serializers/msgpack.js'
import { seededRandom } from '../../src/testing/index.js'
import { answerQuestions, leaveChannel } from './channel.js'
import { FileOutbox } from './file-outbox.js'
import { type ClientLine, Journal } from './journal.js'
import { type ClientArguments, type ClientStatus, DELIVERED_TYPES, keyOf, ROOMS } from './traffic.js'

const options = JSON.parse(process.argv[2] ?? '{}') as ClientArguments
const { user, page } = options
const journal = new Journal<ClientLine>(options.journal)
const random = seededRandom(BigInt(options.seed))
const outbox = options.outbox === null ? null : new FileOutbox(options.outbox)

const client = createClient({
  url: options.url,
  name: `${user}/${page}`,
  auth: user,
  serializer: options.codec === 'json' ? json() : msgpack(),
  onUnknown: options.policy,
  userLog: { from: 'start' },
  heartbeat: { intervalMs: 1_000, timeoutMs: 1_000 },
  connectTimeoutMs: 4_000,
  reconnect: { initialDelayMs: 50, maxDelayMs: 1_000 },
  queue: {
    maxMessages: options.maxMessages,
    overflow: 'drop-oldest',
    ...(outbox === null ? {} : { storage: outbox.storage }),
  },
})

/** Receipts, replies and joins that have not ended yet. */
let waiting = 0
const ended = new Set<string>()
let sending = true

function whenEnded(promise: Promise<unknown>): void {
  waiting++
  void promise.then(
    () => waiting--,
    () => waiting--,
  )
}

// ── what is received ──────────────────────────────────────────────────────────────────────────────────────────────────

client.lifecycle.on('open', ({ resumed }) => journal.write({ what: 'opened', resumed }))
client.lifecycle.on('gap', ({ log, epoch, from, to, why }) => {
  journal.write({ what: 'gap', log, epoch, from, to, why })
})
client.lifecycle.on('error', ({ name, code, message }) => {
  const isBroken = name === 'ProtocolError' || client.snapshot.status === 'closed'
  if (isBroken) journal.write({ what: 'error', message: `${name} ${code}: ${message}` })
})

function readLog(log: string, from: Pick<typeof client, 'on'> | Room): void {
  for (const type of DELIVERED_TYPES) {
    from.on(type, (_data, { id, offset }) => {
      journal.write({ what: 'got', log, offset, id })
      if (type === 'end') ended.add(log)
      return random.chance(0.02) ? new Promise((resolve) => setTimeout(resolve, 20)) : undefined
    })
  }
}

/** A room's reader begins where the join says, before its first entry is handled. */
function watchRoom(room: Room): void {
  const log = `room/${room.id}`
  let before = room.snapshot.status
  room.subscribe(() => {
    const { status, cursor } = room.snapshot
    if (status === 'joined' && before !== 'joined' && cursor !== null) {
      journal.write({ what: 'joined', log, epoch: cursor.epoch, offset: cursor.offset })
    }
    if (status !== 'joined' && before === 'joined') journal.write({ what: 'left', log })
    before = status
  })
  readLog(log, room)
}

readLog(`user/${user}`, client)
const rooms = ROOMS.map((id) => client.room(id))
for (const room of rooms) watchRoom(room)

// ── what is sent ──────────────────────────────────────────────────────────────────────────────────────────────────────

let count = 0
const nextKey = (): string => `${user}/${page}/${++count}`

function send(): void {
  const key = nextKey()
  const toRoom = random.chance(0.3)
  const type = toRoom ? 'chat' : random.pick(['plain', 'plain', 'fan', 'fan', 'slow', 'fail'])
  const fragile = random.chance(0.15)
  const receipt = (toRoom ? random.pick(rooms) : client).send(
    type,
    { key, text: 'x'.repeat(random.integer(0, 200)) },
    {
      priority: random.pick(['high', 'normal', 'normal', 'low'] as const),
      ...(fragile && random.chance(0.5) ? { ttlMs: random.integer(1, 1_000) } : {}),
      ...(fragile && random.chance(0.5) ? { replaces: random.pick(['a', 'b']) } : {}),
    },
  )
  const { id } = receipt
  journal.write({ what: 'sent', id, key, type, fragile })
  whenEnded(receipt.settled.then(({ outcome }) => journal.write({ what: 'settled', id, outcome })))
  if (outbox !== null) {
    void receipt.stored.then((kept) => {
      if (kept === 'stored') journal.write({ what: 'stored', id })
    })
  }
  if (fragile && random.chance(0.3)) receipt.cancel()
}

async function ask(): Promise<void> {
  const key = nextKey()
  journal.write({ what: 'asked', key })
  const timeoutMs = random.chance(0.3) ? random.integer(50, 500) : 30_000
  const how = await client.request('echo', { key }, { timeoutMs }).then(
    (answer) => (keyOf(answer) === key ? 'right' : 'wrong'),
    (error: unknown) => (isSurewireError(error) ? error.code : String(error)),
  )
  journal.write({ what: 'answered', key, how })
}

function joinOrLeave(): void {
  const room = random.pick(rooms)
  if (room.snapshot.status === 'joined') whenEnded(room.leave())
  else if (room.snapshot.status === 'out') join(room)
}

function join(room: Room): void {
  // A join ends with an error if the room is left meanwhile; its reader never began then.
  whenEnded(room.join({ from: random.pick(['now', 'start'] as const) }))
}

function act(): void {
  const roll = random.next()
  if (roll < 0.6) for (let sends = random.integer(1, 4); sends > 0; sends--) send()
  else if (roll < 0.75) whenEnded(ask())
  else if (roll < 0.765) joinOrLeave()
  else if (roll < 0.77) whenEnded(client.restart({ force: random.chance(0.5) }))
}

const STEP_MS = 100
const acting = setInterval(() => {
  if (sending) act()
}, STEP_MS)
for (const room of rooms) join(room)
whenEnded(client.connect())

// ── what the supervisor asks ──────────────────────────────────────────────────────────────────────────────────────────

function report(): ClientStatus {
  return {
    waiting: waiting + client.snapshot.queued + client.snapshot.inFlight,
    kept: outbox?.size ?? 0,
    ended: ended.size,
    status: client.snapshot.status,
  }
}

answerQuestions({
  ready: () => null,
  quiet: () => {
    sending = false
    for (const room of rooms) if (room.snapshot.status === 'out') join(room)
  },
  status: report,
  end: async () => {
    clearInterval(acting)
    await client.close({ drainMs: 1_000 })
    journal.close()
    leaveChannel()
  },
})
