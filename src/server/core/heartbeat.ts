/**
 * Heartbeat: is the client still there?
 *
 * Owns: PING to connections that are idle in either direction, and the end of those that stay silent. Any inbound
 * byte counts as life.
 */
import { CloseCode } from '../../protocol/close-codes.js'
import { FrameType } from '../../protocol/frames.js'
import type { Connections } from './connections.js'
import type { Kernel } from './kernel.js'
import type { Connection, Peer } from './model.js'
import type { Pump } from './pump.js'

/** After this process slept, what clients said waits in the sockets: read it before judging. */
const GRACE_AFTER_SLEEP_MS = 3_000

export class Heartbeats {
  readonly #kernel: Kernel
  readonly #connections: Connections
  readonly #pump: Pump
  #noJudgementBefore = 0

  constructor(kernel: Kernel, connections: Connections, pump: Pump) {
    this.#kernel = kernel
    this.#connections = connections
    this.#pump = pump
  }

  /** The interval that a client gets for what it wished. */
  decide(wishedMs: number | undefined): number {
    const { limits, heartbeat } = this.#kernel
    if (wishedMs === 0) return 0
    return Math.min(limits.maxPingMs, Math.max(limits.minPingMs, wishedMs ?? heartbeat.intervalMs))
  }

  start(peer: Peer): void {
    if (peer.pingMs > 0) this.#arm(peer, this.#kernel.now + peer.pingMs)
  }

  stop(peer: Peer): void {
    this.#kernel.deadlines.cancel(peer.beat)
    peer.beat = null
  }

  slept(): void {
    this.#noJudgementBefore = this.#kernel.now + GRACE_AFTER_SLEEP_MS
  }

  #beat(peer: Peer): void {
    const { connection, pingMs } = peer
    const { now, heartbeat } = this.#kernel
    if (peer.pinged !== null && connection.lastReceived >= peer.pinged) peer.pinged = null
    if (peer.pinged !== null && now >= Math.max(peer.pinged + heartbeat.timeoutMs, this.#noJudgementBefore)) {
      this.#connections.end(connection, { code: CloseCode.TIMEOUT, reason: 'silent' })
      return
    }
    // Computed as the deadline was: the difference of two times may round to less than what was added.
    if (now >= idleSince(connection) + pingMs) this.#ping(peer)
    this.#arm(peer, this.#nextBeat(peer))
  }

  #nextBeat({ connection, pingMs, pinged }: Peer): number {
    const { now, heartbeat } = this.#kernel
    const due = idleSince(connection) + pingMs
    const nextPing = due > now ? due : now + pingMs
    if (pinged === null) return nextPing
    const judgement = Math.max(pinged + heartbeat.timeoutMs, this.#noJudgementBefore)
    return Math.min(nextPing, judgement)
  }

  #ping(peer: Peer): void {
    this.#pump.settleSkips(peer)
    peer.pinged ??= this.#kernel.now
    this.#connections.say(peer.connection, [FrameType.PING, Math.floor(this.#kernel.now)])
  }

  #arm(peer: Peer, at: number): void {
    peer.beat = this.#kernel.deadlines.arm(at, () => this.#beat(peer))
  }
}

/** Since when nothing went one of the two ways. */
const idleSince = ({ lastReceived, lastSent }: Connection): number => Math.min(lastReceived, lastSent)
