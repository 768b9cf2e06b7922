/**
 * What a handler gets as its second argument.
 *
 * Owns: collecting what the handler sends until its message is committed; the signal, made when it is asked for.
 * Does not own: running handlers (handlers.ts).
 */
import type { Contract } from '../protocol/contract.js'
import type { User } from '../protocol/frames.js'
import { roomLog, sessionLog, userLog } from '../protocol/logs.js'
import { DeliveryError } from '../protocol/errors.js'
import { checkPublish } from './contracts.js'
import { copyData } from './copy-data.js'
import type { Job, Session } from './core/model.js'
import type { Append, Audience } from './core/store.js'
import type { Context, ContextTarget, Device, RoomSendOptions, UserSendOptions } from './types.js'

/** What contexts need of the engine. */
export interface ContextServices {
  readonly contract: Contract | undefined
  wall(): number
  /** Volatile messages leave at once: there is nothing to commit. */
  publishVolatile(room: string, type: string, data: unknown, except: readonly string[]): void
  /** Gives a message to the notification provider once its handler has succeeded. */
  push(userId: string, type: string, data: unknown, options: UserSendOptions): void
}

/** What a handler runs for: a message, a request, a volatile message, or a new session. */
export type Occasion = Pick<Job, 'id' | 'type' | 'room' | 'redelivered' | 'session'>

export class HandlerContext implements Context {
  readonly #services: ContextServices
  readonly #occasion: Occasion
  #abort: AbortController | null = null
  #abortedBy: DeliveryError | null = null
  #isOpen = true
  #appends: Append[] = []
  #afterwards: (() => void)[] = []

  constructor(services: ContextServices, occasion: Occasion) {
    this.#services = services
    this.#occasion = occasion
  }

  get id(): string {
    return this.#occasion.id
  }
  get type(): string {
    return this.#occasion.type
  }
  get room(): string | null {
    return this.#occasion.room
  }
  get redelivered(): boolean {
    return this.#occasion.redelivered
  }
  get user(): User {
    return this.#occasion.session.user
  }
  get sessionId(): string {
    return this.#occasion.session.id
  }
  get device(): Device {
    return deviceOf(this.#occasion.session)
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController()
    if (this.#abortedBy !== null) this.#abort.abort(this.#abortedBy)
    return this.#abort.signal
  }

  toRoom(id: string): ContextTarget<never, RoomSendOptions> & ContextTarget<Contract, RoomSendOptions> {
    return {
      send: (type: string, data: unknown, options: RoomSendOptions = {}) => {
        const except = exceptOf(options)
        if (options.volatile === true) {
          this.#check(type, data)
          const copy = copyData(data)
          this.#afterwards.push(() => this.#services.publishVolatile(id, type, copy, except))
        } else this.#append(roomLog(id), type, data, except.length > 0 ? { exceptSessions: except } : null)
      },
    }
  }

  toUser(id: string): ContextTarget<Contract, UserSendOptions> {
    return {
      send: (type: string, data: unknown, options: UserSendOptions = {}) => {
        const { devices } = options
        this.#append(userLog(id), type, data, devices === undefined ? null : { devices: [...devices] })
        const copy = this.#appends.at(-1)?.data
        this.#afterwards.push(() => this.#services.push(id, type, copy, options))
      },
    }
  }

  toSession(id: string): ContextTarget<Contract, never> {
    return { send: (type: string, data: unknown) => this.#append(sessionLog(id), type, data, null) }
  }

  /** Tells the handler that its answer no longer counts. */
  abort(code: string): void {
    this.#isOpen = false
    this.#abortedBy = new DeliveryError(`the handler of '${this.type}' was stopped: ${code}`, {
      code,
      outcome: 'unknown',
    })
    this.#abort?.abort(this.#abortedBy)
  }

  /** The handler has ended: what it sent, and nothing more. */
  end(): readonly Append[] {
    this.#isOpen = false
    if (this.#abortedBy === null) for (const then of this.#afterwards) then()
    return this.#appends
  }

  /** The handler failed: what it sent is dropped. */
  discard(): void {
    this.#isOpen = false
  }

  #check(type: string, data: unknown): void {
    if (!this.#isOpen) {
      throw new Error(
        `the handler of '${this.type}' has ended; use the server's own toRoom, toUser or toSession`,
      )
    }
    checkPublish(this.#services.contract, type, data)
  }

  #append(log: string, type: string, data: unknown, audience: Audience | null): void {
    this.#check(type, data)
    const { id, redelivered, session } = this.#occasion
    const meta = {
      id: `${id}:${this.#appends.length + 1}`,
      from: session.user.id,
      at: this.#services.wall(),
      ...(redelivered ? { redelivered } : {}),
    }
    this.#appends.push({ log, type, data: copyData(data), meta, audience })
  }
}

export function deviceOf(session: Session): Device {
  return { sessionId: session.id, info: session.device, connectedAt: session.since }
}

export function exceptOf({ except }: RoomSendOptions): readonly string[] {
  if (except === undefined) return []
  return typeof except === 'string' ? [except] : [...except]
}
