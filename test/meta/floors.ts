/**
 * Owns: which floor of `src/` may import from which, and the functions that judge it. docs/architecture.md tells the
 * reasons; this table is the law. floors.test.ts applies it to the sources and to planted violations.
 */
import { type Import, importsOf, type Sources } from '../support/sources.js'

export interface Floor {
  /** Lower floors it may import from, types included. */
  readonly floors: readonly string[]
  /** npm packages, Node builtins and `#` names it may import. `node:*` is any builtin. */
  readonly packages: readonly string[]
  /** No input/output, no time, no randomness of its own: see purity.ts. */
  readonly pure?: true
}

const below = {
  session: ['protocol', 'connection', 'delivery'],
  client: [
    'protocol',
    'session',
    'connection',
    'delivery',
    'runtime',
    'serializers',
    'transports',
    'dialects',
  ],
} as const

/** A floor is a directory of `src/`; the longest match counts. `index` is the main entry, src/index.ts. */
export const floors: Readonly<Record<string, Floor>> = {
  protocol: { floors: [], packages: [], pure: true },
  connection: { floors: ['protocol'], packages: [], pure: true },
  delivery: { floors: ['protocol'], packages: [], pure: true },
  session: { floors: below.session, packages: [], pure: true },
  runtime: { floors: ['protocol'], packages: ['nanoid'] },
  serializers: { floors: ['protocol'], packages: ['@msgpack/msgpack'] },
  transports: { floors: ['protocol', 'runtime'], packages: ['isomorphic-ws', '#platform'] },
  dialects: { floors: ['protocol', 'connection'], packages: [] },
  client: { floors: below.client, packages: ['eventemitter3', 'nanoid'] },
  // Above the client, because what a client does with a storage comes with the storage.
  storage: { floors: ['protocol', 'runtime', 'client'], packages: ['node:*'] },
  index: { floors: [...below.client, 'client', 'storage'], packages: [] },
  'server/core': { floors: ['protocol', 'delivery', 'session'], packages: [], pure: true },
  server: {
    floors: [...below.client, 'server/core'],
    packages: ['node:*', 'ws', 'eventemitter3', 'nanoid', '@redis/client'],
  },
  testing: {
    floors: ['protocol', 'runtime', 'session', 'serializers', 'client', 'server', 'server/core'],
    packages: [],
  },
  // It holds servers of others to the protocol, so it leans on nothing that ours is made of but the shapes of frames.
  conformance: { floors: ['protocol'], packages: [] },
  react: { floors: ['protocol', 'client'], packages: ['react'] },
  vanilla: { floors: ['protocol', 'client'], packages: [] },
  yjs: { floors: ['client'], packages: ['yjs', 'y-protocols'] },
  devtools: { floors: ['client'], packages: [] },
  websocket: { floors: ['protocol', 'connection', 'runtime', 'transports'], packages: ['#platform'] },
  cli: { floors: [...below.client, 'client', 'server', 'server/core', 'testing'], packages: ['node:*'] },
}

export interface Reach {
  /** Whatever runs when the entry is imported, through all floors, imports no other package than these … */
  readonly only?: readonly string[]
  /** … or at least none of these. */
  readonly never?: readonly string[]
}

export const reaches: Readonly<Record<string, Reach>> = {
  // What a browser application gets with `surewire`. `#platform` is a leaf: the platform decides what it is.
  'src/index.ts': { only: ['eventemitter3', 'nanoid', '#platform'] },
  // The test network has no ports, so it shall not load a WebSocket server.
  'src/testing/index.ts': { never: ['ws'] },
  'src/conformance/index.ts': { only: [] },
  // No react-dom: it renders on servers and in React Native as well.
  'src/react/index.ts': { only: ['react', 'eventemitter3', 'nanoid', '#platform'] },
  // Types alone: the built file runs in a browser without anything beside it.
  'src/vanilla/index.ts': { only: [] },
  // nanoid comes with runtime/system.ts; bundlers leave it out, because nothing here makes an id.
  'src/websocket/index.ts': { only: ['#platform', 'nanoid'] },
}

export function floorOf(path: string): string | null {
  if (path === 'src/index.ts') return 'index'
  const inside = path.replace(/^src\//, '')
  const matches = Object.keys(floors).filter((name) => name !== 'index' && inside.startsWith(`${name}/`))
  return matches.toSorted((a, b) => b.length - a.length)[0] ?? null
}

/** `@scope/name/sub` → `@scope/name`; builtins and `#` names stay as they are. */
function packageOf(specifier: string): string {
  if (/^(node:|#)/.test(specifier)) return specifier
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}

function allows(packages: readonly string[], specifier: string): boolean {
  if (packages.includes(packageOf(specifier))) return true
  return specifier.startsWith('node:') && packages.includes('node:*')
}

/** Files on no floor, steps to a floor that is not below, packages a floor has no business with. */
export function upwardSteps(sources: Sources): string[] {
  const homeless = [...sources.keys()].filter((path) => floorOf(path) === null)
  const steps = importsOf(sources).flatMap((edge) => {
    const complaint = judge(edge, sources)
    return complaint === null ? [] : [`${edge.from}:${edge.line} ${complaint}`]
  })
  return [...homeless.map((path) => `${path} is on no floor: name one in test/meta/floors.ts`), ...steps]
}

function judge({ from, specifier, file }: Import, sources: Sources): string | null {
  const name = floorOf(from)
  const floor = name === null ? undefined : floors[name]
  if (name === null || floor === undefined) return null // Already reported as homeless.
  if (file === null) {
    return allows(floor.packages, specifier) ? null : `${name} may not import the package ${specifier}`
  }
  if (!sources.has(file)) return `imports ${specifier}, which is no source file (sources end in .js here)`
  const target = floorOf(file)
  if (target === null || target === name || floor.floors.includes(target)) return null
  return `${name} may not import ${target} (${specifier})`
}

/** Files that import each other, as `a → b → a`; each circle is told once. */
export function circles(sources: Sources): string[] {
  const edges = new Map<string, string[]>()
  for (const { from, file } of importsOf(sources)) {
    if (file !== null && sources.has(file)) edges.set(from, [...(edges.get(from) ?? []), file])
  }
  const found: string[] = []
  const done = new Set<string>()
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path)
    if (start >= 0) found.push([...trail.slice(start), path].join(' → '))
    if (start >= 0 || done.has(path)) return
    for (const next of new Set(edges.get(path))) visit(next, [...trail, path])
    done.add(path)
  }
  for (const path of sources.keys()) visit(path, [])
  return found
}

/** Packages that get loaded with `entry`, each with the source that imports it. */
export function reachedPackages(entry: string, sources: Sources): Map<string, string> {
  const imports = importsOf(sources).filter(({ typeOnly }) => !typeOnly)
  const reached = new Map<string, string>()
  const seen = new Set<string>()
  const queue = [entry]
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (seen.has(path)) continue
    seen.add(path)
    for (const { file, specifier } of imports.filter(({ from }) => from === path)) {
      if (file !== null) queue.push(file)
      else reached.set(packageOf(specifier), path)
    }
  }
  return reached
}

export function reachViolations(
  sources: Sources,
  table: Readonly<Record<string, Reach>> = reaches,
): string[] {
  return Object.entries(table).flatMap(([entry, { only, never }]) => {
    if (!sources.has(entry)) return [`${entry} does not exist`]
    return [...reachedPackages(entry, sources)]
      .filter(([name]) => never?.includes(name) === true || only?.includes(name) === false)
      .map(([name, importer]) => `${entry} reaches the package ${name}, through ${importer}`)
  })
}
