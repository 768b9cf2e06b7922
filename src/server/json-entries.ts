/**
 * Entries as JSON text, by hand: of the frame that the server writes for each message down, only what the application
 * sent is left to `JSON.stringify`.
 *
 * Owns: text that is the same to the letter as what `encode` makes of the frame of an entry as this server appends it.
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
  const timeText = rememberLast(quote)
  return {
    ...serializer,
    encodeEntry: (log, { offset, type, data, meta }: LogEntry) =>
      `[${FrameType.ENTRY},${quoteLog(log)},${offset},${quoteType(type)},${encodeElement(data)},${metaText(meta, timeText)}]`,
  }
}

/** Most entries have three fields; what answers or repeats has more. */
function metaText(meta: EntryMeta, timeText: typeof quote): string {
  const { id, from, at, re, error, redelivered } = meta
  if (re !== undefined || error !== undefined || redelivered !== undefined) return encodeElement(meta)
  return `{"id":${quote(id)},"from":${quote(from)},"at":${timeText(at)}}`
}

const quote = (value: string | number | null): string => JSON.stringify(value ?? null)

/** Logs, types and times repeat: what was asked last is not made again. */
function rememberLast(make: typeof quote): typeof quote {
  let last: string | number | null = null
  let text = make(last)
  return (value) => {
    if (value !== last) {
      last = value
      text = make(value)
    }
    return text
  }
}
