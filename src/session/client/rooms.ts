/**
 * The rooms this client wants to be in.
 *
 * Owns: joining and leaving across reconnects, and who is present. `n` grows with every JOIN and LEAVE; answers to older
 * ones are ignored.
 * Does not own: the entries of a room's log (downlink.ts).
 */
import { DeliveryError, type SurewireError } from '../../protocol/errors.js'
import { FrameType, type LogPosition, type Member, type PresenceFrame } from '../../protocol/frames.js'
import type { Cursor } from '../../protocol/messages.js'

/** Where to start reading a room. */
export type JoinFrom = 'now' | 'start' | Cursor

export type JoinAnswer =
  | {
      readonly ok: true
      readonly cursor: Cursor
      readonly recovered: boolean
      readonly members: readonly Member[]
    }
  | { readonly ok: false; readonly error: SurewireError }

type Waiter = (answer: JoinAnswer) => void

/** `asked`: JOIN is on the wire of this connection under `n`. */
export type RoomState =
  | { readonly name: 'out' }
  | {
      readonly name: 'joining'
      readonly from: JoinFrom
      readonly n: number | null
      readonly waiters: Waiter[]
    }
  | {
      readonly name: 'joined'
      readonly cursor: Cursor
      waiters: Waiter[]
      recovered: boolean
      fresh: boolean
    }

export interface RoomRecord {
  readonly id: string
  state: RoomState
  /** Own presence; `null`: don't appear. */
  presence: object | null
  /** The presence has changed and the server was not told yet. */
  presenceDirty: boolean
  members: Map<string, Member>
  version: number
  error: SurewireError | null
  /** Calls of leave() that wait for the answer to LEAVE `n`. */
  leaveWaiters: { readonly n: number; readonly done: () => void }[]
}

export class Rooms {
  #rooms: Map<string, RoomRecord> | null = null
  readonly #changed: (room: string) => void
  /** Rooms of which the server may have to be told something: the end of a turn looks at no others. */
  #unsaid: Set<RoomRecord> | null = null
  /** Rooms that the batch at hand brought JOINED for. */
  #fresh: RoomRecord[] = []
  #n = 0
  #leaving: { readonly n: number; readonly room: string }[] = []

  constructor(changed: (room: string) => void) {
    this.#changed = changed
  }

  /** How a room is. Looking at one that nobody wanted anything of leaves nothing behind. */
  look(id: string): Readonly<RoomRecord> {
    return this.#rooms?.get(id) ?? UNTOUCHED
  }

  #get(id: string): RoomRecord {
    const rooms = (this.#rooms ??= new Map<string, RoomRecord>())
    const record = rooms.get(id) ?? newRecord(id)
    rooms.set(id, record)
    return record
  }

  /** Wants to be in a room. Without `from`, a room that is joined already answers at once. */
  join(id: string, from: JoinFrom | null, presence: object | null, waiter: Waiter): void {
    const room = this.#get(id)
    if (presence !== null) this.#setPresence(room, presence)
    const { state } = room
    if (state.name === 'joined' && from === null) {
      if (state.fresh) state.waiters.push(waiter)
      else waiter({ ok: true, cursor: state.cursor, recovered: true, members: [...room.members.values()] })
      return
    }
    const waiters = state.name === 'joining' ? state.waiters : []
    const start = from ?? (state.name === 'joining' ? state.from : 'now')
    const n = state.name === 'joining' && from === null ? state.n : null
    room.state = { name: 'joining', from: start, n, waiters: [...waiters, waiter] }
    room.error = null
    this.#mustSay(room)
    this.#changed(id)
  }

