/**
 * `useMessage`: hears messages of a type.
 *
 * Owns: that the handler of the latest render is the one called, and that there is one subscription at a time.
 * Does not own: order and backpressure (client/inbox.ts): what the handler returns is awaited there.
 */
import { useEffect, useRef } from './outside.js'
import type { Handler } from '../client/types.js'
import type { ReceiveData, ReceiveType, RegisteredContract } from '../protocol/contract.js'
import { useClient } from './context.js'

type C = RegisteredContract

export interface UseMessageOptions {
  /** Hears this room (see `useRoom`). @default what is sent to the user, the session and everyone */
  readonly room?: string | undefined
}

/**
 * Calls `handler` with every message of a type, each once and in order, however many come between two renders. To
 * collect them in state pass `setState` a function: `setItems((items) => [...items, item])`.
 *
 * A handler that throws is an `error` of the client's lifecycle, not of React; the next message comes all the same.
 *
 * @example
 * useMessage('price', ({ symbol, value }) => setPrices((prices) => ({ ...prices, [symbol]: value })))
 */
export function useMessage<T extends ReceiveType<C>>(
  type: T,
  handler: Handler<T, ReceiveData<C, T>>,
  { room }: UseMessageOptions = {},
): void {
  const client = useClient()
  const latest = useRef(handler)
  // In the same breath as the subscription and no sooner, so that a message of the old room never meets the new handler:
  // the old subscription ends before this, the new one begins after it.
  useEffect(() => {
    latest.current = handler
  })
  useEffect(() => {
    const receiver = room === undefined ? client : client.room(room)
    return receiver.on(type, (data, message) => latest.current(data, message))
  }, [client, latest, room, type])
}
