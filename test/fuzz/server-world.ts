/**
 * A production server without sockets, with handlers of every kind, on a manual clock.
 *
 * Owns: the engine, its links, and what it complains of that no client may cause.
 */
import { AuthError } from '../../src/protocol/errors.js'
import { json } from '../../src/serializers/json.js'
import { msgpack } from '../../src/serializers/msgpack.js'
import { createEngine, type Engine, type EngineConnection } from '../../src/server/engine.js'
import { type ManualClock, manualClock } from '../../src/testing/manual-clock.js'
import { seededRandom } from '../../src/testing/seeded-random.js'
import type { Encoded } from '../../src/protocol/codec.js'
import type { Context } from '../../src/server/types.js'

export const LIMITS = {
  maxInFlight: 64,
  maxFrameBytes: 65_536,
  maxHelloBytes: 65_536,
  maxRooms: 8,
  maxProducers: 8,
  maxRequests: 4,
  controlFramesPerSecond: 40,
  helloMs: 2_000,
  handlerMs: 3_000,
  sessionMs: 5_000,
  producerMs: 20_000,
  presenceGraceMs: 1_000,
  historyMessages: 50,
}

/** After so long without connections nothing of them is left. */
export const FORGOTTEN_MS = 60_000

/** What a server may say in its log at level error because a client asked for it. */
const EXPECTED_ERRORS = new Set(['handler failed'])

export interface ServerWorld {
  readonly clock: ManualClock
  readonly engine: Engine
  /** What went wrong inside. */
  readonly complaints: string[]
  /** Opens a link; `heard` gets what the server says. */
  link(protocol: string, heard: Hearing): EngineConnection
}

export interface Hearing {
  send(data: Encoded): void
  close(code: number, reason: string): void
}

export function makeServer(clock: ManualClock = manualClock()): ServerWorld {
  const complaints: string[] = []
  const engine = createEngine({
    clock,
    random: seededRandom(7),
    limits: LIMITS,
    serializers: [json(), msgpack()],
    logger: {
      debug: () => undefined,
      info: () => undefined,
      warn: (message, fields) => {
        if (message === 'the store failed') complaints.push(`${message}: ${reasonOf(fields)}`)
      },
      error: (message, fields) => {
        if (!EXPECTED_ERRORS.has(message)) complaints.push(`${message}: ${reasonOf(fields)}`)
      },
    },
    authorize: ({ room }) => room === null || !room.startsWith('forbidden'),
    authenticate: ({ auth }) => {
      if (auth === 'refuse') throw new AuthError('no')
      return { id: typeof auth === 'string' && auth !== '' ? auth.slice(0, 20) : 'nobody' }
    },
  })
  addHandlers(engine, clock)
  const link = (protocol: string, heard: Hearing): EngineConnection =>
    engine.accept({
      protocol,
      request: null,
      send: (data) => heard.send(data),
      close: (code, reason) => heard.close(code, reason),
      bufferedAmount: 0,
    })
  return { clock, engine, complaints, link }
}

const reasonOf = (fields: Readonly<Record<string, unknown>> | undefined): string => {
  const error = fields?.['error']
  return error instanceof Error
    ? (error.stack ?? error.message).split('\n').slice(0, 3).join(' | ')
    : String(error)
}

function addHandlers(engine: Engine, clock: ManualClock): void {
  const later = (value: unknown): Promise<never> =>
    new Promise((resolve) => void clock.setTimer(() => resolve(value as never), 30))
  const tell = (data: unknown, context: Context): void => {
    const room = typeof data === 'string' && data !== '' ? data.slice(0, 50) : 'lobby'
    context.toRoom(room).send('told', data)
    context.toUser('ada').send('told', data, { devices: ['mobile'] })
  }
  engine.on('note', () => undefined)
  engine.on('tell', tell)
  engine.on('slow', () => later(undefined))
  engine.on('fail', () => {
    throw new Error('a secret')
  })
  engine.onRequest('echo', (data) => data as never)
  engine.onRequest('slow', (data) => later(data))
  engine.onRequest('fail', () => {
    throw new Error('a secret')
  })
}
