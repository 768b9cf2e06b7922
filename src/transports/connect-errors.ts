/**
 * Why a dial failed, in sentences that a person can act on.
 *
 * Owns: from what the platform tells (an error, or nothing) to a ConnectError.
 * Does not own: what Node tells beyond that (upgrade-errors.ts), nor what follows (connection/policy.ts).
 */
import { ConnectError } from '../protocol/errors.js'

/** An address without what may be secret: no user, password, query. */
export function publicAddress(url: string): string {
  try {
    const { protocol, host, pathname } = new URL(url)
    return `${protocol}//${host}${pathname}`
  } catch {
    return 'the address'
  }
}

/** The dial failed with an error of the platform's, or with none: browsers tell nothing. */
export function failedDial(url: string, cause: unknown, sentence = messageOf(cause)): ConnectError {
  const place = `${publicAddress(url)} could not be reached`
  if (cause === null || cause === undefined) {
    const advice =
      'the platform does not say why: check address, network, certificate and what the server answers'
    return new ConnectError(`${place}; ${advice}`)
  }
  const code = textOf(cause, 'code')
  return new ConnectError(`${place}: ${sentence}${code === '' ? '' : ` (${code})`}`, { cause })
}

/** The platform would not even try. */
export function refusedByPlatform(url: string, cause: unknown): ConnectError {
  const name = textOf(cause, 'name')
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

/** A field of whatever was thrown; empty if it is no text. */
export function textOf(thrown: unknown, field: 'code' | 'name' | 'message'): string {
  const text = (thrown as { readonly [field: string]: unknown } | null | undefined)?.[field]
  return typeof text === 'string' ? text : ''
}

const messageOf = (thrown: unknown): string =>
  (typeof thrown === 'string' ? thrown : textOf(thrown, 'message')) || 'unknown error'