  /** Wants to be out of a room; `done` once the server said so, or at once if it never knew. */
  leave(id: string, live: boolean, done: () => void): void {
    const room = this.#get(id)
    const { state } = room
    if (state.name === 'out') room.presence = null
    else this.#putOut(room, left('leave() was called'))
    if (state.name !== 'out' && live) {
      room.leaveWaiters.push({ n: this.#askToLeave(id), done })
      return
    }
    this.#forgetIfDone(room)
    done()
  }

  /** The server took up a room that was offered and has been left since: it has to hear of that. */
  offeredInVain(id: string): void {
    if (this.#rooms?.get(id)?.state.name !== 'joining') this.#askToLeave(id)
  }

  #askToLeave(id: string): number {
    this.#leaving.push({ n: ++this.#n, room: id })
    return this.#n
  }

  #mustSay(room: RoomRecord): void {
    this.#unsaid ??= new Set()
    this.#unsaid.add(room)
  }

  /** Changes the own presence. */
  present(id: string, state: object): void {
    this.#setPresence(this.#get(id), state)
  }

  #setPresence(room: RoomRecord, state: object): void {
    room.presence = state
    room.presenceDirty = true
    this.#mustSay(room)
  }

  /** Whether entries of this room are wanted now. */
  follows(id: string): boolean {
    return this.#rooms?.get(id)?.state.name === 'joined'
  }

  /** JOIN, LEAVE and PRESENCE frames that the server has not had on this connection. */
  takeFrames(): (readonly unknown[])[] {
    const frames: (readonly unknown[])[] = this.#leaving.map(({ n, room }) => [FrameType.LEAVE, n, room])
    this.#leaving = []
    const unsaid = this.#unsaid
    if (unsaid === null) return frames
    this.#unsaid = null
    for (const room of unsaid) {
      if (room.state.name === 'joining' && room.state.n === null)
        frames.push(this.#joinFrame(room, room.state))
      else if (room.state.name === 'joined' && room.presenceDirty && room.presence !== null) {
        room.presenceDirty = false
        frames.push([FrameType.PRESENCE, room.id, room.version, 'update', [room.presence]])
      }
    }
    return frames
  }

  #joinFrame(room: RoomRecord, state: RoomState & { name: 'joining' }): unknown[] {
    const n = ++this.#n
    room.state = { ...state, n }
    room.presenceDirty = false
    const [epoch, offset] = startOf(state.from)
    return [FrameType.JOIN, n, room.id, epoch, offset, room.presence]
  }

  /** JOINED: `true` if it answers the latest JOIN, so that its position holds. */
  joined(n: number, id: string, position: LogPosition, members: readonly Member[]): boolean {
    const room = this.#rooms?.get(id)
    if (room === undefined || room.state.name !== 'joining' || room.state.n !== n) return false
    const cursor = { epoch: position[0], offset: position[1] }
    const { from, waiters } = room.state
    const recovered = typeof from !== 'object' || from.epoch === cursor.epoch
    room.members = new Map(members.map((member) => [member.id, member]))
    room.state = { name: 'joined', cursor, waiters, recovered, fresh: true }
    this.#fresh.push(room)
    // It changed while the answer was on its way.
    if (room.presenceDirty) this.#mustSay(room)
    this.#changed(id)
    return true
  }

  /** A GAP in a room that was just joined: the join did not recover everything. */
  notRecovered(id: string): void {
    const state = this.#rooms?.get(id)?.state
    if (state?.name === 'joined' && state.fresh) state.recovered = false
  }

