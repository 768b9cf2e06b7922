/**
 * `useRoom`: in a room for as long as a mounted component wants to be.
 *
 * Owns: joining with the first component and leaving after the last.
 * Does not own: joining again after a loss of the connection (the client does).
 */
import { UNTOUCHED_ROOM, useEffect } from './outside.js'
import type { JoinOptions, Room, RoomSnapshot } from '../client/types.js'
import type { RegisteredContract } from '../protocol/contract.js'
import { useClient } from './context.js'
import { hold } from './leases.js'
import { useConnection } from './use-connection.js'
import { useSelected } from './use-selected.js'

type AppRoom = Room<RegisteredContract>

/** What a component sees of a room. Messages passing do not change it. */
export interface UseRoom extends Omit<RoomSnapshot, 'cursor'> {
  /** To send to, to read from. */
  readonly room: AppRoom
}

/** Rooms that components have joined. Whoever joined a room otherwise is the one to leave it. */
const ours = new WeakSet<AppRoom>()

/**
 * Joins a room while mounted. Components that name the same room share it: the first one joins, with its options, and
 * it is left after the last. Another `id` leaves the old room and joins the new one. A refusal is in `error`.
 *
 * @example
 * const { room, status, members } = useRoom('lobby', { presence: { name: 'Ada' } })
 * useMessage('chat', (line) => setLines((lines) => [...lines, line]), { room: 'lobby' })
 */
export function useRoom(id: string, options?: JoinOptions): UseRoom {
  const client = useClient()
  const room = client.room(id)
  const ended = useConnection(({ status }) => status === 'closed')
  useEffect(() => {
    if (room.snapshot.status === 'out') {
      // A failure is in the room's snapshot, or in the client's when it closed.
      room.join(options).catch(() => undefined)
      ours.add(room)
    }
    return hold(room, () => () => {
      if (ours.delete(room)) void room.leave()
    })
    // A client that closed for an error has given up its joins, and may be connected again: hence `ended`.
    // Options are those of the first render with this room.
  }, [room, ended])
  return useSelected(
    room,
    () => room.snapshot,
    UNTOUCHED_ROOM,
    ({ cursor: _cursor, ...shown }) => ({ room, ...shown }),
  )
}
