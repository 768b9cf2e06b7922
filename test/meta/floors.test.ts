import { describe, expect, it } from 'vitest'
import { readSources, type Sources } from '../support/sources.js'
import { circles, floorOf, floors, reachViolations, upwardSteps } from './floors.js'

const planted = (files: Record<string, string>): Sources => new Map(Object.entries(files))

describe('the sources', () => {
  const sources = readSources()

  it('import only from lower floors', () => {
    expect(upwardSteps(sources)).toEqual([])
  })

  it('import each other in no circle', () => {
    expect(circles(sources)).toEqual([])
  })

  it('load no package that an entry has promised to do without', () => {
    expect(reachViolations(sources)).toEqual([])
  })
})

describe('the table of floors', () => {
  it('has no circle of floors itself', () => {
    const order: string[] = []
    const visit = (name: string, trail: readonly string[]): void => {
      expect(trail, [...trail, name].join(' → ')).not.toContain(name)
      for (const lower of floors[name]?.floors ?? []) visit(lower, [...trail, name])
      order.push(name)
    }
    for (const name of Object.keys(floors)) visit(name, [])
    expect(new Set(order)).toEqual(new Set(Object.keys(floors)))
  })

  it('lets pure floors import nothing but pure floors', () => {
    for (const [name, floor] of Object.entries(floors)) {
      if (floor.pure !== true) continue
      expect(floor.packages, name).toEqual([])
      for (const lower of floor.floors) expect(floors[lower]?.pure, `${name} → ${lower}`).toBe(true)
    }
  })

  it('tells the server’s core from the server', () => {
    expect(floorOf('src/server/core/accept.ts')).toBe('server/core')
    expect(floorOf('src/server/node.ts')).toBe('server')
    expect(floorOf('src/index.ts')).toBe('index')
    expect(floorOf('src/elsewhere/x.ts')).toBeNull()
  })
})

describe('the rule about floors', () => {
  const frames = { 'src/protocol/frames.ts': `export type Frame = 1; export const x = 1` }

  it('is content with steps down and steps on the same floor', () => {
    const sources = planted({
      ...frames,
      'src/protocol/types.ts': `import { x } from './frames.js'`,
      'src/connection/machine.ts': `import type { Frame } from '../protocol/frames.js'`,
      'src/serializers/msgpack.ts': `import { encode } from '@msgpack/msgpack'`,
      'src/server/node.ts': `import http from 'node:http'; import { WebSocketServer } from 'ws'`,
    })
    expect(upwardSteps(sources)).toEqual([])
  })

  it.each([
    ['an import', `import { y } from '../connection/machine.js'`],
    ['an import for its effects', `import '../connection/machine.js'`],
    ['an import of types', `import type { Y } from '../connection/machine.js'`],
    ['a re-export', `export { y } from '../connection/machine.js'`],
    ['a re-export of everything', `export * from '../connection/machine.js'`],
    ['a re-export of types', `export type { Y } from '../connection/machine.js'`],
    ['an import inside a type', `export type Y = import('../connection/machine.js').Y`],
    ['an import at run time', `export const y = () => import('../connection/machine.js')`],
    ['a require', `export const y = require('../connection/machine.js')`],
    ['an import by assignment', `import y = require('../connection/machine.js')`],
  ])('fails on %s from a higher floor', (_, text) => {
    const sources = planted({ 'src/protocol/x.ts': text, 'src/connection/machine.ts': '' })
    expect(upwardSteps(sources)).toEqual([
      'src/protocol/x.ts:1 protocol may not import connection (../connection/machine.js)',
    ])
  })

  it.each([
    ['a package on a pure floor', 'src/delivery/x.ts', `import 'nanoid'`, 'the package nanoid'],
    ['a builtin on a pure floor', 'src/server/core/x.ts', `import 'node:fs'`, 'the package node:fs'],
    ['a builtin in the client', 'src/client/x.ts', `import 'node:fs'`, 'the package node:fs'],
    ['ws in the test network', 'src/testing/x.ts', `import type { WebSocket } from 'ws'`, 'the package ws'],
    ['a package of a like name', 'src/client/x.ts', `import 'nanoid-dictionary'`, 'nanoid-dictionary'],
    ['a builtin without its prefix', 'src/server/x.ts', `import 'fs'`, 'the package fs'],
    ['an import by a computed name', 'src/server/x.ts', `void import(name)`, 'the package (computed)'],
    ['an import without the extension', 'src/client/x.ts', `import '../protocol/frames'`, 'no source file'],
    ['an import from outside', 'src/client/x.ts', `import '../../package.json'`, 'no source file'],
    ['a file on no floor', 'src/helpers/x.ts', '', 'on no floor'],
    ['the server in the client', 'src/client/x.ts', `import '../server/y.js'`, 'may not import server'],
    ['the client in the server', 'src/server/y.ts', `import '../client/x.js'`, 'may not import client'],
  ])('fails on %s', (_, path, text, complaint) => {
    const others = { 'src/client/x.ts': '', 'src/server/y.ts': '' }
    const found = upwardSteps(planted({ ...frames, ...others, [path]: text }))
    expect(found).toEqual([expect.stringContaining(complaint)])
  })
})

describe('the rule about circles', () => {
  it('is content with two ways to the same file', () => {
    const sources = planted({
      'src/client/a.ts': `import './b.js'; import './c.js'`,
      'src/client/b.ts': `import './d.js'`,
      'src/client/c.ts': `import './d.js'`,
      'src/client/d.ts': '',
    })
    expect(circles(sources)).toEqual([])
  })

  it('fails on a circle, even of types only', () => {
    const sources = planted({
      'src/client/a.ts': `import type { B } from './b.js'`,
      'src/client/b.ts': `import type { C } from './c.js'`,
      'src/client/c.ts': `import type { B } from './b.js'`,
    })
    expect(circles(sources)).toEqual(['src/client/b.ts → src/client/c.ts → src/client/b.ts'])
  })

  it('fails on a file that imports itself', () => {
    expect(circles(planted({ 'src/client/a.ts': `import './a.js'` }))).toHaveLength(1)
  })
})

describe('the rule about what an entry loads', () => {
  const table = { 'src/testing/index.ts': { never: ['ws'] } }
  const through = (text: string) =>
    planted({
      'src/testing/index.ts': `export { createServer } from '../server/create.js'`,
      'src/server/create.ts': text,
      'src/server/node.ts': `import { WebSocketServer } from 'ws'`,
    })

  it('fails on a forbidden package, however far away', () => {
    expect(reachViolations(through(`import './node.js'`), table)).toEqual([
      'src/testing/index.ts reaches the package ws, through src/server/node.ts',
    ])
  })

  it('does not mind types, which load nothing', () => {
    expect(reachViolations(through(`import type { X } from './node.js'`), table)).toEqual([])
  })

  it('does mind an import whose names alone are types: the import itself stays', () => {
    expect(reachViolations(through(`import { type X } from './node.js'`), table)).toHaveLength(1)
  })

  it('fails on a package that is not on an entry’s list', () => {
    const only = { 'src/index.ts': { only: ['nanoid'] } }
    expect(reachViolations(planted({ 'src/index.ts': `import 'nanoid'; import 'left-pad'` }), only)).toEqual([
      'src/index.ts reaches the package left-pad, through src/index.ts',
    ])
  })

  it('fails when the entry is gone', () => {
    expect(reachViolations(planted({}), table)).toEqual(['src/testing/index.ts does not exist'])
  })
})
