import { describe, expect, it } from 'vitest'
import { differences, type Row, withPart } from '../runtimes/document.js'

const BEGIN = '<!-- runtimes: begin, written by npm run test:runtimes -->'
const page = (rows: readonly Row[]): string =>
  withPart(`# Page\n\n${BEGIN}\n\n<!-- runtimes: end -->\n`, rows)
const row = (title: string, version: string | null, ok = [true, true]): Row => ({
  title,
  version,
  modules: 'ESM',
  results: ok.map((passed, at) => ({ ok: passed, title: `check ${at}`, detail: '', ms: 1 })),
})

describe('docs/compatibility.md', () => {
  const written = page([row('Node 20', '20.20.2'), row('Bun', '1.4.5')])

  it('is what was measured also if the Node of the machine is of another patch release', () => {
    const measured = page([row('Node 20', '20.9.12345'), row('Bun', '1.4.5')])
    expect(measured).not.toBe(written)
    expect(differences(written, measured, '20.9.12345')).toEqual([])
    expect(differences(measured, written, '20.9.12345')).toEqual([])
  })

  it('is stale if a version, a count, a check or a runtime is another', () => {
    for (const bun of [
      [row('Bun', '1.4.6')],
      [row('Bun', '1.4.5', [true, false])],
      [row('Bun', '1.4.5', [true, true, true])],
      [row('Bun', null)],
      [],
    ]) {
      const measured = page([row('Node 20', '20.20.2'), ...bun])
      expect(differences(written, measured, '20.20.2')).toContain('| Bun | 1.4.5 | ESM | 2 / 2 |')
    }
    const node = page([row('Node 20', '20.20.2', [true]), row('Bun', '1.4.5')])
    expect(differences(written, node, '20.20.2')).toContain('| Node 20 | * | ESM | 2 / 2 |')
    expect(differences(written, node, '22.0.0')).toContain('| Node 20 | 20.20.2 | ESM | 2 / 2 |')
  })
})
