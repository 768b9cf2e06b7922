/**
 * Requests: side by side, begun once, answered once (rule 2).
 *
 * Owns: when a request may start, its two commits (begun; effects and reply), its deadline and its cancelling.
 * Does not own: commits themselves (commits.ts) and who gets the reply (a log like any other).
 */
import type { RequestFrame } from '../../protocol/frames.js'
import type { Acceptance } from './acceptance.js'
import type { Commits } from './commits.js'
import type { Outcome } from './effects.js'
import type { Kernel } from './kernel.js'
import type { Barrier, Job, Peer, Producer } from './model.js'
import { repliesLog } from '../../protocol/logs.js'
import type { Append, BegunRequest } from './store.js'

export class Requests {
  readonly #kernel: Kernel
  readonly #acceptance: Acceptance
  readonly #commits: Commits

  constructor(kernel: Kernel, acceptance: Acceptance, commits: Commits) {
    this.#kernel = kernel
    this.#acceptance = acceptance
    this.#commits = commits
  }

  receive(peer: Peer, producer: Producer, [, seq, type, data, ttlMs]: RequestFrame): void {
    if (!this.#acceptance.take(producer, seq)) return
    this.#kernel.counters.requests++
    producer.queue.push({
      kind: 'request',
      id: `${producer.id}.${seq}`,
      seq,
      producer,
      room: null,
      type,
      data,
      echo: true,
      session: peer.session,
      redelivered: false,
      expiresAt: typeof ttlMs === 'number' ? this.#kernel.now + ttlMs : null,
      after: barriersOf(peer),
      replies: repliesLog(peer.session.id),
      deadline: null,
    })
    this.advance(producer)
  }

  /** Stages the start of every request that may start now. It runs once that is committed. */
  advance(producer: Producer): void {
    const { limits, now } = this.#kernel
    while (!producer.retired) {
      const next = producer.queue.peek()
      if (next === undefined) return
      if (next.kind === 'void') {
        producer.staged.to = next.to
      } else if (next.expiresAt !== null && next.expiresAt <= now) {
        producer.staged.to = next.seq
        producer.staged.appends.push(
          this.#failure(next, 'expired', 'the request expired before it could start'),
        )
      } else if (busyWith(producer) >= limits.maxRequests || !this.#isClear(producer, next)) {
        return
      } else {
        producer.staged.to = next.seq
        producer.staged.begin.push({ seq: next.seq, log: next.replies })
        producer.staged.starting.push(next)
      }
      producer.queue.shift()
      this.#commits.touch(producer)
    }
  }

  /** The start of these requests is committed: they run, once and never again. */
  start(producer: Producer, starting: readonly Job[]): void {
    const { now, limits, deadlines } = this.#kernel
    for (const job of starting) {
      producer.requests.set(job.seq, job)
      const until = Math.min(now + limits.handlerMs, job.expiresAt ?? Number.POSITIVE_INFINITY)
      job.deadline = deadlines.arm(until, () =>
        this.#giveUp(producer, job, 'timeout', `the handler of '${job.type}' did not answer in time`),
      )
      this.#kernel.emit({ type: 'run', job })
    }
  }

  /** The handler returned: effects and reply in one commit. */
  ran(producer: Producer, job: Job, outcome: Outcome): void {
    this.#kernel.deadlines.cancel(producer.stray.get(job) ?? null)
    producer.stray.delete(job)
    if (producer.requests.get(job.seq) === job && !producer.retired) this.#end(producer, job, outcome)
    this.advance(producer)
  }

  /** The client no longer wants the answer; best effort. */
  cancel(producer: Producer, seq: number): void {
    const job = producer.requests.get(seq)
    if (job !== undefined) this.#giveUp(producer, job, 'cancelled', 'the request was cancelled')
  }

  /** Requests that an earlier owner began and never ended: nobody knows how far they came. */
  endLeftovers(producer: Producer, begun: readonly BegunRequest[]): void {
    for (const { seq, log } of begun) {
      const id = `${producer.id}.${seq}`
      const message = 'the server was restarted while the request ran; nobody knows how far it came'
      producer.staged.end.push(seq)
      producer.staged.appends.push(this.#reply(log, id, 'unknown', { code: 'unknown', message }, true))
    }
    this.#commits.touch(producer)
  }

  #end(producer: Producer, job: Job, outcome: Outcome): void {
    const { staged } = producer
    this.#kernel.deadlines.cancel(job.deadline)
    producer.requests.delete(job.seq)
    staged.end.push(job.seq)
    if (outcome.is === 'refused') staged.appends.push(this.#failure(job, outcome.code, outcome.message))
    else {
      staged.appends.push(...outcome.appends)
      staged.appends.push(this.#reply(job.replies, job.id, job.type, outcome.reply ?? null, false))
    }
    this.#commits.touch(producer)
  }

  /** The handler is told to stop and its answer is not waited for, but for a while it still takes a place. */
  #giveUp(producer: Producer, job: Job, code: string, message: string): void {
    const { now, limits, deadlines, emit } = this.#kernel
    const free = (): void => {
      producer.stray.delete(job)
      this.advance(producer)
    }
    producer.stray.set(job, deadlines.arm(now + limits.handlerMs, free))
    emit({ type: 'abort', job, code })
    this.#end(producer, job, { is: 'refused', code, message })
  }

  /** SENDs that came before it on its connection are committed. */
  #isClear(producer: Producer, job: Job): boolean {
    const open = job.after?.filter((barrier) => isOpen(barrier)) ?? []
    for (const barrier of open) barrier.producer.waiters.add(producer)
    return open.length === 0
  }

  #failure(job: Job, code: string, message: string): Append {
    return this.#reply(job.replies, job.id, job.type, { code, message }, true)
  }

  #reply(log: string, re: string, type: string, data: unknown, isError: boolean): Append {
    const meta = {
      id: `${re}:reply`,
      from: null,
      at: this.#kernel.wall(),
      re,
      ...(isError ? { error: true } : {}),
    }
    return { log, type, data, meta, audience: null }
  }
}

function busyWith(producer: Producer): number {
  const starting = producer.staged.starting.length + (producer.committing?.starting.length ?? 0)
  return producer.requests.size + producer.stray.size + starting
}

function isOpen({ producer, seq }: Barrier): boolean {
  return !producer.retired && producer.committed < seq
}

function barriersOf(peer: Peer): Barrier[] | null {
  let barriers: Barrier[] | null = null
  for (const producer of peer.producers) {
    if (producer === null || producer.kind !== 'messages' || producer.held <= producer.committed) continue
    barriers ??= []
    barriers.push({ producer, seq: producer.held })
  }
  return barriers
}
