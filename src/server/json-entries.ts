/**
 * Entries as JSON text, by hand: of the frame that the server writes for each message down, only what the application
 * sent is left to `JSON.stringify`.
 *
 * Owns: text that is the same to the letter as what `encode` makes of the frame.
 */
import type { Serializer } from '../protocol/codec.js'
import { type EntryMeta, FrameType } from '../protocol/frames.js'
import { encodeElement, json } from '../serializers/json.js'
import type { EntrySerializer } from './core/entry-frames.js'
import type { LogEntry } from './core/store.js'

// oxlint-disable-next-line typescript/unbound-method -- compared, never called
const jsonEncode = json().encode

/** `json()` is taught to write entries faster; every other serializer is left as it is. */
export function withFastEntries(serializer: Serializer): EntrySerializer {
  if (serializer.encode !== jsonEncode) return serializer
  const quoteLog = rememberLast(quote)
  const quoteType = rememberLast(quote)
  const timeText = rememberLast(String)
  return {
    ...serializer,
    encodeEntry: (log, { offset, type, data, meta }: LogEntry) =>
      `[${FrameType.ENTRY},${quoteLog(log)},${offset},${quoteType(type)},${encodeElement(data)},${metaText(meta, timeText)}]`,
  }
}

/** Most entries have three fields; what answers or repeats has more. */
function metaText(meta: EntryMeta, timeText: (at: number) => string): string {
  const { id, from, at, re, error, redelivered } = meta
  if (re !== undefined || error !== undefined || redelivered !== undefined) return encodeElement(meta)
  return `{"id":${quote(id)},"from":${quote(from)},"at":${timeText(at)}}`
}

const quote = (text: string | null): string => JSON.stringify(text ?? null)

/** Logs, types and times repeat: what was asked last is not made again. */
function rememberLast<Value>(make: (value: Value) => string): (value: Value) => string {
  let last: Value | undefined
  let text = ''
  return (value) => {
    if (value !== last) {
      last = value
      text = make(value)
    }
    return text
  }
}
