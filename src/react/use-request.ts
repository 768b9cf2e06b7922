/**
 * `useRequest`: a request and its answer, as state.
 *
 * Owns: that the latest request counts, and that none outlives its component, or what it was asked for.
 */
import { HAS_ACTIVITY, useEffect, useInsertionEffect, useMemo, useState } from './outside.js'
import type { ReplyData, RegisteredContract, RequestData, RequestType } from '../protocol/contract.js'
import { useClient } from './context.js'
import { hold } from './leases.js'

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
   * Asks. What was asked before and is not answered is aborted. The promise may be ignored: a failure is in `error`. After
   * the component is gone, or asks another client or for another type by now, nothing is asked: it rejects as `aborted`.
   */
  readonly run: (data: Data) => Promise<Reply>
  /** Gives up what is not answered. */
  readonly abort: () => void
}

const NOTHING = { pending: false, data: undefined, error: null }

/**
 * Requests of a type, with `pending`, `data` and `error`. What is not answered when the component goes is aborted. Another
 * type, client or `timeoutMs` begins anew: the old request is aborted and its state gone.
 *
 * @example
 * const search = useRequest('search')
 * return <input onChange={(event) => search.run({ text: event.target.value })} aria-busy={search.pending} />
 */
export function useRequest<T extends RequestType<C>>(
  type: T,
  { timeoutMs }: UseRequestOptions = {},
): UseRequest<RequestData<C, T>, ReplyData<C, T>> {
  type State = RequestState<ReplyData<C, T>>
  const client = useClient()
  const [[by, state], setLast] = useState<readonly [by: object | null, State]>([null, NOTHING])
  // All that is asked of one client, for one type and within one time.
  const asker = useMemo(() => {
    let latest = new AbortController()
    let isOver = false
    const change = (part: Partial<State>): void => {
      if (!isOver) setLast(([of, now]) => [made, { ...(of === made ? now : NOTHING), ...part }])
    }
    const abort = (): void => {
      latest.abort()
      change({ pending: false })
    }
    const run = (data: RequestData<C, T>): Promise<ReplyData<C, T>> => {
      abort()
      if (!isOver) latest = new AbortController()
      const { signal } = latest
      const settle = (end: Partial<State>): void => {
        if (!signal.aborted) change({ pending: false, ...end })
      }
      change({ pending: true, error: null })
      const reply = client.request(type, data, { signal, timeoutMs })
      reply.then(
        (answer) => settle({ data: answer }),
        (error: Error) => settle({ error }),
      )
      return reply
    }
    const end = (): void => {
      isOver = true
      abort()
    }
    const made = { abort, end, run }
    return made
  }, [client, timeoutMs, type])
  // Unlike other effects it ends for good only: StrictMode and <Activity> end those of what comes back.
  useInsertionEffect(() => asker.end, [asker])
  // Before React had <Activity> (19.2), it forgot to end that one in what goes while suspended, but ended these.
  useEffect(() => (HAS_ACTIVITY ? undefined : hold(asker, () => asker.end)), [asker])
  return { ...(by === asker ? state : NOTHING), run: asker.run, abort: asker.abort }
}
