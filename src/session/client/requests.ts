/**
 * Requests that wait for their reply.
 *
 * Owns: that each settles exactly once: by its reply, a refusal, its deadline, an abort, or `unknown` when the reply
 * can no longer come (rule 2, invariant I10).
 * Does not own: their numbers and writing, which is the outbox's as for any message.
 */
import { DeliveryError, type SurewireError, TimeoutError } from '../../protocol/errors.js'
import { DeadlineHeap } from '../../delivery/deadline-heap.js'
import type { OutboxEntry } from '../../delivery/producer.js'
import type { Outbox } from '../../delivery/outbox.js'

/** How a request ended. */
export type RequestResult =
  | { readonly ok: true; readonly data: unknown }
  | { readonly ok: false; readonly error: SurewireError }

interface PendingRequest {
  readonly entry: OutboxEntry
  readonly deadline: number
  readonly settle: (result: RequestResult) => void
}

export class Requests {
  #pending: Map<string, PendingRequest> | null = null
  #deadlines: DeadlineHeap<PendingRequest> | null = null
  readonly #outbox: Outbox
  readonly #stopAtServer: (entry: OutboxEntry) => void

  constructor(outbox: Outbox, stopAtServer: (entry: OutboxEntry) => void) {
    this.#outbox = outbox
    this.#stopAtServer = stopAtServer
  }

  /** Waits for the reply to a queued request. */
  add(entry: OutboxEntry, deadline: number, settle: (result: RequestResult) => void): void {
    if (entry.settled) return settle({ ok: false, error: endedBadly(entry) })
    const pending = (this.#pending ??= new Map<string, PendingRequest>())
    const deadlines = (this.#deadlines ??= new DeadlineHeap())
    const request = { entry, deadline, settle }
    pending.set(entry.id, request)
    deadlines.add(deadline, request)
    if (deadlines.size > 2 * (pending.size + 64))
      deadlines.prune((item) => pending.get(item.entry.id) === item)
    entry.withExtra().onSettled = (settled) => this.#entrySettled(settled)
  }

  /** The reply arrived. One that nobody waits for any more is dropped. */
  reply(id: string, data: unknown, failed: boolean): void {
    this.#settle(id, failed ? { ok: false, error: failure(data) } : { ok: true, data })
  }

  /** Gives a request up: takes it back if it was never written, else asks the server to stop. */
  abort(entry: OutboxEntry, error: SurewireError): void {
    if (!this.#pending?.has(entry.id)) return
    this.#settle(entry.id, { ok: false, error })
    if (!this.#outbox.cancel(entry, error.code, error.message)) this.#stopAtServer(entry)
  }

  /** Replies to accepted requests can no longer come: their log is gone (rules 2 and 16). */
  loseReplies(message: string): void {
    for (const { entry } of [...(this.#pending?.values() ?? [])]) {
      if (entry.state === 'accepted') {
        this.#settle(entry.id, { ok: false, error: unknownOutcome(message) })
      }
    }
  }

  /** The client is closed: nothing can be answered any more. */
  endAll(): void {
    for (const { entry } of [...(this.#pending?.values() ?? [])]) {
      this.#settle(entry.id, {
        ok: false,
        error: unknownOutcome('the client was closed before the reply arrived'),
      })
    }
  }

  tick(now: number): void {
    const deadlines = this.#deadlines
    if (deadlines === null) return
    for (let due = deadlines.takeDue(now); due !== null; due = deadlines.takeDue(now)) {
      if (this.#pending?.get(due.entry.id) !== due) continue
      this.abort(due.entry, new TimeoutError('the request was not answered in time (request.timeoutMs)'))
    }
  }

  deadline(): number | null {
    return this.#deadlines?.earliest() ?? null
  }

  #entrySettled(entry: OutboxEntry): void {
    if (entry.state === 'accepted') return
    this.#settle(entry.id, { ok: false, error: endedBadly(entry) })
  }

  #settle(id: string, result: RequestResult): void {
    const pending = this.#pending?.get(id)
    if (pending === undefined) return
    this.#pending?.delete(id)
    pending.settle(result)
  }
}

function unknownOutcome(message: string): DeliveryError {
  return new DeliveryError(message, { code: 'unknown', outcome: 'unknown' })
}

/** The error of a message that ended otherwise than accepted. */
export function endedBadly(entry: Pick<OutboxEntry, 'state' | 'extra'>): DeliveryError {
  const state = entry.state === 'queued' || entry.state === 'accepted' ? 'unknown' : entry.state
  return new DeliveryError(entry.extra?.message ?? `the message ended as ${state}`, {
    code: entry.extra?.code ?? state,
    outcome: state,
  })
}

/** The server's `{ code, message }`, whatever it really sent. */
function failure(data: unknown): DeliveryError {
  const { code, message } = (typeof data === 'object' && data !== null ? data : {}) as {
    code?: unknown
    message?: unknown
  }
  const known = typeof code === 'string' ? code : 'handler_failed'
  return new DeliveryError(typeof message === 'string' ? message : 'the request failed at the server', {
    code: known,
    outcome: known === 'unknown' ? 'unknown' : 'rejected',
  })
}
