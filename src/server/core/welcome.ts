/**
 * WELCOME: a connection becomes live.
 *
 * Owns: the peer made of a greeting, the frame that settles it, and the one live socket per session.
 */
import { CloseCode } from '../../protocol/close-codes.js'
import { FrameType, type LogPosition, PROTOCOL_VERSION, type Welcome } from '../../protocol/frames.js'
import { repliesLog, roomOf } from '../../protocol/logs.js'
import type { Connections } from './connections.js'
import { Fifo } from './fifo.js'
import type { Heartbeats } from './heartbeat.js'
import type { Kernel } from './kernel.js'
import { type Connection, type Follower, type Greeting, type Peer, peerOf, type Session } from './model.js'
import type { Presence } from './presence.js'
import type { Producers } from './producers.js'
import type { Pump } from './pump.js'

export class Welcomes {
  readonly #kernel: Kernel
  readonly #connections: Connections
  readonly #producers: Producers
  readonly #pump: Pump
  readonly #presence: Presence
  readonly #heartbeats: Heartbeats
  /** Session id → its live connection. */
  readonly sessions = new Map<string, Peer>()

  constructor(
    kernel: Kernel,
    connections: Connections,
    producers: Producers,
    pump: Pump,
    presence: Presence,
    heartbeats: Heartbeats,
  ) {
    this.#kernel = kernel
    this.#connections = connections
    this.#producers = producers
    this.#pump = pump
    this.#presence = presence
    this.#heartbeats = heartbeats
  }

  welcome(connection: Connection, session: Session, greeting: Greeting): void {
    const { resumed } = greeting
    this.#displace(session)
    const peer = newPeer(connection, session, greeting, this.#heartbeats.decide(greeting.hello.pingMs))
    connection.phase = { is: 'live', peer }
    this.sessions.set(session.id, peer)
    this.#connections.say(connection, [FrameType.WELCOME, this.#describe(peer, greeting)])
    if (peerOf(connection) !== peer) return // It ended: what the application says of its user cannot be encoded.
    this.#follow(peer, greeting)
    this.#heartbeats.start(peer)
    this.#kernel.counters[resumed ? 'sessionsResumed' : 'sessionsNew']++
    this.#kernel.log('info', 'connection live', {
      connection: connection.id,
      session: session.id,
      user: session.user.id,
      resumed,
      why: greeting.notResumed,
    })
    if (!resumed) this.#kernel.emit({ type: 'session', session })
  }

  /** Producers were taken one by one already; whoever still holds the session starts one of its own. */
  #displace(session: Session): void {
    const before = this.sessions.get(session.id)
    if (before === undefined) return
    this.#connections.end(before.connection, {
      code: CloseCode.SESSION_UNKNOWN,
      reason: 'session moved',
      say: { code: 'session_moved', message: 'another connection took this session over' },
    })
  }

  #describe(peer: Peer, { resumed, notResumed, sessionKey, follows }: Greeting): Welcome {
    const { limits } = this.#kernel
    const { session, producers } = peer
    const why = notResumed === null ? {} : { why: notResumed }
    const logs = follows.map(({ start }): [string, LogPosition] => [start.log, [start.epoch, start.offset]])
    return {
      v: PROTOCOL_VERSION,
      session: { id: session.id, key: sessionKey, resumed, ...why },
      user: session.user,
      producers: producers.map((producer, index) =>
        producer === null ? null : this.#producers.introduce(producer, index),
      ),
      logs: Object.fromEntries(logs),
      pingMs: peer.pingMs,
      sessionMs: limits.sessionMs,
      window: { messages: limits.maxInFlight, bytes: limits.maxInFlightBytes },
      maxFrame: limits.maxFrameBytes,
      caps: {},
    }
  }

  /** Delivery starts: what the readers had of other epochs is reported, the rest is read from the logs. */
  #follow(peer: Peer, { follows, refusedRooms }: Greeting): void {
    const { connection, session } = peer
    peer.replies = peer.followers.get(repliesLog(session.id)) as Follower
    for (const { follower, start } of follows) this.#pump.begin(follower, start)
    for (const { room, why } of refusedRooms)
      this.#connections.say(connection, [FrameType.LEFT, 0, room, why])
    for (const { follower } of follows) {
      const room = roomOf(follower.feed.log)
      if (room === null) continue
      peer.rooms.set(room, { room, state: 'joined', presence: null })
      this.#presence.sync(peer, room)
    }
  }
}

function newPeer(connection: Connection, session: Session, greeting: Greeting, pingMs: number): Peer {
  const { window, maxFrame } = greeting.hello
  return {
    connection,
    session,
    producers: greeting.producers,
    followers: new Map(greeting.follows.map(({ follower, start }) => [start.log, follower])),
    rooms: new Map(),
    window,
    maxFrame,
    sent: { messages: 0, bytes: 0 },
    handled: { messages: 0, bytes: 0 },
    behind: new Fifo(),
    replies: null,
    skipping: new Set(),
    paged: 0,
    blocked: new Set(),
    unacknowledgedBytes: 0,
    pingMs,
    pinged: null,
    beat: null,
    volatiles: 0,
  }
}
