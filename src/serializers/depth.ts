/**
 * How deep JSON text is nested, found out before it is parsed (rule 13).
 *
 * Owns: a linear scan that builds nothing. MessagePack has its own walk in msgpack-walk.ts.
 */

const QUOTE = 0x22
const BACKSLASH = 0x5c
/** `[` and `{` differ in this bit alone, and so do `]` and `}`. */
const CURLY = 0x20
const OPEN = 0x7b
const CLOSE = 0x7d

/** Whether brackets outside of strings nest deeper than `maxDepth`. Linear; right for malformed text too. */
export function isDeeperThan(text: string, maxDepth: number): boolean {
  if (!hasMoreBrackets(text, maxDepth)) return false
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit === QUOTE) at = endOfString(text, at)
    else if ((unit | CURLY) === OPEN) {
      if (++depth > maxDepth) return true
    } else if ((unit | CURLY) === CLOSE) depth--
  }
  return false
}

/** A native search for more than `limit` opening brackets: most messages are let through by it at once. */
function hasMoreBrackets(text: string, limit: number): boolean {
  if (text.length <= limit) return false
  let left = limit
  for (const bracket of ['[', '{']) {
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1)) {
      left--
      if (left < 0) return true
    }
  }
  return false
}

/** Index of the quote that ends the string which begins at `start`; the end of the text if none does. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++
    if (backslashes % 2 === 0) return end
  }
  return text.length
}
