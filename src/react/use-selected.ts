/**
 * A part of a snapshot, as state.
 *
 * Owns: that a component renders again only when the part it selected differs, compared by the values of its fields.
 * Does not own: snapshots (client/).
 */
import { useMemo, useRef, useSyncExternalStore } from './outside.js'

/** Whatever tells that it changed: a client, a room, presence. */
export interface Source {
  subscribe(listener: () => void): () => void
}

/** `server` stands for the snapshot on servers and while a page of theirs is hydrated. */
export function useSelected<Snapshot, Part>(
  source: Source,
  read: () => Snapshot,
  server: Snapshot,
  select: (snapshot: Snapshot) => Part = whole,
): Part {
  const last = useRef<Part | null>(null)
  const subscribe = useMemo(() => (listener: () => void) => source.subscribe(listener), [source])
  // Selected once of each snapshot in a render: React takes a part that is never the same twice for a change without end.
  let seen: Snapshot | undefined
  let part: Part
  const partOf = (snapshot: Snapshot): Part => {
    if (seen !== snapshot) {
      seen = snapshot
      part = select(snapshot)
      if (isSame(last.current, part)) part = last.current as Part
      last.current = part
    }
    return part
  }
  return useSyncExternalStore(
    subscribe,
    () => partOf(read()),
    () => partOf(server),
  )
}

const whole = (snapshot: unknown): never => snapshot as never

/** Same value, or plain objects or arrays whose fields are the same values. A field that is missing is undefined. */
function isSame(a: unknown, b: unknown): boolean {
  return (
    Object.is(a, b) ||
    (isPlain(a) && isPlain(b) && Object.keys({ ...a, ...b }).every((key) => Object.is(a[key], b[key])))
  )
}

/** Not so a Map or a Date: what they hold is no field. */
const isPlain = (value: unknown): value is Record<string, unknown> =>
  Array.isArray(value) || (value as object | null | undefined)?.constructor === Object
