/**
 * A part of a snapshot, as state.
 *
 * Owns: that a component renders again only when the part it selected differs, compared by the values of its fields.
 * Does not own: snapshots (client/).
 */
import { useCallback, useRef, useSyncExternalStore } from 'react'

/** Whatever tells that it changed: a client, a room, presence. */
export interface Source {
  subscribe(listener: () => void): () => void
}

/** `server` stands for the snapshot on servers and while a page of theirs is hydrated. */
export function useSelected<Snapshot, Part>(
  source: Source,
  read: () => Snapshot,
  server: Snapshot,
  select: (snapshot: Snapshot) => Part,
): Part {
  const last = useRef<{ readonly part: Part } | null>(null)
  const subscribe = useCallback((listener: () => void) => source.subscribe(listener), [source])
  const partOf = (snapshot: Snapshot): Part => {
    const part = select(snapshot)
    if (last.current === null || !isSame(last.current.part, part)) last.current = { part }
    return last.current.part
  }
  return useSyncExternalStore(
    subscribe,
    () => partOf(read()),
    () => partOf(server),
  )
}

/** Same value, or plain objects or arrays whose fields are the same values. */
function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (!isPlain(a) || !isPlain(b)) return false
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => key in b && Object.is(a[key], b[key]))
}

/** Not so a Map or a Date: what they hold is no field. */
function isPlain(value: unknown): value is Record<string, unknown> {
  return Array.isArray(value) || (value as object | null | undefined)?.constructor === Object
}
