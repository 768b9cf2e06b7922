/**
 * docs/PROTOCOL.md as data: its rules, its examples, its table of close codes.
 *
 * Owns: reading them, and writing what follows from something else: the hex of the examples and the trace of a real run.
 * Does not own: judging them (test/meta/protocol-document.test.ts).
 */
import { readFileSync } from 'node:fs'
import { msgpack } from '../src/serializers/msgpack.js'

export const documentUrl = new URL('../docs/PROTOCOL.md', import.meta.url)

export const readDocument = (): string => readFileSync(documentUrl, 'utf8')

/** Whom a rule binds, and who can show it. */
export type Mark = 'core' | 'option' | 'server' | 'client'

export interface Rule {
  readonly id: string
  readonly mark: string
}

export function rulesOf(text: string): Rule[] {
  return [...text.matchAll(/^\*\*\[([A-Z]+-\d+)\]\*\* \*\((\w+)\)\* \S/gm)].map(([, id = '', mark = '']) => ({
    id,
    mark,
  }))
}

/** A frame's section: `### NAME · number · C|S|B`, prose, an example in JSON, its bytes in MessagePack. */
export interface FrameSection {
  readonly name: string
  readonly number: number
  readonly sender: string
  readonly json: string
  readonly hex: string | null
}

const SECTION = /^### ([A-Z]+) · (\d+) · ([CSB])$/gm
const EXAMPLE = /```json\n(.+)\n```(?:\n\n```hex\n([0-9a-f \n]*)```)?/

export function frameSections(text: string): FrameSection[] {
  const heads = [...text.matchAll(SECTION)]
  return heads.map((head) => {
    const [, name = '', number = '', sender = ''] = head
    const [, json = '', hex = null] = EXAMPLE.exec(bodyAfter(text, head)) ?? []
    return { name, number: Number(number), sender, json, hex }
  })
}

/** From behind a heading to the next heading. */
function bodyAfter(text: string, head: RegExpMatchArray): string {
  const start = (head.index ?? 0) + head[0].length
  const next = text.indexOf('\n##', start)
  return text.slice(start, next < 0 ? undefined : next)
}

/** Bytes as the document shows them: 32 in a line. */
export function hexOf(json: string): string {
  const bytes = msgpack().encode(JSON.parse(json)) as Uint8Array
  const pairs = [...bytes].map((byte) => byte.toString(16).padStart(2, '0'))
  const lines: string[] = []
  for (let at = 0; at < pairs.length; at += 32) lines.push(`${pairs.slice(at, at + 32).join(' ')}\n`)
  return lines.join('')
}

export interface CloseRow {
  readonly code: number
  readonly name: string
  readonly client: string
}

export function closeRows(text: string): CloseRow[] {
  const rows = text.matchAll(/^\| (\d{4}) \| ([A-Z_]+) \| [^|]+ \| [^|]+ \| ([^|]+) \|$/gm)
  return [...rows].map(([, code, name = '', client = '']) => ({ code: Number(code), name, client }))
}

const TRACE = /(<!-- trace -->\n```\n)([\s\S]*?)(```\n)/

export function traceIn(text: string): string {
  return TRACE.exec(text)?.[2] ?? ''
}

/** The document with its derived parts made anew. */
export function withDerivedParts(text: string, trace: string): string {
  const withHex = text.replace(
    /(^### [A-Z]+ · \d+ · [CSB]$[\s\S]*?```json\n)(.+)(\n```)(?:\n\n```hex\n[0-9a-f \n]*```)?/gm,
    (_, before: string, json: string, fence: string) =>
      `${before}${json}${fence}\n\n\`\`\`hex\n${hexOf(json)}\`\`\``,
  )
  return withHex.replace(TRACE, (_, open: string, __, close: string) => `${open}${trace}${close}`)
}
