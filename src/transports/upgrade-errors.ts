/**
 * What Node tells of a dial that failed, in sentences that a person can act on.
 *
 * Owns: from an HTTP status, an error code of Node or TLS, to a sentence and a ConnectError. Browsers tell none of it
 * and don't ship it. Does not own: the sentence around it (connect-errors.ts).
 */
import { ConnectError } from '../protocol/errors.js'
import { publicAddress, textOf } from './connect-errors.js'
import type { RefusedUpgrade } from './socket.js'

/** Advice by HTTP status of a refused upgrade. */
const STATUS_ADVICE: { readonly [status: number]: string } = {
  200: 'the path answers as an ordinary page: is it the WebSocket path, and does the proxy pass the Upgrade header?',
  400: 'check the path, and that no proxy strips the Upgrade and Sec-WebSocket headers',
  401: 'it wants other credentials',
  403: 'the credentials or the origin are not allowed',
  404: 'nothing answers at this path: is it misspelt, or doubled by a proxy?',
  405: 'the path is there, but not for WebSocket',
  426: 'a proxy on the way seems to strip the Upgrade header',
  429: 'too many connections from here; it is tried again later',
  502: 'the proxy reaches no server behind it',
  503: 'the server is not available now',
  504: 'the server behind the proxy did not answer',
}

/** Sentences by error code of Node. */
const CODE_SENTENCE: { readonly [code: string]: string } = {
  ECONNREFUSED: 'nothing listens there: is the server running, and the port right?',
  ECONNRESET:
    'the other side cut the connection during the handshake: a proxy or firewall, or TLS expected and not spoken?',
  EPIPE: 'the other side cut the connection during the handshake',
  ENOTFOUND: 'the host name is not known: is it misspelt, or is this machine offline?',
  EAI_AGAIN: 'the host name could not be looked up: is this machine offline?',
  ETIMEDOUT: 'no answer: a firewall drops the packets, or the host is down',
  EHOSTUNREACH: 'the host cannot be reached from here',
  ENETUNREACH: 'there is no network: is this machine offline?',
  EPROTO:
    'TLS failed: the port may speak plain ws: rather than wss:, or lack a certificate, or share no version of TLS with us',
  ERR_SSL_WRONG_VERSION_NUMBER: 'TLS failed: the port seems to speak plain ws: rather than wss:',
  CERT_HAS_EXPIRED: "the server's certificate has expired",
  DEPTH_ZERO_SELF_SIGNED_CERT: "the server's certificate is self-signed: add it to NODE_EXTRA_CA_CERTS",
  SELF_SIGNED_CERT_IN_CHAIN:
    "the server's certificate chain is self-signed: add its root to NODE_EXTRA_CA_CERTS",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate chain of the server is not complete',
  ERR_TLS_CERT_ALTNAME_INVALID: "the server's certificate is for another host name",
}

/** What an error of Node's or TLS's means; `undefined` for one that speaks for itself. */
export const sentenceOf = (error: unknown): string | undefined => CODE_SENTENCE[textOf(error, 'code')]

/** The server answered the upgrade with something else than 101. `now`: wall clock, for a `Retry-After` that is a date. */
export function refusedUpgrade(url: string, response: RefusedUpgrade, now: number): ConnectError {
  const status = response.statusCode ?? 0
  const location = header(response, 'location')
  const redirected = status >= 300 && status < 400 && location !== null
  const advice = redirected
    ? `redirects are not followed; it points to ${publicAddress(absolute(location, url))}`
    : (STATUS_ADVICE[status] ?? 'the server did not open a WebSocket')
  return new ConnectError(`${publicAddress(url)} refused the upgrade with HTTP ${status}: ${advice}`, {
    status,
    retryAfterMs: parseRetryAfter(header(response, 'retry-after'), now),
  })
}

/** `Retry-After` in ms (RFC 9110 section 10.2.3: seconds or a date); `null` if absent or unreadable. */
export function parseRetryAfter(value: string | null, now: number): number | null {
  if (value === null) return null
  if (/^\d{1,9}$/.test(value.trim())) return Number(value) * 1_000
  // A date begins with the day's name; `Date.parse` would read a stray number as a year.
  const date = /^\s*[A-Z]/i.test(value) ? Date.parse(value) : Number.NaN
  return Number.isNaN(date) ? null : Math.max(0, date - now)
}

function header(response: RefusedUpgrade, name: string): string | null {
  const value = response.headers[name]
  return typeof value === 'string' ? value : (value?.[0] ?? null)
}

function absolute(location: string, base: string): string {
  try {
    return new URL(location, base).href
  } catch {
    return location
  }
}
