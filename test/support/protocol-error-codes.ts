/**
 * The codes of FAIL, as the sources say them.
 *
 * Owns: finding them: in errors for the peer that the parser, the codecs and the server's core raise, and in endings.
 */
import { readSources } from './sources.js'

/** Files whose ProtocolErrors a client is told of. */
const READERS =
  /^src\/(protocol\/(parse|check|shapes|client-frames)|serializers\/refuse|server\/core\/[\w-]+)\.ts$/

export function protocolErrorCodes(): string[] {
  const codes = new Set<string>()
  for (const [path, text] of readSources()) {
    if (!READERS.test(path)) continue
    // In an error: `code: '…'` in its details.
    for (const [, code = ''] of text.matchAll(/new ProtocolError\([\s\S]*?code: '(\w+)'/g)) codes.add(code)
    // In an ending: `say: { code: '…'`, or the second argument of a helper that ends a connection.
    for (const [, code = ''] of text.matchAll(/say: \{ code: '(\w+)'/g)) codes.add(code)
    for (const [, code = ''] of text.matchAll(/\bend\(\s*peer,\s*[\w.]+,\s*'(\w+)'/g)) codes.add(code)
    for (const [, code = ''] of text.matchAll(/refuse\(\s*connection,\s*[\w.]+,\s*'(\w+)'/g)) codes.add(code)
  }
  // Said with the words of another part: Authentication.
  codes.add('auth_refused').add('auth_unavailable')
  return [...codes].toSorted()
}
