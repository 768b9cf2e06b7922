/**
 * Addresses to dial.
 *
 * Owns: what is one, and the error for what is none.
 */
import { ConfigError } from '../protocol/errors.js'

/** An address as a URL: an absolute one, or one relative to the page. Raises a ConfigError for anything else. */
export function parseAddress(value: unknown): URL {
  const page = (globalThis as { location?: { href?: string } }).location?.href
  if (value instanceof URL || (typeof value === 'string' && value !== '')) {
    try {
      const url = new URL(value, page)
      if (/^(ws|http)s?:$/.test(url.protocol)) return url
    } catch {
      // Falls through to the one error for every kind of wrong address.
    }
  }
  throw new ConfigError(
    'url',
    value,
    "an address with ws:, wss:, http: or https:, such as 'wss://example.com/ws'",
  )
}
