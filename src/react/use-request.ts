/**
 * `useRequest`: a request and its answer, as state.
 *
 * Owns: that the latest request counts, and that none outlives its component.
 */
import { useCallback, useEffect, useRef, useState } from 'react'
import type { ReplyData, RegisteredContract, RequestData, RequestType } from '../protocol/contract.js'
import { useClient } from './context.js'

type C = RegisteredContract

export interface UseRequestOptions {
  /** @default the client's `request.timeoutMs` */
  readonly timeoutMs?: number
}

interface RequestState<Reply> {
  readonly pending: boolean
  /** The latest reply; it stays while another is on its way. */
  readonly data: Reply | undefined
  /** Why the latest request failed. */
  readonly error: Error | null
}

export interface UseRequest<Data, Reply> extends RequestState<Reply> {
  /**
   * Asks. What was asked before and is not answered is aborted. The promise may be ignored: a failure is in `error`.
   */
  readonly run: (data: Data) => Promise<Reply>
  /** Gives up what is not answered. */
  readonly abort: () => void
}

/**
 * Requests of a type, with `pending`, `data` and `error`. What is not answered when the component goes is aborted.
 *
 * @example
 * const search = useRequest('search')
 * return <input onChange={(event) => search.run({ text: event.target.value })} aria-busy={search.pending} />
 */
export function useRequest<T extends RequestType<C>>(
  type: T,
  { timeoutMs }: UseRequestOptions = {},
): UseRequest<RequestData<C, T>, ReplyData<C, T>> {
  const client = useClient()
  const [state, setState] = useState<RequestState<ReplyData<C, T>>>(NOTHING)
  const latest = useRef<AbortController>(null)
  const abort = useCallback(() => {
    latest.current?.abort()
    setState((now) => ({ ...now, pending: false }))
  }, [])
  const run = useCallback(
    (data: RequestData<C, T>) => {
      latest.current?.abort()
      const { signal } = (latest.current = new AbortController())
      setState((now) => ({ ...now, pending: true, error: null }))
      const reply = client.request(type, data, timeoutMs === undefined ? { signal } : { signal, timeoutMs })
      const settle = (end: Partial<RequestState<ReplyData<C, T>>>): void => {
        if (!signal.aborted) setState((now) => ({ ...now, pending: false, ...end }))
      }
      reply.then(
        (answer) => settle({ data: answer }),
        (error: Error) => settle({ error }),
      )
      return reply
    },
    [client, type, timeoutMs],
  )
  useEffect(() => abort, [abort, client, type])
  return { ...state, run, abort }
}

const NOTHING = { pending: false, data: undefined, error: null }
