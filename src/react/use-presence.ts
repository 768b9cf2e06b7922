/**
 * `usePresence`: who is in a room.
 */
import type { Member } from '../protocol/frames.js'
import { useClient } from './context.js'
import { useSelected } from './use-selected.js'

export interface UsePresence {
  /** By member id; the same map until somebody came, changed or left. */
  readonly members: ReadonlyMap<string, Member>
  /** Changes how others see this session. */
  readonly update: (state: object) => void
}

const NOBODY: ReadonlyMap<string, Member> = new Map()

/**
 * Who is in a room, and what they say of themselves. It does not join: `useRoom` does.
 *
 * @example
 * const { members, update } = usePresence('lobby')
 * return <input onFocus={() => update({ typing: true })} onBlur={() => update({ typing: false })} />
 */
export function usePresence(id: string): UsePresence {
  const { presence } = useClient().room(id)
  const members = useSelected<ReadonlyMap<string, Member>, ReadonlyMap<string, Member>>(
    presence,
    () => presence.get(),
    NOBODY,
  )
  return { members, update: presence.update }
}
