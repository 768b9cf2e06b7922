/**
 * What may be dialled, and how a socket may be closed: the checks of the WebSocket standard.
 *
 * Owns: SyntaxError and InvalidAccessError, thrown where the standard throws them.
 */

/** A text, or a function that is asked before every dial. */
export type Provided<Value> = Value | (() => Value | Promise<Value>)

/** A token of RFC 9110 section 5.6.2, as a subprotocol has to be. */
const TOKEN = /^[\w!#$%&'*+\-.^`|~]+$/

/** The close code of a connection that did what it was for. */
export const NORMAL = 1000
/** As surewire's own (protocol/close-codes.ts): a socket was given up for its silence. */
export const TIMEOUT = 4000

/** Longest reason in bytes. */
const MAX_REASON_BYTES = 123

/** What a relative address is relative to: a page's `<base>` or own address, a worker's address. */
interface Surroundings {
  readonly document?: { readonly baseURI?: string }
  readonly location?: { readonly href?: string }
}

/** The address as it is dialled and as `url` shows it: absolute, `ws:` or `wss:`. */
export function checkUrl(value: unknown): string {
  const address = String(value)
  try {
    const { document, location } = globalThis as Surroundings
    const { href } = new URL(address, document?.baseURI ?? location?.href)
    if (/^(ws|http)s?:[^#]*$/.test(href)) return href.replace(/^http/, 'ws')
  } catch {
    // Whatever is wrong with an address, the standard has one error for it.
  }
  throw syntaxError(`'${address}' is no ws:, wss:, http: or https: address without a fragment (#)`)
}

export function checkProtocols(value: unknown): string[] {
  const given = value ?? []
  const protocols = (typeof given === 'object' ? [...(given as Iterable<unknown>)] : [given]).map(String)
  const wrong = protocols.find((protocol, at) => !TOKEN.test(protocol) || protocols.indexOf(protocol) < at)
  if (wrong === undefined) return protocols
  throw syntaxError(`the subprotocol '${wrong}' is no token, or named twice`)
}

/** Codes that an application may close with, rounded, and how long a reason may be. */
export function checkClose<Code extends number | undefined>(given: Code, reason: string): Code {
  const code = (given && Math.round(given)) as Code
  if (code !== undefined && code !== NORMAL && !(code >= 3000 && code <= 4999))
    throw new DOMException(`close code ${code}: 1000, or 3000 to 4999`, 'InvalidAccessError')
  if (new TextEncoder().encode(reason).length > MAX_REASON_BYTES)
    throw syntaxError(`the reason is longer than ${MAX_REASON_BYTES} bytes`)
  return code
}

const syntaxError = (message: string): DOMException => new DOMException(message, 'SyntaxError')
