/**
 * The client's half of the handshake: HELLO out, WELCOME in.
 *
 * Owns: what HELLO says, who the server takes this client for, and the session's identity across connections.
 * Does not own: settling producers (resume.ts) or following logs (downlink.ts).
 */
import {
  type DeviceInfo,
  type Hello,
  PROTOCOL_VERSION,
  type User,
  type Welcome,
} from '../../protocol/frames.js'
import { ProtocolError } from '../../protocol/errors.js'
import { ALL_LOG, OWN_USER_LOG, repliesLog, sessionLog, userLog } from '../../protocol/logs.js'
import type { Producer } from '../../delivery/producer.js'
import type { Downlink } from './downlink.js'

export interface HandshakeConfig {
  readonly device: DeviceInfo | null
  readonly userLogFrom: 'now' | 'start'
  /** Wished interval of the server's pings; 0: none. */
  pingMs: number
  /** Longest batch in bytes that this client takes. */
  readonly maxFrame: number
}

/** What a WELCOME changed. */
export interface Recognition {
  readonly resumed: boolean
  readonly user: User
  /** The session that could not be resumed; its logs are over. */
  readonly ended: string | null
  /** The server takes this client for somebody else than before (rule 15). */
  readonly userChanged: boolean
}

interface KnownSession {
  readonly id: string
  readonly key: string
  attach: number
}

export class Handshake {
  readonly #config: HandshakeConfig
  #session: KnownSession | null = null
  #shown: { readonly id: string; readonly resumed: boolean } | null = null
  #user: User | null = null
  /** Where replies to this session come; empty before the first WELCOME. */
  #replies = ''
  /** Logs of the session and its user, as of the last WELCOME. */
  #own: readonly string[] = []
  /** The server said that the session is gone: the next HELLO asks for a new one. */
  #forgotten = false

  constructor(config: HandshakeConfig) {
    this.#config = config
  }

  /** The log that brings replies. */
  get repliesLog(): string {
    return this.#replies
  }

  /** The same object until the next WELCOME: applications compare. */
  get session(): { readonly id: string; readonly resumed: boolean } | null {
    return this.#shown
  }

  /** The session must not be offered again. */
  forgetSession(): void {
    this.#forgotten = true
  }

  beforeDial(): void {
    if (this.#session !== null) this.#session.attach++
  }

  hello(producers: readonly Producer[], downlink: Downlink, auth: unknown): Hello {
    const { pingMs, maxFrame, device, userLogFrom } = this.#config
    const session = this.#forgotten ? null : this.#session
    const fromStart = this.#user === null && userLogFrom === 'start'
    const cursors = downlink.positions()
    return {
      v: PROTOCOL_VERSION,
      ...(session === null ? {} : { session: { ...session } }),
      producers: producers.map((producer) => producer.offer()),
      cursors: fromStart ? { ...cursors, [OWN_USER_LOG]: ['', 0] } : cursors,
      ...(auth === undefined ? {} : { auth }),
      pingMs,
      window: downlink.window,
      maxFrame,
      ...(device === null ? {} : { device }),
      caps: {},
    }
  }

  /** Takes note of who the server says we are. */
  welcomed(welcome: Welcome): Recognition {
    const { session, user, v } = welcome
    if (v !== PROTOCOL_VERSION) {
      throw new ProtocolError(`WELCOME is of version ${v}; this client speaks ${PROTOCOL_VERSION}`, {
        code: 'version',
      })
    }
    if (session.resumed && (this.#forgotten || session.id !== this.#session?.id)) {
      throw new ProtocolError(`WELCOME resumes session ${session.id}, which was not offered`, {
        code: 'unknown_session',
      })
    }
    const ended = this.#session !== null && !session.resumed ? this.#session.id : null
    const userChanged = this.#user !== null && !sameOwner(this.#user.id, user.id)
    const attach = (session.resumed ? this.#session?.attach : null) ?? 1
    this.#session = { id: session.id, key: session.key, attach }
    this.#replies = repliesLog(session.id)
    this.#own = [ALL_LOG, this.#replies, sessionLog(session.id), userLog(user.id)]
    this.#shown = { id: session.id, resumed: session.resumed }
    this.#user = user
    this.#forgotten = false
    return { resumed: session.resumed, user, ended, userChanged }
  }

  /** Whether a log that is not a room's belongs to this session and user. */
  owns(log: string): boolean {
    return this.#own.includes(log)
  }

  /** AUTHED: new credentials hold. */
  authenticated(user: User): void {
    this.#user = user
  }
}

/** Anonymous users count as one owner: their ids follow the session (rule 15). */
export function sameOwner(a: string, b: string): boolean {
  return a === b || (a.startsWith('anonymous:') && b.startsWith('anonymous:'))
}
