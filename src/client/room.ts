/**
 * A room as applications hold it.
 *
 * Owns: the view on its state, and nothing that others wait for: whichever object of a room is used, it is the same room.
 * Does not own: the state itself (session/client/rooms.ts), handlers and subscribers (the client's); a room can be asked
 * for, and sent to, without being joined.
 */
import type { Contract } from '../protocol/contract.js'
import { ClosedError, ConfigError } from '../protocol/errors.js'
import type { Message } from '../protocol/messages.js'
import type { JoinFrom } from '../session/client/rooms.js'
import type { ClientDriver } from './environment.js'
import type { AnyHandler, HandlerRegistry } from './handlers.js'
import type { Lifetime } from './lifetime.js'
import type { MessageSender } from './message-sender.js'
import type { Subscribers } from './subscribers.js'
import type {
  JoinOptions,
  JoinResult,
  MessagesOptions,
  OnOptions,
  Presence,
  Receipt,
  Room,
  RoomSendOptions,
  RoomSnapshot,
} from './types.js'

/** What rooms need of their client. */
export interface RoomHost {
  readonly driver: ClientDriver
  readonly handlers: HandlerRegistry
  readonly lifetime: Lifetime
  readonly sender: MessageSender
  readonly subscribers: Subscribers
}

export class ClientRoom implements Room<Contract> {
  readonly id: string
  readonly presence: Presence
  readonly #host: RoomHost
  #snapshot: RoomSnapshot | null = null

  constructor(id: string, host: RoomHost) {
    this.id = id
    this.#host = host
    this.presence = {
      get: () => host.driver.machine.room(id).members,
      update: (state) => {
        host.driver.machine.present(id, checkState(state))
        host.driver.touch()
      },
      // Whatever changes in a room changes who is there, but for the beginning of a join.
      subscribe: (listener) => this.subscribe(listener),
    }
  }

  get snapshot(): RoomSnapshot {
    const record = this.#host.driver.machine.room(this.id)
    const cursor = record.state.name === 'joined' ? this.#host.driver.machine.roomCursor(this.id) : null
    const last = this.#snapshot
    if (
      last !== null &&
      last.status === record.state.name &&
      last.members === record.members.size &&
      last.error === record.error &&
      last.cursor?.epoch === cursor?.epoch &&
      last.cursor?.offset === cursor?.offset
    ) {
      return last
    }
    const { members, error, state } = record
    this.#snapshot = Object.freeze({ status: state.name, cursor, members: members.size, error })
    return this.#snapshot
  }

  subscribe(listener: () => void): () => void {
    return this.#host.subscribers.add(this.id, listener)
  }

  join(options: JoinOptions = {}): Promise<JoinResult> {
    const from = checkFrom(options.from)
    const presence = options.presence === undefined ? null : checkState(options.presence)
    return new Promise((resolve, reject) => {
      if (this.#host.lifetime.closed) return reject(new ClosedError('the client is closed'))
      this.#host.driver.machine.join(this.id, from, presence, (answer) => {
        if (!answer.ok) return reject(answer.error)
        const { cursor, recovered, members } = answer
        resolve({ cursor, recovered, members })
      })
      this.#host.driver.touch()
    })
  }

  leave(): Promise<void> {
    return new Promise((resolve) => {
      this.#host.driver.machine.leave(this.id, resolve)
      this.#host.driver.touch()
    })
  }

  send(type: string, data: unknown, options?: RoomSendOptions): Receipt {
    return this.#host.sender.send(this.id, type, data, options)
  }

  on(type: string, handler: AnyHandler, options?: OnOptions): () => void {
    return this.#host.handlers.on(this.id, type, handler, options)
  }

  once(type: string, handler: AnyHandler): () => void {
    return this.#host.handlers.once(this.id, type, handler)
  }

  messages<T extends string>(type: T, options?: MessagesOptions): AsyncIterableIterator<Message<T>> {
    return this.#host.handlers.messages(this.id, type, options)
  }
}

function checkState(state: unknown): object {
  if (typeof state === 'object' && state !== null) return state
  throw new ConfigError('presence', state, 'an object')
}

function checkFrom(from: JoinOptions['from']): JoinFrom | null {
  if (from === undefined || from === 'now' || from === 'start') return from ?? null
  const { epoch, offset } = (from ?? {}) as { epoch?: unknown; offset?: unknown }
  if (typeof epoch === 'string' && Number.isSafeInteger(offset) && (offset as number) >= 0) return from
  throw new ConfigError('from', from, "'now', 'start' or a cursor { epoch, offset }")
}
