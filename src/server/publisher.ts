/**
 * Sending from anywhere on the server's side.
 *
 * Owns: `toRoom`, `toUser`, `toSession`, `toAll` outside of handlers, on a server and without one.
 */
import type { AnyContract, Contract } from '../protocol/contract.js'
import { ConfigError } from '../protocol/errors.js'
import { ALL_LOG, roomLog, sessionLog, userLog } from '../protocol/logs.js'
import { systemClock, systemRandom } from '../runtime/system.js'
import { checkPublish } from './contracts.js'
import { copyData } from './copy-data.js'
import type { Audience, Store } from './core/store.js'
import { exceptOf } from './handler-context.js'
import { isPromise } from './promises.js'
import type { Publisher, RoomSendOptions, Sent, Target, UserSendOptions } from './types.js'

export interface SenderServices {
  readonly store: Store
  readonly contract: Contract | undefined
  /** A fresh id that nobody else has; asked for once. */
  readonly newId: () => string
  readonly wall: () => number
  /** Raises if nothing can be sent any more. */
  readonly checkOpen: () => void
  publishVolatile(room: string, type: string, data: unknown, except: readonly string[]): void
  push(userId: string, type: string, data: unknown, options: UserSendOptions): void
}

/** Appends straight to the store. */
export class Sender<C extends Contract> implements Publisher<C> {
  readonly #services: SenderServices
  /** Drawn once: an id from the secure source for each message cost 0.5 of 6 µs. */
  #idPrefix = ''
  #sent = 0

  constructor(services: SenderServices) {
    this.#services = services
  }

  toRoom(id: string): Target<C, RoomSendOptions> {
    const log = roomLog(checkId('room', id))
    return {
      send: (type, data, options) =>
        settled(() => {
          if (options === undefined) return this.#append(log, type, data, null)
          const except = exceptOf(options)
          if (options.volatile === true) return this.#publishVolatile(id, type, data, except)
          return this.#append(log, type, data, except.length > 0 ? { exceptSessions: except } : null)
        }),
    }
  }

  toUser(id: string): Target<C, UserSendOptions> {
    const log = userLog(checkId('user', id))
    return {
      send: async (type, data, options: UserSendOptions = {}) => {
        const { devices } = options
        const sent = await this.#append(
          log,
          type,
          data,
          devices === undefined ? null : { devices: [...devices] },
        )
        this.#services.push(id, type, data, options)
        return sent
      },
    }
  }

  toSession(id: string): Target<C, never> {
    const log = sessionLog(checkId('session', id))
    return { send: (type, data) => settled(() => this.#append(log, type, data, null)) }
  }

  toAll(): Target<C, never> {
    return { send: (type, data) => settled(() => this.#append(ALL_LOG, type, data, null)) }
  }

  #append(log: string, type: string, data: unknown, audience: Audience | null): Sent | PromiseLike<Sent> {
    const { store, contract, wall, checkOpen } = this.#services
    checkOpen()
    checkPublish(contract, type, data)
    const meta = { id: this.#newId(), from: null, at: wall() }
    const appended = store.append({ log, type, data: copyData(data), meta, audience })
    return isPromise(appended) ? appended.then(({ offset }) => ({ offset })) : { offset: appended.offset }
  }

  /** Unique, as the ids of clients’ messages are: a name of this sender’s own, and a count. */
  #newId(): string {
    if (this.#idPrefix === '') this.#idPrefix = this.#services.newId()
    return `${this.#idPrefix}.${++this.#sent}`
  }

  #publishVolatile(room: string, type: string, data: unknown, except: readonly string[]): Sent {
    this.#services.checkOpen()
    checkPublish(this.#services.contract, type, data)
    this.#services.publishVolatile(room, type, copyData(data), except)
    return { offset: 0 }
  }
}

/** One promise for what is known at once or later, and for what was thrown; an async function would make three. */
function settled(send: () => Sent | PromiseLike<Sent>): Promise<Sent> {
  try {
    return Promise.resolve(send())
  } catch (error) {
    // As from an async function: whatever it is.
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors
    return Promise.reject(error)
  }
}

/**
 * Sends from a process without sockets: a job, an HTTP handler, another service. It needs the store that the servers
 * share. Volatile messages need a server and are refused.
 *
 * @example
 * const publisher = createPublisher({ store: redisStore({ url }) });
 * await publisher.toUser('u1').send('invoice.paid', { id: 'i7' });
 */
export function createPublisher<C extends Contract = AnyContract>(options: {
  store: Store
  contract?: C
}): Publisher<C> {
  if (typeof options?.store?.append !== 'function') throw new ConfigError('store', options?.store, 'a store')
  const clock = systemClock()
  const random = systemRandom()
  return new Sender<C>({
    store: options.store,
    contract: options.contract,
    newId: () => random.id(),
    wall: () => clock.wall(),
    checkOpen: () => {},
    publishVolatile: () => {
      throw new ConfigError(
        'volatile',
        true,
        'absent: volatile messages leave from a server, not from a publisher',
      )
    },
    push: () => {},
  })
}

function checkId(what: string, id: string): string {
  if (typeof id !== 'string' || id === '') throw new ConfigError(what, id, 'a non-empty string')
  return id
}
