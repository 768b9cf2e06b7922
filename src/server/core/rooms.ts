/**
 * Rooms: JOIN and LEAVE.
 *
 * Owns: who may follow a room and from where, and the answers JOINED and LEFT.
 * Does not own: positions in a log (feeds.ts), members (presence.ts).
 */
import { FrameType, type JoinFrame, type LeaveFrame } from '../../protocol/frames.js'
import { roomLog } from '../../protocol/logs.js'
import type { Connections } from './connections.js'
import type { Feeds, Wish } from './feeds.js'
import type { Kernel } from './kernel.js'
import { type Follower, type Membership, type Peer, peerOf, type Start } from './model.js'
import type { Presence } from './presence.js'
import type { Pump } from './pump.js'

export class Rooms {
  readonly #kernel: Kernel
  readonly #connections: Connections
  readonly #feeds: Feeds
  readonly #pump: Pump
  readonly #presence: Presence

  constructor(kernel: Kernel, connections: Connections, feeds: Feeds, pump: Pump, presence: Presence) {
    this.#kernel = kernel
    this.#connections = connections
    this.#feeds = feeds
    this.#pump = pump
    this.#presence = presence
  }

  /** A room that is followed already starts over at the asked position. */
  join(peer: Peer, frame: JoinFrame): void {
    const [, n, room, , , presence] = frame
    const { maxRooms } = this.#kernel.limits
    if (!peer.rooms.has(room) && peer.rooms.size >= maxRooms) {
      this.#left(peer, n, room, 'too_many_rooms')
      return
    }
    const membership: Membership = { room, state: 'joining', presence: presence ?? null }
    peer.rooms.set(room, membership)
    const wanted = (): boolean => peerOf(peer.connection) === peer && peer.rooms.get(room) === membership
    const { user } = peer.session
    this.#kernel.askPermission({ kind: 'join', room, type: null, user }, (answer) => {
      if (!wanted()) return
      if (answer === 'allowed') {
        this.#stopFollowing(peer, room)
        this.#feeds.follow(peer.connection, roomLog(room), wishOf(frame), wanted, (follower, start) =>
          this.#joined(peer, membership, frame, follower, start),
        )
        return
      }
      this.#forget(peer, room)
      this.#left(peer, n, room, answer)
    })
  }

  leave(peer: Peer, [, n, room]: LeaveFrame): void {
    this.#forget(peer, room)
    this.#left(peer, n, room, 'asked')
  }

  #joined(peer: Peer, membership: Membership, frame: JoinFrame, follower: Follower, start: Start): void {
    const [, n, room] = frame
    membership.state = 'joined'
    peer.followers.set(follower.feed.log, follower)
    if (membership.presence !== null) this.#presence.set(peer, room, membership.presence)
    const members = this.#presence.members(room)
    const { connection } = peer
    this.#connections.say(connection, [FrameType.JOINED, n, room, start.epoch, start.offset, members])
    this.#pump.begin(follower, start)
  }

  #left(peer: Peer, n: number, room: string, why: string): void {
    if (why !== 'asked') {
      this.#kernel.log('info', 'join refused', {
        session: peer.session.id,
        user: peer.session.user.id,
        room,
        why,
      })
    }
    this.#connections.say(peer.connection, [FrameType.LEFT, n, room, why])
  }

  #forget(peer: Peer, room: string): void {
    peer.rooms.delete(room)
    this.#presence.leave(peer.session.id, room)
    this.#stopFollowing(peer, room)
  }

  #stopFollowing(peer: Peer, room: string): void {
    const follower = peer.followers.get(roomLog(room))
    if (follower !== undefined) this.#pump.unfollow(peer, follower)
  }
}

/** No offset: from now; no epoch: of the log as it is. */
function wishOf([, , , epoch, offset]: JoinFrame): Wish {
  if (offset === undefined || offset === null) return null
  return { epoch: epoch === undefined || epoch === '' ? null : epoch, offset }
}
