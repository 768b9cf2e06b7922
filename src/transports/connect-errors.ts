/**
 * Why a dial failed, in sentences that a person can act on.
 *
 * Owns: from what the platform tells (an HTTP status, an error code of Node or TLS, or nothing) to a ConnectError.
 * Does not own: what follows (connection/policy.ts).
 */
import { ConnectError } from '../protocol/errors.js'
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
  EPROTO: 'TLS failed: the port may speak plain ws: rather than wss:',
  ERR_SSL_WRONG_VERSION_NUMBER: 'TLS failed: the port seems to speak plain ws: rather than wss:',
  CERT_HAS_EXPIRED: "the server's certificate has expired",
  DEPTH_ZERO_SELF_SIGNED_CERT: "the server's certificate is self-signed: add it to NODE_EXTRA_CA_CERTS",
  SELF_SIGNED_CERT_IN_CHAIN:
    "the server's certificate chain is self-signed: add its root to NODE_EXTRA_CA_CERTS",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate chain of the server is not complete',
  ERR_TLS_CERT_ALTNAME_INVALID: "the server's certificate is for another host name",
}

/** An address without what may be secret: no user, password, query. */
export function publicAddress(url: string): string {
  try {
    const { protocol, host, pathname } = new URL(url)
    return `${protocol}//${host}${pathname}`
  } catch {
    return 'the address'
  }
}

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

/** The dial failed with an error of the platform's, or with none: browsers tell nothing. */
export function failedDial(url: string, cause: unknown): ConnectError {
  const place = `${publicAddress(url)} could not be reached`
  if (cause === null || cause === undefined) {
    const advice =
      'the platform does not say why: check address, network, certificate and what the server answers'
    return new ConnectError(`${place}; ${advice}`)
  }
  const code = errorCode(cause)
  const sentence = code === null ? undefined : CODE_SENTENCE[code]
  return new ConnectError(`${place}: ${sentence ?? messageOf(cause)}${code === null ? '' : ` (${code})`}`, {
    cause,
  })
}

/** The platform would not even try. */
export function refusedByPlatform(url: string, cause: unknown): ConnectError {
  const name = cause instanceof Error || isNamed(cause) ? cause.name : ''
  const advice = name === 'SecurityError' ? '; a page loaded over https: may only open wss: addresses' : ''
  return new ConnectError(`${publicAddress(url)} cannot be dialled: ${messageOf(cause)}${advice}`, {
    cause,
    // A wrong address, protocol name or mixed content does not get better by trying.
    retryable: name !== 'SecurityError' && name !== 'SyntaxError',
  })
}

/** The server opened the connection, but speaks none of the offered subprotocols. */
export function wrongSubprotocol(url: string, offered: readonly string[], chosen: string): ConnectError {
  const answer = chosen === '' ? 'chose none' : `chose '${chosen}'`
  return new ConnectError(
    `${publicAddress(url)} ${answer} of the offered subprotocols ${offered.join(', ')}: is this a server of that kind?`,
  )
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

function errorCode(cause: unknown): string | null {
  const code = typeof cause === 'object' && cause !== null ? (cause as { code?: unknown }).code : null
  return typeof code === 'string' ? code : null
}

const isNamed = (value: unknown): value is { name: string } =>
  typeof value === 'object' && value !== null && typeof (value as { name?: unknown }).name === 'string'

function messageOf(cause: unknown): string {
  const message =
    typeof cause === 'object' && cause !== null ? (cause as { message?: unknown }).message : cause
  return typeof message === 'string' && message !== '' ? message : 'unknown error'
}