  /** The batch that brought JOINED was read to its end: its GAPs are known now. */
  settleJoins(): void {
    if (this.#fresh.length === 0) return
    const rooms = this.#fresh
    this.#fresh = []
    for (const room of rooms) {
      const { state } = room
      if (state.name !== 'joined' || !state.fresh) continue
      const { waiters, cursor, recovered } = state
      room.state = { ...state, waiters: [], fresh: false }
      for (const waiter of waiters)
        waiter({ ok: true, cursor, recovered, members: [...room.members.values()] })
    }
  }

  /** LEFT: `n` 0 is the server's own doing. Returns whether the room is out now. */
  left(n: number, id: string, why: string): boolean {
    const room = this.#rooms?.get(id)
    if (room === undefined) return false
    settleLeaves(room, n === 0 ? this.#n : n)
    const { state } = room
    this.#forgetIfDone(room)
    if (state.name === 'out') return true
    if (n === 0 ? state.name === 'joining' : state.name !== 'joining' || state.n !== n) return false
    room.error = left(why)
    this.#putOut(room, room.error)
    return true
  }

  presence([, id, version, kind, members]: PresenceFrame): void {
    const room = this.#rooms?.get(id)
    if (room === undefined || room.state.name === 'out') return
    if (kind !== 'sync' && version <= room.version) return
    room.version = version
    const next = kind === 'sync' ? new Map<string, Member>() : new Map(room.members)
    for (const member of members) {
      if (kind === 'leave') next.delete(member.id)
      else next.set(member.id, member)
    }
    room.members = next
    this.#changed(id)
  }

  /** The connection is gone: joins are asked again, leaves are done. */
  lost(): void {
    this.#leaving = []
    for (const room of this.#rooms?.values() ?? []) {
      settleLeaves(room, this.#n)
      if (room.state.name === 'joining') room.state = { ...room.state, n: null }
      room.presenceDirty = room.presence !== null
      room.version = 0
      if (room.state.name === 'joining' || room.presenceDirty) this.#mustSay(room)
      this.#forgetIfDone(room)
    }
  }

  /** Joined rooms that the server did not take up again by their cursors. */
  notResumed(resumed: (room: string) => boolean): string[] {
    return [...(this.#rooms?.values() ?? [])]
      .filter((room) => room.state.name === 'joined' && !resumed(room.id))
      .map((room) => room.id)
  }

  /** Nothing will be joined any more, or, unless `final`, not before somebody connects again. */
  endAll(error: SurewireError, final: boolean): void {
    for (const room of this.#rooms?.values() ?? []) {
      settleLeaves(room, this.#n)
      if (room.state.name === 'joining' || (final && room.state.name === 'joined')) this.#putOut(room, error)
      else this.#failWaiters(room, error)
    }
  }

  /** Whoever joins anew says anew whether to appear: the presence of a room goes with it. */
  #putOut(room: RoomRecord, error: SurewireError): void {
    this.#failWaiters(room, error)
    room.state = { name: 'out' }
    room.presence = null
    room.members = new Map()
    this.#changed(room.id)
  }

  /** Of a room that was left nothing stays, unless there is something to tell of it. */
  #forgetIfDone({ id, state, error, presence, leaveWaiters }: RoomRecord): void {
    if (state.name === 'out' && error === null && presence === null && leaveWaiters.length === 0)
      this.#rooms?.delete(id)
  }

  #failWaiters(room: RoomRecord, error: SurewireError): void {
    if (room.state.name === 'out') return
    const waiters = room.state.waiters.splice(0)
    for (const waiter of waiters) waiter({ ok: false, error })
  }
}

const newRecord = (id: string): RoomRecord => ({
  id,
  state: { name: 'out' },
  presence: null,
  presenceDirty: false,
  members: new Map(),
  version: 0,
  error: null,
  leaveWaiters: [],
})

/** One for all that nothing is known of, never joined or left, so that who looks twice sees the same. */
const UNTOUCHED: Readonly<RoomRecord> = newRecord('')

/** Everything up to `n` was answered. */
function settleLeaves(room: RoomRecord, n: number): void {
  const answered = room.leaveWaiters.filter((waiter) => waiter.n <= n)
  room.leaveWaiters = room.leaveWaiters.filter((waiter) => waiter.n > n)
  for (const { done } of answered) done()
}

/** Epoch and offset for JOIN; both `null`: from now on. */
function startOf(from: JoinFrom): [epoch: string | null, offset: number | null] {
  if (from === 'now') return [null, null]
  if (from === 'start') return [null, 0]
  return [from.epoch, from.offset]
}

function left(why: string): DeliveryError {
  return new DeliveryError(`not in the room: ${why}`, {
    code: why === 'forbidden' ? 'forbidden' : 'left',
    outcome: 'rejected',
  })
}
