/**
 * What becomes of a dial.
 *
 * Owns: addresses, the choice of a subprotocol, how a refusal looks to the client.
 * Does not own: the rules and listeners themselves (network.ts).
 */
import { ConnectError } from '../protocol/errors.js'
import type { DialTarget } from '../runtime/ports.js'
import type { ListenOptions, PeerHandlers, RefuseOptions, TestPeer, TestRequest } from './network-types.js'

/** What the network decides about a dial that reaches it. */
export type Answer =
  | { readonly kind: 'accept'; readonly protocol: string; readonly accept: (peer: TestPeer) => PeerHandlers }
  | { readonly kind: 'refuse'; readonly error: Error }
  | { readonly kind: 'hang' }

/** Who listens at an address. */
export interface Listener {
  readonly accept: (peer: TestPeer) => PeerHandlers
  readonly options: ListenOptions
}

/** The first subprotocol offered that the listener speaks; none in common is a bad request. */
export function negotiate({ accept, options }: Listener, target: DialTarget): Answer {
  const spoken = options.protocols
  const protocol = target.protocols.find((offer) => spoken === undefined || spoken.includes(offer))
  if (protocol === undefined && spoken !== undefined) return refusal(target, { status: 400 })
  return { kind: 'accept', protocol: protocol ?? '', accept }
}

export function refusal(target: DialTarget, { status, retryAfterMs }: RefuseOptions): Answer {
  const why =
    status === undefined
      ? `nothing answers at ${target.url}`
      : `${target.url} answered with HTTP status ${status}`
  const error = new ConnectError(why, { status: status ?? null, retryAfterMs: retryAfterMs ?? null })
  return { kind: 'refuse', error }
}

/** Host and path: the scheme and the query don't tell one listener from another. */
export function addressOf(url: string): string {
  const { host, pathname } = new URL(url)
  return host + pathname
}

/** What stands for the HTTP request of the upgrade. */
export function requestOf(target: DialTarget): TestRequest {
  const { host, pathname, search } = new URL(target.url)
  const offered = target.protocols.length > 0 ? { 'sec-websocket-protocol': target.protocols.join(', ') } : {}
  return { method: 'GET', url: pathname + search, headers: { host, ...offered } }
}
