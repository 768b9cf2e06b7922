/**
 * Names of logs on the wire.
 *
 * Owns: how a room, a user, a session becomes a log name and back. A name always carries a prefix, so that no
 * room or user id can be mistaken for another kind of log or for a key like `__proto__`.
 */

/** The log that reaches everyone. */
export const ALL_LOG = 'all'
/** In HELLO only: one's own user log, for a client that doesn't know yet who it is. */
export const OWN_USER_LOG = 'user'

export const roomLog = (room: string): string => `room/${room}`
export const userLog = (userId: string): string => `user/${userId}`
export const sessionLog = (sessionId: string): string => `session/${sessionId}`
/**
 * Replies to a session's requests have a log of their own: it holds at most `maxRequests` unsettled entries, so it
 * may pass a full receive window, and a handler may await a request (rule 11).
 */
export const repliesLog = (sessionId: string): string => `replies/${sessionId}`

/** What kind of log a name stands for. */
export type LogName =
  | { kind: 'room'; id: string }
  | { kind: 'user'; id: string }
  | { kind: 'session'; id: string }
  | { kind: 'replies'; id: string }
  | { kind: 'all' }

/** Parses a log name; `null` if it is none. */
export function parseLogName(name: string): LogName | null {
  if (name === ALL_LOG) return { kind: 'all' }
  const slash = name.indexOf('/')
  const id = name.slice(slash + 1)
  switch (name.slice(0, slash)) {
    case 'room':
      return { kind: 'room', id }
    case 'user':
      return { kind: 'user', id }
    case 'session':
      return { kind: 'session', id }
    case 'replies':
      return { kind: 'replies', id }
    default:
      return null
  }
}

/** The room of a room log, `null` for any other log. */
export function roomOf(log: string): string | null {
  return log.startsWith('room/') ? log.slice(5) : null
}
