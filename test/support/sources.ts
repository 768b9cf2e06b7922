/**
 * Owns: the sources of `src/` as data: their text and what each imports. The tests in test/meta judge it; the same
 * functions work on planted sources, so that the judges can be judged.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join, posix, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/** Path from the repository's root, with forward slashes → text. */
export type Sources = ReadonlyMap<string, string>

export interface Import {
  readonly from: string
  readonly line: number
  readonly specifier: string
  /** The imported source, or null for a package, a Node builtin or a `#` name. */
  readonly file: string | null
  /** Gone after compilation. `import { type X }` is not: only its names go. */
  readonly typeOnly: boolean
}

export const repositoryRoot: string = fileURLToPath(new URL('../..', import.meta.url))

export function readSources(directory = 'src'): Sources {
  const sources = new Map<string, string>()
  const absolute = join(repositoryRoot, directory)
  for (const entry of readdirSync(absolute, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/\.tsx?$/.test(entry.name)) continue
    const path = join(entry.parentPath, entry.name)
    sources.set(relative(repositoryRoot, path).split(sep).join('/'), readFileSync(path, 'utf8'))
  }
  return sources
}

export function parse(path: string, text: string): ts.SourceFile {
  const kind = path.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS
  return ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true, kind)
}

export function lineOf(node: ts.Node): number {
  const file = node.getSourceFile()
  return file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1
}

/** Every import of every source: declarations, re-exports, `import()` in code and in types, `require()`. */
export function importsOf(sources: Sources): Import[] {
  const imports: Import[] = []
  for (const [from, text] of sources) {
    const visit = (node: ts.Node): void => {
      const found = importIn(node)
      if (found !== null) {
        const file = resolve(from, found.specifier, sources)
        imports.push({ from, line: lineOf(node), specifier: found.specifier, file, typeOnly: found.typeOnly })
      }
      ts.forEachChild(node, visit)
    }
    visit(parse(from, text))
  }
  return imports
}

function importIn(node: ts.Node): { specifier: string; typeOnly: boolean } | null {
  if (ts.isImportDeclaration(node)) {
    const typeOnly = node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
    return { specifier: literal(node.moduleSpecifier), typeOnly }
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
    return { specifier: literal(node.moduleSpecifier), typeOnly: node.isTypeOnly }
  }
  if (ts.isImportEqualsDeclaration(node) && ts.isExternalModuleReference(node.moduleReference)) {
    return { specifier: literal(node.moduleReference.expression), typeOnly: node.isTypeOnly }
  }
  if (ts.isImportTypeNode(node)) {
    const specifier = ts.isLiteralTypeNode(node.argument) ? literal(node.argument.literal) : computed
    return { specifier, typeOnly: true }
  }
  if (ts.isCallExpression(node) && isImportCall(node)) {
    return { specifier: literal(node.arguments[0]), typeOnly: false }
  }
  return null
}

function isImportCall({ expression }: ts.CallExpression): boolean {
  return (
    expression.kind === ts.SyntaxKind.ImportKeyword ||
    (ts.isIdentifier(expression) && expression.text === 'require')
  )
}

/** What stands for a specifier that only running the code would tell. No table allows it. */
export const computed = '(computed)'

function literal(node: ts.Node | undefined): string {
  return node !== undefined && ts.isStringLiteralLike(node) ? node.text : computed
}

/** Sources import each other by the name that the compiled file would have: `./frames.js` is `./frames.ts`. */
function resolve(from: string, specifier: string, sources: Sources): string | null {
  if (!specifier.startsWith('.')) return null
  const target = posix.normalize(posix.join(posix.dirname(from), specifier))
  const stem = target.replace(/\.js$/, '')
  return [`${stem}.ts`, `${stem}.tsx`].find((path) => target !== stem && sources.has(path)) ?? target
}
