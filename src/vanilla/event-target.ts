/**
 * toEventTarget: a client as an EventTarget of the platform.
 *
 * Owns: subscribing to what is listened to, once per kind and only when somebody does.
 */
import type { Client, Handler, LifecycleEvents } from '../client/types.js'
import type { AnyContract, Contract, ReceiveData, ReceiveType } from '../protocol/contract.js'

type MessageOf<C extends Contract, T extends ReceiveType<C>> = Parameters<Handler<T, ReceiveData<C, T>>>[1]

/** Names of events and what their listeners get; the news is in `event.detail`. */
export type ClientEventMap<C extends Contract = AnyContract> = {
  status: CustomEvent<{
    readonly status: LifecycleEvents['status'][0]
    readonly previous: LifecycleEvents['status'][1]
    readonly cause: LifecycleEvents['status'][2]
  }>
} & {
  [E in Exclude<keyof LifecycleEvents, 'status'>]: CustomEvent<LifecycleEvents[E][0]>
} & {
  [T in ReceiveType<C> as `message:${T}`]: CustomEvent<MessageOf<C, T>>
}

/** An EventTarget that knows its events. */
export interface ClientEventTarget<C extends Contract = AnyContract> extends EventTarget {
  addEventListener<E extends keyof ClientEventMap<C> & string>(
    type: E,
    listener: ((event: ClientEventMap<C>[E]) => void) | EventListenerObject | null,
    options?: AddEventListenerOptions | boolean,
  ): void
  removeEventListener<E extends keyof ClientEventMap<C> & string>(
    type: E,
    listener: ((event: ClientEventMap<C>[E]) => void) | EventListenerObject | null,
    options?: EventListenerOptions | boolean,
  ): void
}

/**
 * Makes an EventTarget of a client: lifecycle events under their names (`status`, `open`, `close`, `settled`, `gap`, `error`,
 * `warning`) and messages as `message:` and their type, as CustomEvents whose `detail` is what a handler would get. `status`
 * has `{ status, previous, cause }`.
 *
 * The client is asked only for what somebody listens to, and from then on for as long as it lives: make one target, not many. Listeners cannot hold up messages, whatever they return, and one
 * that throws is reported to the page (`window.onerror`): a message counts as handled once it was dispatched. What has to be
 * handled for certain goes through `client.on`.
 *
 * @example
 * const target = toEventTarget(client)
 * target.addEventListener('status', ({ detail }) => console.log(detail.status, detail.cause.message))
 * target.addEventListener('message:chat', ({ detail }) => console.log(detail.from, detail.data), { once: true })
 */
export function toEventTarget<C extends Contract = AnyContract>(client: Client<C>): ClientEventTarget<C> {
  const target = new EventTarget()
  const listen = target.addEventListener.bind(target)
  const heard = new Set<string>()
  target.addEventListener = (type, listener, options) => {
    listen(type, listener, options)
    if (heard.has(type)) return
    heard.add(type)
    hear(client, type, (detail) => target.dispatchEvent(new CustomEvent(type, { detail })))
  }
  return target as ClientEventTarget<C>
}

/** A type that is neither a message's nor of the lifecycle is never told of. */
function hear(client: Client, type: string, tell: (detail: unknown) => void): void {
  if (type.startsWith('message:')) client.on(type.slice(8), (_data, message) => tell(message))
  else
    client.lifecycle.on(type as 'status', (status, previous, cause) =>
      tell(type === 'status' ? { status, previous, cause } : status),
    )
}
