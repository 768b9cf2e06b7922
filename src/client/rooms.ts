/**
 * The rooms that an application asked for.
 *
 * Owns: that a room is the same object for as long as anybody holds it.
 * Does not own: what a room is joined or heard for, which goes by its name (session/client/rooms.ts, handlers.ts).
 */
import { MAX_NAME_LENGTH } from '../protocol/check.js'
import { ConfigError } from '../protocol/errors.js'
import { ClientRoom, type RoomHost } from './room.js'

/** The name of a room's log is `room/` and its id. */
const MAX_ROOM_LENGTH = MAX_NAME_LENGTH - 5
/** Names of rooms that nobody holds any more are swept out whenever there are so many more. */
const SWEEP_EVERY = 1_000

export class ClientRooms {
  readonly #client: string
  readonly #host: RoomHost
  /** Weak, for rendering looks at rooms that it may never use. */
  readonly #rooms = new Map<string, Pick<WeakRef<ClientRoom>, 'deref'>>()

  constructor(client: string, host: RoomHost) {
    this.#client = client
    this.#host = host
  }

  room(id: string): ClientRoom {
    const known = this.#rooms.get(id)?.deref()
    if (known !== undefined) return known
    if (typeof id !== 'string' || id === '' || id.length > MAX_ROOM_LENGTH)
      throw new ConfigError('room', id, `a string of 1 to ${MAX_ROOM_LENGTH} characters`, this.#client)
    if (this.#rooms.size % SWEEP_EVERY === 0)
      for (const [name, held] of this.#rooms) if (held.deref() === undefined) this.#rooms.delete(name)
    const room = new ClientRoom(id, this.#host)
    // Workers with a compatibility date before May 2025 have none: there, rooms are kept.
    this.#rooms.set(id, typeof WeakRef === 'undefined' ? { deref: () => room } : new WeakRef(room))
    return room
  }
}
