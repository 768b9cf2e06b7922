import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const here = new URL('.', import.meta.url)
const read = (name: string): string => readFileSync(new URL(name, here), 'utf8')

const rules = [...read('README.md').matchAll(/^\| ([A-Z]+-\d+) \|/gm)].map(([, id]) => id)
const tested = readdirSync(here)
  .filter((name) => name.endsWith('.test.ts') && name !== 'rules.test.ts')
  .flatMap((name) => [...read(name).matchAll(/['"`]\[([A-Z]+-\d+)\] /g)].map(([, id]) => id))

test('every rule of the list has a test', () => {
  expect(rules.length).toBeGreaterThan(100)
  expect(rules.filter((id) => !tested.includes(id))).toEqual([])
})

test('every test has a rule in the list', () => {
  expect(tested.filter((id) => !rules.includes(id))).toEqual([])
})

test('no rule is listed or tested twice', () => {
  expect(rules.filter((id, at) => rules.indexOf(id) !== at)).toEqual([])
  expect(tested.filter((id, at) => tested.indexOf(id) !== at)).toEqual([])
})
