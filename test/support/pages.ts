/**
 * Owns: the pages of the documentation as data, and the compiler that judges the code they show.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { entries } from '../../scripts/entries.js'
import { repositoryRoot } from './sources.js'

export interface Block {
  readonly page: string
  readonly code: string
}

/** `path`: from the repository's root. */
export const readPage = (path: string): string => readFileSync(join(repositoryRoot, path), 'utf8')

/** What a page shows as TypeScript, in order. */
export const blocksOf = (page: string): Block[] =>
  [...readPage(page).matchAll(/^```ts\n(.*?)^```/gms)].map(([, code = '']) => ({ page, code }))

/** Name by which users import each entry → its source. */
export const packageSources: ReadonlyMap<string, string> = new Map(
  Object.entries(entries).map(([name, source]) => [
    name === 'index' ? 'surewire' : `surewire/${name}`,
    join(repositoryRoot, source),
  ]),
)

/** Errors of the compiler, by the repository's own settings, with `surewire` being the sources. */
export function complaints(blocks: readonly Block[]): string[] {
  const settings = compilerSettings()
  const files = new Map(blocks.map(({ code }, at) => [join(repositoryRoot, `block-${at}.ts`), code]))
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

function compilerSettings(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(repositoryRoot, 'tsconfig.json'), (path) => ts.sys.readFile(path))
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, repositoryRoot)
  const paths = { ...options.paths }
  for (const [name, source] of packageSources) paths[name] = [source]
  return { ...options, paths, noUnusedLocals: false, noUnusedParameters: false }
}
