/**
 * Volatile messages: typing, cursors, whatever is worthless a moment later.
 *
 * Owns: passing them on to the followers of a room, at once and without memory. A connection whose socket is full
 * doesn't get them.
 * Does not own: handlers (the engine), authorisation (the application).
 */
import type { Encoded, Serializer } from '../../protocol/codec.js'
import { FrameType, type VolatileFrame } from '../../protocol/frames.js'
import { roomLog } from '../../protocol/logs.js'
import type { Connections } from './connections.js'
import type { Outcome } from './effects.js'
import type { Feeds } from './feeds.js'
import type { Kernel } from './kernel.js'
import { type Job, type Peer, peerOf } from './model.js'

/** Handlers and authorisations of one connection's volatile messages that may be under way; more are dropped. */
const MAX_UNDER_WAY = 64

export class Volatiles {
  readonly #kernel: Kernel
  readonly #connections: Connections
  readonly #feeds: Feeds
  readonly #running = new Map<Job, Peer>()

  constructor(kernel: Kernel, connections: Connections, feeds: Feeds) {
    this.#kernel = kernel
    this.#connections = connections
    this.#feeds = feeds
  }

  receive(peer: Peer, [, room, type, data]: VolatileFrame): void {
    this.#kernel.counters.volatiles++
    if (peer.volatiles >= MAX_UNDER_WAY) return
    peer.volatiles++
    const job = this.#job(peer, room, type, data)
    this.#running.set(job, peer)
    this.#kernel.emit({ type: 'run', job })
  }

  ran(job: Job, outcome: Outcome): void {
    const peer = this.#running.get(job)
    if (peer === undefined) return
    this.#running.delete(job)
    this.#kernel.deadlines.cancel(job.deadline)
    peer.volatiles--
    if (outcome.is === 'refused') {
      const { code, message } = outcome
      this.#kernel.log('info', 'volatile message refused', { type: job.type, room: job.room, code, message })
      return
    }
    const { forwardTo, appends } = outcome
    if (forwardTo !== undefined) {
      this.publish(forwardTo, job.type, job.data, [job.session.id], job.session.user.id)
    }
    for (const append of appends) this.#kernel.tellStore({ method: 'append', append })
  }

  /** Everyone who follows the room gets it, but for some sessions. */
  publish(room: string, type: string, data: unknown, except: readonly string[], from: string | null): void {
    const encoded = new Map<Serializer, Encoded>()
    const frame: VolatileFrame = [FrameType.VOLATILE, room, type, data, from]
    for (const { connection } of this.#feeds.followersOf(roomLog(room))) {
      const peer = peerOf(connection)
      if (peer === null || connection.congested !== null || except.includes(peer.session.id)) continue
      const { serializer } = connection
      const bytes = encoded.get(serializer) ?? this.#encode(serializer, frame)
      if (bytes === null) continue
      encoded.set(serializer, bytes)
      this.#connections.sayEncoded(connection, bytes)
    }
  }

  #encode(serializer: Serializer, frame: VolatileFrame): Encoded | null {
    try {
      return serializer.encode(frame)
    } catch (error) {
      this.#kernel.log('warn', 'a volatile message cannot be encoded', { type: frame[2], error })
      return null
    }
  }

  #job(peer: Peer, room: string | null, type: string, data: unknown): Job {
    const { now, limits, deadlines, emit, chance } = this.#kernel
    const job: Job = {
      kind: 'volatile',
      id: chance.id(),
      seq: 0,
      producer: null,
      room,
      type,
      data,
      echo: false,
      session: peer.session,
      redelivered: false,
      expiresAt: null,
      after: null,
      replies: '',
      deadline: null,
    }
    job.deadline = deadlines.arm(now + limits.handlerMs, () => {
      emit({ type: 'abort', job, code: 'handler_timeout' })
      this.ran(job, { is: 'refused', code: 'handler_timeout', message: 'the handler took too long' })
    })
    return job
  }
}
