/**
 * Presence: who is in a room, with what state.
 *
 * Owns: members of this process's connections, the grace for those whose connection broke, PRESENCE frames.
 * What changes within a turn travels as one frame per kind; only the latest state of a member does.
 */
import type { Encoded, Serializer } from '../../protocol/codec.js'
import { FrameType, type Member, type PresenceFrame, type PresenceKind } from '../../protocol/frames.js'
import { roomLog } from '../../protocol/logs.js'
import type { Connections } from './connections.js'
import type { Due } from './deadlines.js'
import type { Feeds } from './feeds.js'
import type { Kernel } from './kernel.js'
import { type Peer, peerOf } from './model.js'

interface Present {
  member: Member
  /** Set while the connection is gone: the member leaves then. */
  grace: Due | null
}

type Change = { readonly kind: Exclude<PresenceKind, 'sync'>; readonly member: Member }

export class Presence {
  readonly #kernel: Kernel
  readonly #connections: Connections
  readonly #feeds: Feeds
  readonly #rooms = new Map<string, Map<string, Present>>()
  /** Session → its rooms, so that a lost connection is cheap. */
  readonly #roomsOf = new Map<string, Map<string, Present>>()
  /** Room → session → latest change of the turn. */
  readonly #changes = new Map<string, Map<string, Change>>()
  /** One count for all rooms: it never starts over while a client remembers it. */
  #version = 0

  constructor(kernel: Kernel, connections: Connections, feeds: Feeds) {
    this.#kernel = kernel
    this.#connections = connections
    this.#feeds = feeds
  }

  members(room: string): Member[] {
    return [...(this.#rooms.get(room)?.values() ?? [])].map(({ member }) => member)
  }

  /** The session appears in the room, or its state changes there. */
  set(peer: Peer, room: string, state: unknown): void {
    const { id: sessionId, user, device } = peer.session
    const present = this.#rooms.get(room)?.get(sessionId)
    const since = present?.member.since ?? this.#kernel.wall()
    const member: Member = { id: sessionId, userId: user.id, sessionId, device, state, since }
    if (present === undefined) {
      this.#enter(room, sessionId, member)
      this.#note(room, 'join', member)
      return
    }
    this.#kernel.deadlines.cancel(present.grace)
    present.grace = null
    present.member = member
    this.#note(room, 'update', member)
  }

  /** A client says how it appears in a room that it follows; `leave`: no longer. */
  received(peer: Peer, [, room, , kind, members]: PresenceFrame): void {
    const membership = peer.rooms.get(room)
    if (membership === undefined) return // LEFT may be on its way.
    const state = kind === 'leave' ? null : stateIn(members)
    if (membership.state === 'joining') membership.presence = state
    else if (state === null) this.leave(peer.session.id, room)
    else this.set(peer, room, state)
  }

  leave(sessionId: string, room: string): void {
    const members = this.#rooms.get(room)
    const present = members?.get(sessionId)
    if (members === undefined || present === undefined) return
    this.#kernel.deadlines.cancel(present.grace)
    members.delete(sessionId)
    if (members.size === 0) this.#rooms.delete(room)
    const rooms = this.#roomsOf.get(sessionId)
    rooms?.delete(room)
    if (rooms?.size === 0) this.#roomsOf.delete(sessionId)
    this.#note(room, 'leave', present.member)
  }

  /** Orderly end: the session is gone everywhere at once. */
  leaveAll(sessionId: string): void {
    for (const room of [...(this.#roomsOf.get(sessionId)?.keys() ?? [])]) this.leave(sessionId, room)
  }

  /** The connection broke: its client has a moment to come back before others see it leave. */
  dropped(sessionId: string): void {
    const { now, limits, deadlines } = this.#kernel
    for (const [room, present] of this.#roomsOf.get(sessionId) ?? []) {
      deadlines.cancel(present.grace)
      present.grace = deadlines.arm(now + limits.presenceGraceMs, () => this.leave(sessionId, room))
    }
  }

  /** Rule 18: all members, for a client that comes back to the room. */
  sync(peer: Peer, room: string): void {
    this.#connections.say(peer.connection, [
      FrameType.PRESENCE,
      room,
      ++this.#version,
      'sync',
      this.members(room),
    ])
  }

  /** Tells the rooms what changed in this turn. */
  flush(): void {
    for (const [room, changes] of this.#changes) {
      for (const kind of ['join', 'update', 'leave'] as const) {
        const members = [...changes.values()]
          .filter((change) => change.kind === kind)
          .map(({ member }) => member)
        if (members.length > 0) this.#tell(room, [FrameType.PRESENCE, room, ++this.#version, kind, members])
      }
    }
    this.#changes.clear()
  }

  #enter(room: string, sessionId: string, member: Member): void {
    const present: Present = { member, grace: null }
    const members = this.#rooms.get(room) ?? new Map<string, Present>()
    members.set(sessionId, present)
    this.#rooms.set(room, members)
    const rooms = this.#roomsOf.get(sessionId) ?? new Map<string, Present>()
    rooms.set(room, present)
    this.#roomsOf.set(sessionId, rooms)
  }

  #note(room: string, kind: Change['kind'], member: Member): void {
    const changes = this.#changes.get(room) ?? new Map<string, Change>()
    const isNew = changes.get(member.sessionId)?.kind === 'join'
    changes.set(member.sessionId, { kind: kind === 'update' && isNew ? 'join' : kind, member })
    this.#changes.set(room, changes)
  }

  /** One encoding per serializer, however many followers. */
  #tell(room: string, frame: PresenceFrame): void {
    const encoded = new Map<Serializer, Encoded>()
    for (const { connection } of this.#feeds.followersOf(roomLog(room))) {
      if (peerOf(connection) === null) continue
      const { serializer } = connection
      const data = encoded.get(serializer) ?? serializer.encode(frame)
      encoded.set(serializer, data)
      this.#connections.sayEncoded(connection, data)
    }
  }
}

/** A client's frame holds one element: its own state, in the place of the members. */
function stateIn(members: unknown): unknown {
  return (Array.isArray(members) ? members[0] : members) ?? null
}
