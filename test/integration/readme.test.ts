/** What the README shows compiles; what it and the guides point to exists. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { entries } from '../../scripts/entries.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const pages = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)].filter((path) =>
  path.endsWith('.md'),
)

const read = (path: string): string => readFileSync(join(root, path), 'utf8')

interface Block {
  readonly page: string
  readonly code: string
}

const blocksOf = (page: string): Block[] =>
  [...read(page).matchAll(/^```ts\n(.*?)^```/gms)].map(([, code = '']) => ({ page, code }))

/** Errors of the compiler, by the repository's own settings, with `surewire` being the sources. */
function complaints(blocks: readonly Block[]): string[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path))
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const paths = { ...options.paths }
  for (const [name, source] of Object.entries(entries)) {
    paths[name === 'index' ? 'surewire' : `surewire/${name}`] = [join(root, source)]
  }
  const settings: ts.CompilerOptions = { ...options, paths, noUnusedLocals: false, noUnusedParameters: false }
  const files = new Map(blocks.map(({ code }, at) => [join(root, `block-${at}.ts`), code]))
  const disk = ts.createCompilerHost(settings)
  const host: ts.CompilerHost = {
    ...disk,
    readFile: (path) => files.get(path) ?? disk.readFile(path),
    fileExists: (path) => files.has(path) || disk.fileExists(path),
    getSourceFile: (path, target, ...rest) => {
      const code = files.get(path)
      if (code === undefined) return disk.getSourceFile(path, target, ...rest)
      return ts.createSourceFile(path, code, target)
    },
  }
  const program = ts.createProgram([...files.keys()], settings, host)
  return [...files.keys()].flatMap((path, at) => {
    const source = program.getSourceFile(path)
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
    return found.map(({ messageText, start }) => {
      const line = source?.getLineAndCharacterOfPosition(start ?? 0).line ?? 0
      const text = ts.flattenDiagnosticMessageText(messageText, ' ')
      return `${blocks[at]?.page}, block ${at}, line ${line + 1}: ${text}`
    })
  })
}

describe('README.md', () => {
  it('shows code that compiles', () => {
    const blocks = blocksOf('README.md')
    expect(blocks.length).toBeGreaterThanOrEqual(3)
    expect(complaints(blocks)).toEqual([])
  })

  it('is checked by a compiler that finds mistakes', () => {
    const planted = {
      page: 'planted',
      code: `import { createClient } from 'surewire'\ncreateClient({ uri: '' })\n`,
    }
    expect(complaints([planted])).toEqual([expect.stringContaining('uri')])
  })

  it('keeps the client at fifteen lines and the exchange at five', () => {
    const lengths = blocksOf('README.md').map(
      ({ code }) => code.split('\n').filter((line) => line !== '').length,
    )
    expect(lengths[0]).toBeLessThanOrEqual(15)
    expect(lengths[2]).toBeLessThanOrEqual(5)
  })
})

describe.each(pages)('%s', (page) => {
  it('points only to files that exist', () => {
    const links = [...read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link = '']) => link)
    expect(links.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([])
  })
})

describe('docs/architecture.md', () => {
  it('names files that exist', () => {
    const named = [...read('docs/architecture.md').matchAll(/`((?:[\w-]+\/)+[\w.-]+\.ts)`/g)].map(
      ([, path = '']) => path,
    )
    expect(named.length).toBeGreaterThan(10)
    const missing = named.filter(
      (path) => !existsSync(join(root, 'src', path)) && !existsSync(join(root, path)),
    )
    expect(missing).toEqual([])
  })
})
