/** What docs/testing.md shows compiles, runs, and does what the page says. */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import type { Client } from '../../src/index.js'
import { type Scenario, simulate, type TestServer } from '../../src/testing/index.js'
import { blocksOf, complaints, packageSources } from '../support/pages.js'
import { repositoryRoot } from '../support/sources.js'

const PAGE = 'docs/testing.md'
const blocks = blocksOf(PAGE)
/** Inside node_modules, so that packages are found from there. */
const folder = join(repositoryRoot, 'node_modules/.cache', `surewire-page-${process.pid}`)
let modules = 0

/** What the page's shorter blocks take for granted. */
const GIVEN = `
import { createTestNetwork, createTestServer, manualClock } from 'surewire/testing'
const clock = manualClock()
const network = createTestNetwork({ seed: 7, clock })
const server = createTestServer({ network })
`

/** The block with `text` in it. */
function blockWith(text: string): string {
  const found = blocks.filter(({ code }) => code.includes(text))
  expect(found).toHaveLength(1)
  return found[0]?.code ?? ''
}

/** Runs a block, and hands out what it declares. */
async function run(code: string, names: readonly string[]): Promise<unknown> {
  mkdirSync(folder, { recursive: true })
  const outfile = join(folder, `${++modules}.mjs`)
  await build({
    stdin: {
      contents: `${code}\nexport { ${names.join(', ')} }\n`,
      loader: 'ts',
      resolveDir: repositoryRoot,
    },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    alias: {
      ...Object.fromEntries([...packageSources].toSorted(([a], [b]) => b.length - a.length)),
      '#platform': join(repositoryRoot, 'src/transports/platform.node.ts'),
    },
    external: ['eventemitter3', 'isomorphic-ws', 'ws', '@msgpack/msgpack'],
    logLevel: 'warning',
  })
  return import(/* @vite-ignore */ pathToFileURL(outfile).href)
}

afterEach(() => {
  vi.restoreAllMocks()
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe(PAGE, () => {
  it('shows code that compiles', () => {
    expect(blocks.length).toBeGreaterThanOrEqual(5)
    const whole = blocks.map(({ page, code }) => ({
      page,
      code: code.startsWith('import') ? code : GIVEN + code,
    }))
    expect(complaints(whole)).toEqual([])
  })

  it('connects a client in real time as in its first example', async () => {
    vi.spyOn(console, 'warn').mockReturnValue()
    const shown = (await run(blockWith("from 'surewire'\n"), ['client', 'server'])) as {
      client: Client
      server: TestServer
    }
    expect(shown.client.snapshot.status).toBe('connected')
    await shown.client.close()
    await shown.server.close({ drainMs: 0 })
  })

  it('connects a client on a manual clock as in its second example', async () => {
    vi.spyOn(console, 'warn').mockReturnValue()
    const { client } = (await run(blockWith('jitterMs: 20'), ['client'])) as {
      client: Client
    }
    expect(client.snapshot.status).toBe('connected')
  })
})

describe('the simulation of docs/testing.md', () => {
  const shown = blockWith('class OrderWorld')

  it('passes in the seed it shows, and in others', async () => {
    vi.spyOn(console, 'warn').mockReturnValue()
    const { failure, scenario } = (await run(shown, ['failure', 'scenario'])) as {
      failure: unknown
      scenario: Scenario
    }
    expect(failure).toBeNull()
    for (let seed = 1; seed <= 10; seed++) {
      const report = await simulate(scenario, { seed, minutes: 15 })
      expect([seed, report.failure?.message]).toEqual([seed, undefined])
      expect(Object.keys(report.faults).length).toBeGreaterThan(0)
    }
  })

  it('tells the few steps that matter once a promise is broken', async () => {
    vi.spyOn(console, 'warn').mockReturnValue()
    const log = vi.spyOn(console, 'log').mockReturnValue()
    const broken = shown.replace('if (times > 1)', 'if (times > 0)')
    expect(broken).not.toBe(shown)
    await run(broken, ['failure'])
    const story = String(log.mock.calls[0]?.[0])
    expect(story).toMatch(/^Seed 7, \d steps:\n/)
    expect(story).toMatch(/orders article \d/)
    expect(story).toMatch(/once: .* ran 1 times$/)
  })
})
