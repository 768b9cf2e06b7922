import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  closeRows,
  frameSections,
  hexOf,
  readDocument,
  rulesOf,
  traceIn,
  withDerivedParts,
} from '../../scripts/protocol-document.js'
import { protocolTrace } from '../../scripts/protocol-trace.js'
import { CloseCode, closeAction } from '../../src/protocol/close-codes.js'
import { FrameType } from '../../src/protocol/frames.js'
import { parseClientFrame, parseServerFrame } from '../../src/protocol/parse.js'
import { protocolErrorCodes } from '../support/protocol-error-codes.js'

const text = readDocument()
const rules = rulesOf(text)
const ids = rules.map(({ id }) => id)

const conformance = new URL('../conformance/', import.meta.url)
const tested = readdirSync(conformance)
  .filter((name) => name.endsWith('.test.ts'))
  .flatMap((name) => [
    ...readFileSync(new URL(name, conformance), 'utf8').matchAll(/['"`]\[([A-Z]+-\d+)\] /g),
  ])
  .map(([, id = '']) => id)

/** What a list has more than once. */
const repeated = (list: readonly unknown[]): unknown[] =>
  list.filter((item, index) => list.indexOf(item) !== index)

/** Names and numbers of an enumeration, which also maps numbers to names. */
const numbersIn = (enumeration: object): [string, unknown][] =>
  Object.entries(enumeration).filter(([, value]) => typeof value === 'number')

describe('the rules of docs/PROTOCOL.md', () => {
  it('are found', () => {
    expect(rules.length).toBeGreaterThan(150)
    expect(repeated(ids)).toEqual([])
    // A rule that is written otherwise would not be found.
    expect(text.match(/\*\*\[[A-Z]+-\d+\]\*\* \*\(/g)).toHaveLength(rules.length)
  })

  it('have a mark each', () => {
    expect(rules.filter(({ mark }) => !['core', 'option', 'server', 'client'].includes(mark))).toEqual([])
  })

  it('have a test each', () => {
    expect(ids.filter((id) => !tested.includes(id))).toEqual([])
  })

  it('are all that is tested', () => {
    expect(tested.filter((id) => !ids.includes(id))).toEqual([])
    expect(repeated(tested)).toEqual([])
  })

  it('are numbered without holes, in the order of their numbers', () => {
    const next = new Map<string, number>()
    for (const id of ids) {
      const [family = '', number] = id.split('-')
      expect(id).toBe(`${family}-${next.get(family) ?? 1}`)
      next.set(family, Number(number) + 1)
    }
  })

  it('that the text refers to exist', () => {
    const named = [...text.matchAll(/\b([A-Z]{2,5}-\d+)\b/g)].map(([, id = '']) => id)
    expect(named.filter((id) => !ids.includes(id) && !/^(RFC|UTF)-/.test(id))).toEqual([])
  })
})

describe('the frames of docs/PROTOCOL.md', () => {
  const sections = frameSections(text)

  it('are all that there are', () => {
    const written = sections.map(({ name, number }) => [name, number])
    const known = numbersIn(FrameType).filter(([name]) => name !== 'CHUNK')
    expect(written).toEqual(known)
    expect(text).toContain(`(${FrameType.CHUNK}, CHUNK,`)
  })

  it.each(sections)('has an example of $name that parses', ({ number, sender, json }) => {
    const frame = JSON.parse(json) as unknown[]
    expect(frame[0]).toBe(number)
    const parses = (parse: (frame: unknown) => unknown): boolean => {
      try {
        return parse(frame) !== null
      } catch {
        return false
      }
    }
    expect([parses(parseClientFrame), parses(parseServerFrame)]).toEqual([sender !== 'S', sender !== 'C'])
  })

  it.each(sections)('has the bytes of $name (else: npm run protocol)', ({ json, hex }) => {
    expect(hex).toBe(hexOf(json))
  })
})

describe('the close codes of docs/PROTOCOL.md', () => {
  const rows = closeRows(text)

  it('are all that there are', () => {
    expect(rows.map(({ name, code }) => [name, code])).toEqual(numbersIn(CloseCode))
  })

  it.each(rows)('says what a client does after $code', ({ code, client }) => {
    const expected = code === 1000 ? 'ended after BYE, else backoff' : closeAction(code, false)
    expect(client).toBe(expected)
    expect(closeAction(CloseCode.NORMAL, true)).toBe('ended')
  })

  it('says what later codes mean', () => {
    const later = [4_099, 4_199, 4_299, 4_399, 4_499, 1_011, 1_012, 1_013, 3_000]
    const actions = later.map((code) => closeAction(code, false))
    expect(actions.slice(0, 5)).toEqual(['resume', 'resume-later', 'new-session', 'new-token', 'stop'])
    expect(actions.slice(5)).toEqual(['backoff', 'backoff', 'backoff', 'backoff'])
  })

  it('has every code of FAIL that the server says', () => {
    const sentence = text.slice(text.indexOf('Codes of FAIL are'), text.indexOf('## 13'))
    const listed = [...sentence.matchAll(/`(\w+)`/g)].map(([, code = '']) => code)
    expect(listed.toSorted()).toEqual(protocolErrorCodes())
  })
})

describe('the trace of docs/PROTOCOL.md', () => {
  it('is that of a real run (else: npm run protocol)', async () => {
    expect(traceIn(text)).toBe(await protocolTrace())
  })

  it('shows what it promises', () => {
    const trace = traceIn(text)
    for (const name of ['HELLO', 'WELCOME', 'ATTACH', 'SEND', 'ACCEPTED', 'ENTRY', 'GAP', 'BYE'])
      expect(trace).toContain(` ${name} `)
    expect(trace).toContain('"resumed":true')
  })

  it('is written where the checker looks for it', () => {
    expect(traceIn(withDerivedParts(text, 'another trace\n'))).toBe('another trace\n')
  })
})
