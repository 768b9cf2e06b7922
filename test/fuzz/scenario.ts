/**
 * What applications do in a recording: everything that puts a frame on the wire.
 *
 * Owns: two scripts of acts, each at its time.
 */
import type { Client } from '../../src/client/types.js'

export interface Act {
  /** Milliseconds after the one before. */
  readonly afterMs: number
  readonly run: (client: Client, outcomes: Outcomes) => void
}

/** What has to come to an end. */
export interface Outcomes {
  readonly pending: Set<string>
  track(name: string, promise: PromiseLike<unknown>): void
}

const act = (afterMs: number, run: Act['run']): Act => ({ afterMs, run })

const send = (afterMs: number, type: string, data: unknown, options = {}): Act =>
  act(afterMs, (client, outcomes) => outcomes.track(`send ${type}`, client.send(type, data, options).settled))

const say = (afterMs: number, room: string, data: unknown, options = {}): Act =>
  act(afterMs, (client, outcomes) =>
    outcomes.track(`say ${room}`, client.room(room).send('chat', data, options).settled),
  )

const request = (afterMs: number, type: string, data: unknown, abortMs?: number): Act =>
  act(afterMs, (client, outcomes) => {
    const signal = abortMs === undefined ? undefined : aborting
    outcomes.track(
      `request ${type}`,
      client.request(type, data, signal === undefined ? {} : { signal: signal() }),
    )
  })

/** Aborted by the next act of its kind. */
let abort = new AbortController()
const aborting = (): AbortSignal => {
  abort = new AbortController()
  return abort.signal
}

const join = (afterMs: number, room: string, options = {}): Act =>
  act(afterMs, (client, outcomes) => outcomes.track(`join ${room}`, client.room(room).join(options)))

export const FIRST: readonly Act[] = [
  act(0, (client) => void client.connect()),
  join(10, 'lobby', { presence: { mood: 'calm' } }),
  send(10, 'note', { n: 1 }),
  send(0, 'note', { n: 2 }, { priority: 'high' }),
  say(0, 'lobby', { text: 'hi' }, { echo: false }),
  request(5, 'echo', [1, 2]),
  request(0, 'slow', 'wait', 1),
  act(5, () => abort.abort()),
  act(0, (client) => void client.send('draft', 1, { replaces: 'draft' }).settled),
  act(0, (client, outcomes) =>
    outcomes.track('replacing', client.send('draft', 2, { replaces: 'draft' }).settled),
  ),
  send(5, 'slow', 1),
  send(0, 'fail', 1),
  send(0, 'tell', 'lobby'),
  act(5, (client) => client.room('lobby').presence.update({ mood: 'busy' })),
  act(0, (client) => void client.send('typing', true, { volatile: true }).settled),
  act(0, (client) => void client.room('lobby').send('typing', true, { volatile: true }).settled),
  join(100, 'den', { from: 'start' }),
  say(5, 'den', 'one'),
  say(0, 'den', 'two'),
  act(20, (client) => client.update({ auth: 'ada' })),
  request(40, 'fail', null),
  act(30_000, (client) => void client.restart().catch(() => undefined)),
  say(50, 'lobby', 'again'),
  act(5, (client, outcomes) => outcomes.track('leave', client.room('den').leave())),
  ...Array.from({ length: 20 }, (_, n) => send(n % 4 === 0 ? 3 : 0, n % 3 === 0 ? 'tell' : 'note', 'lobby')),
  request(10, 'echo', 'last'),
  act(200, (client, outcomes) => outcomes.track('close', client.close())),
]

export const SECOND: readonly Act[] = [
  act(5, (client) => void client.connect()),
  join(10, 'lobby'),
  ...Array.from({ length: 12 }, (_, n) => say(n % 3 === 0 ? 2 : 0, n % 4 === 0 ? 'den' : 'lobby', { n })),
  request(20, 'echo', { deep: [[[1]]] }),
  act(0, (client) => void client.room('lobby').send('typing', false, { volatile: true }).settled),
  send(10, 'tell', 'den', { priority: 'low' }),
  join(10, 'den', { from: 'start' }),
  act(300, (client) => void client.disconnect()),
  send(5, 'note', 'offline'),
  act(10, (client) => void client.connect()),
  act(40, (client, outcomes) => outcomes.track('leave', client.room('lobby').leave())),
  request(5, 'slow', 5),
  ...Array.from({ length: 10 }, () => send(1, 'slow', 'x')),
  act(600, (client) => void client.connect()),
]
