/**
 * Acceptance: from numbers to handlers to acknowledgements (rules 1, 2, 11).
 *
 * Owns: which numbers are taken, one handler at a time per producer of messages, what it staged, the uplink window,
 * ACCEPTED and REJECTED.
 * Does not own: commits (commits.ts), requests (requests.ts), handlers (the engine).
 */
import { ProtocolError } from '../../protocol/errors.js'
import { FrameType, type SendFrame, type VoidFrame } from '../../protocol/frames.js'
import type { Commits } from './commits.js'
import type { Connections } from './connections.js'
import type { Outcome } from './effects.js'
import type { Kernel } from './kernel.js'
import { type Job, type Peer, type Producer, peerOf } from './model.js'
import type { Commit } from './store.js'
import { isRefused, stageVoid } from './voids.js'

/**
 * A client that reconnects again and again with full windows, while a handler hangs, may fill this many of them in
 * our memory. Then it has to wait.
 */
const MAX_WINDOWS_HELD = 4

export class Acceptance {
  readonly #kernel: Kernel
  readonly #connections: Connections
  readonly #commits: Commits
  /** Producers with something to acknowledge at the end of the turn. */
  readonly #toAcknowledge = new Set<Producer>()
  /** Producers whose handler did not return at once: it gets a deadline at the end of the turn. */
  readonly #started = new Set<Producer>()

  constructor(kernel: Kernel, connections: Connections, commits: Commits) {
    this.#kernel = kernel
    this.#connections = connections
    this.#commits = commits
  }

  /** Whether a number is new, and to be taken; raises if it is neither new nor known. */
  take(producer: Producer, seq: number): boolean {
    if (seq <= producer.held) {
      this.#kernel.counters.resent++
      if (seq <= producer.committed) this.acknowledgeAgain(producer)
      return false
    }
    const expected = producer.held + 1
    if (seq !== expected) {
      throw new ProtocolError(`number ${seq} of ${producer.id} came where ${expected} was due`, {
        code: 'out_of_order',
      })
    }
    const { maxInFlight } = this.#kernel.limits
    if (seq > producer.committed + maxInFlight) {
      throw new ProtocolError(
        `number ${seq} of ${producer.id} is beyond the window: ${producer.committed} and ${maxInFlight} more`,
        { code: 'window_exceeded' },
      )
    }
    producer.held = seq
    return true
  }

  send(peer: Peer, producer: Producer, [, seq, room, type, data, meta]: SendFrame): void {
    if (!this.take(producer, seq)) return
    this.#kernel.counters.messagesIn++
    producer.queue.push({
      kind: 'send',
      id: `${producer.id}.${seq}`,
      seq,
      producer,
      room,
      type,
      data,
      echo: meta?.echo !== false,
      session: peer.session,
      redelivered: seq <= producer.redeliveredUpTo,
      expiresAt: null,
      after: null,
      replies: '',
      deadline: null,
    })
    this.advance(producer)
  }

  /** Numbers that will not come. Those already in hand are not taken back. */
  void(producer: Producer, [, from, to]: VoidFrame): void {
    if (to <= producer.held) {
      if (to <= producer.committed) this.acknowledgeAgain(producer)
      return
    }
    const expected = producer.held + 1
    if (from > expected) {
      throw new ProtocolError(`VOID from ${from} came where ${expected} was due`, { code: 'out_of_order' })
    }
    producer.held = to
    const { last } = producer.queue
    if (last?.kind === 'void') last.to = to
    else producer.queue.push({ kind: 'void', from: expected, to })
  }

  /** Counts a batch in the uplink window until its last number is acknowledged. */
  countBatch(peer: Peer, producer: Producer, seq: number, bytes: number): void {
    const { maxInFlightBytes } = this.#kernel.limits
    if (seq <= producer.committed) return
    if (peer.unacknowledgedBytes > 0 && peer.unacknowledgedBytes + bytes > maxInFlightBytes) {
      throw new ProtocolError(`more than ${maxInFlightBytes} bytes are unacknowledged`, {
        code: 'window_exceeded',
      })
    }
    peer.unacknowledgedBytes += bytes
    producer.heldBytes += bytes
    producer.batches.push({ seq, bytes, peer })
    if (producer.heldBytes > MAX_WINDOWS_HELD * maxInFlightBytes) {
      throw new ProtocolError('the messages in hand have not been handled yet; come back later', {
        code: 'overloaded',
        closeCode: 1013,
      })
    }
  }

  /** Runs the next handler, if none runs. */
  advance(producer: Producer): void {
    while (producer.running === null && !producer.retired) {
      const next = producer.queue.shift()
      if (next === undefined) return
      if (next.kind !== 'void') {
        producer.running = next
        this.#started.add(producer)
        this.#kernel.emit({ type: 'run', job: next })
        return
      }
      producer.staged.to = next.to
      stageVoid(producer.staged, next)
      this.#commits.touch(producer)
    }
  }

  /** The handler returned. */
  ran(producer: Producer, job: Job, outcome: Outcome): void {
    if (producer.running !== job || producer.retired) return // Too late: its deadline had passed.
    producer.running = null
    this.#kernel.deadlines.cancel(job.deadline)
    const { staged } = producer
    staged.to = job.seq
    if (outcome.is === 'done') staged.appends.push(...outcome.appends)
    else staged.refused.push([job.seq, outcome.code, outcome.message])
    this.#commits.touch(producer)
    this.advance(producer)
  }

  /** Deadlines for handlers that did not return within the turn. */
  armDeadlines(): void {
    const { now, limits, deadlines } = this.#kernel
    for (const producer of this.#started) {
      const job = producer.running
      if (job === null || job.deadline !== null) continue
      job.deadline = deadlines.arm(now + limits.handlerMs, () => {
        this.#kernel.emit({ type: 'abort', job, code: 'handler_timeout' })
        const message = `the handler of '${job.type}' took longer than ${limits.handlerMs} ms`
        this.ran(producer, job, { is: 'refused', code: 'handler_timeout', message })
      })
    }
    this.#started.clear()
  }

  /** A commit is done: its numbers may be acknowledged, its bytes no longer count. */
  committed(producer: Producer, { from, refused }: Commit): void {
    const failed = refused.filter(isRefused).length
    this.#kernel.counters.accepted += producer.committed - from - failed
    this.#kernel.counters.refused += failed
    for (let batch = producer.batches.peek(); batch !== undefined; batch = producer.batches.peek()) {
      if (batch.seq > producer.committed) break
      producer.batches.shift()
      producer.heldBytes -= batch.bytes
      batch.peer.unacknowledgedBytes -= batch.bytes
    }
    this.#toAcknowledge.add(producer)
  }

  acknowledgeAgain(producer: Producer): void {
    producer.acknowledged = Math.min(producer.acknowledged, producer.committed - 1)
    this.#toAcknowledge.add(producer)
  }

  /** Tells what was committed: refusals first, then one number for all (rule 1). */
  acknowledge(): void {
    for (const producer of this.#toAcknowledge) {
      const { connection, index, committed } = producer
      if (connection === null || peerOf(connection) === null) continue
      for (const [seq, code, message] of producer.untold) {
        this.#connections.say(connection, [FrameType.REJECTED, index, seq, code, message])
      }
      producer.untold = []
      if (producer.acknowledged >= committed) continue
      producer.acknowledged = committed
      this.#kernel.counters.acknowledgements++
      this.#connections.say(connection, [FrameType.ACCEPTED, index, committed])
    }
    this.#toAcknowledge.clear()
  }
}
