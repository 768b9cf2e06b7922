import { describe, expect, it } from 'vitest'
import { readSources } from '../support/sources.js'
import { impurities, isPure } from './purity.js'

const inProtocol = (text: string) => impurities(new Map([['src/protocol/x.ts', text]]))

describe('the pure floors', () => {
  it('use no time, randomness, promises or input/output of their own', () => {
    const sources = readSources()
    expect([...sources.keys()].filter(isPure)).not.toEqual([])
    expect(impurities(sources)).toEqual([])
  })
})

describe('the rule about purity', () => {
  it.each([
    ['setTimeout', `setTimeout(() => {}, 1)`],
    ['setInterval', `const t = setInterval`],
    ['setImmediate', `setImmediate(f)`],
    ['queueMicrotask', `queueMicrotask(f)`],
    ['Date', `const now = Date.now()`],
    ['Date', `const now = new Date()`],
    ['Date', `export const clock = { Date }`],
    ['performance', `performance.now()`],
    ['Math.random', `Math.random()`],
    ['Math.random', `Math['random']()`],
    ['Math.random', `const { random } = Math`],
    ['Promise', `Promise.resolve()`],
    ['Promise', `class Deferred extends Promise<void> {}`],
    ['an async function', `async function f() {}`],
    ['an async function', `const f = async () => {}`],
    ['an async function', `class C { async *m() {} }`],
    ['an async function', `const o = { async m() {} }`],
    ['await', `for await (const x of xs) {}`],
    ['console', `console.log(1)`],
    ['WebSocket', `new WebSocket('ws://localhost')`],
    ['crypto', `crypto.getRandomValues(bytes)`],
    ['globalThis', `globalThis['setTimeout'](f)`],
  ])('finds %s in: %s', (what, text) => {
    expect(inProtocol(text)).toEqual([`src/protocol/x.ts:1 ${what}`])
  })

  it('finds await at the top of a module', () => {
    expect(inProtocol(`const x = await y`)).not.toEqual([])
  })

  it.each([
    ['types', `interface Port { at: Date; read(): Promise<void>; setTimeout(): void }`],
    ['types of parameters', `function f(x: Promise<void> | Date): x is Date { return g<Date>(x) }`],
    ['properties of that name', `const o = { Date: 1, crypto: 2 }; o.Date; const { Date: d } = o`],
    ['methods of that name', `class C { Promise = 1; console() {} }`],
    ['the rest of Math', `Math.max(1, 2)`],
    ['words in strings and comments', `'Date' // async setTimeout`],
  ])('is content with %s', (_, text) => {
    expect(inProtocol(text)).toEqual([])
  })

  it('is about pure floors only', () => {
    const text = `setTimeout(f)`
    const at = (path: string) => impurities(new Map([[path, text]])).length
    const pure = ['protocol', 'connection', 'delivery', 'session', 'server/core']
    expect(pure.map((floor) => at(`src/${floor}/x.ts`))).toEqual(pure.map(() => 1))
    expect(['runtime', 'server', 'client'].map((floor) => at(`src/${floor}/x.ts`))).toEqual([0, 0, 0])
  })
})
