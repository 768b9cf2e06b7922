/**
 * What a check is, and what it is given.
 *
 * Owns: the types that pass between the program in a runtime and whoever started it; small assertions. Runs everywhere,
 * so it imports nothing and uses what every runtime has.
 */
import type * as Conformance from '../../src/conformance/index.js'
import type * as Main from '../../src/index.js'
import type * as MessagePack from '../../src/serializers/msgpack.js'
import type * as Server from '../../src/server/index.js'
import type * as Testing from '../../src/testing/index.js'
import type * as WebSockets from '../../src/websocket/index.js'

/** The entries of the package as they are loaded from its build. */
export interface Entries {
  readonly index: typeof Main
  readonly msgpack: typeof MessagePack
  readonly server: typeof Server
  readonly testing: typeof Testing
  readonly conformance: typeof Conformance
  readonly websocket: typeof WebSockets
}

/** How each entry is loaded: by `import`, by `require`, or out of a bundle. */
export type Loaders = Readonly<Record<string, () => unknown>>

export type RuntimeName = 'node20' | 'node22' | 'node24' | 'bun' | 'deno' | 'workerd'

export type ModuleKind = 'ESM' | 'CommonJS' | 'bundle'

/** Where a run takes place: which runtime, and the addresses of what it talks to. */
export interface Place {
  readonly runtime: RuntimeName
  readonly modules: ModuleKind
  /** Unlike those of all other runs; part of every room and key. */
  readonly key: string
  /** Of the fault proxy in front of the reference server, without a path. */
  readonly url: string
  /** HTTP: breaks the proxy and heals it. */
  readonly control: string
  /** Of a server with the fixtures of the conformance kit. */
  readonly fixtures: string
  /** What the storm of the simulation came to in Node. */
  readonly stormHash: string
}

export interface CheckResult {
  readonly title: string
  readonly ok: boolean
  /** What went wrong; empty if nothing did. */
  readonly detail: string
  readonly ms: number
}

export interface Report {
  readonly version: string
  readonly results: readonly CheckResult[]
}

export type Fault = 'reset' | 'refuse' | 'blackhole' | 'heal'

export interface Bench {
  readonly place: Place
  /** Unlike those of all other checks. */
  readonly key: string
  load<Name extends keyof Entries>(name: Name): Promise<Entries[Name]>
  /** Any entry, also one without types here. */
  loadAny(name: string): Promise<Readonly<Record<string, unknown>>>
  /** A client of the reference server, closed when the check is over. */
  client(options?: Partial<Main.ClientOptions>): Promise<Main.Client>
  /** One that is connected. */
  connect(options?: Partial<Main.ClientOptions>): Promise<Main.Client>
  fault(name: Fault): Promise<void>
  /** Runs when the check is over, whatever became of it. */
  finally(cleanUp: () => unknown): void
}

export interface Check {
  readonly title: string
  /** Runtimes whose platform does not have what is checked. */
  readonly notIn?: readonly RuntimeName[]
  readonly run: (bench: Bench) => void | Promise<void>
}

export function equal(actual: unknown, expected: unknown, what: string): void {
  const [is, should] = [JSON.stringify(actual), JSON.stringify(expected)]
  if (is !== should) throw new Error(`${what}: ${is?.slice(0, 200)} instead of ${should?.slice(0, 200)}`)
}

export function holds(condition: boolean, what: string): void {
  if (!condition) throw new Error(`not so: ${what}`)
}

export const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Waits for what comes in a moment; the bound is for a machine that is busy. */
export async function until(what: string, condition: () => boolean, boundMs = 8_000): Promise<void> {
  const end = Date.now() + boundMs
  while (!condition()) {
    if (Date.now() > end) throw new Error(`waited ${boundMs} ms in vain until ${what}`)
    await wait(5)
  }
}

/** The error that something rejects or throws. */
export async function errorOf(act: () => unknown): Promise<Error & { code?: unknown }> {
  try {
    await act()
  } catch (error) {
    if (error instanceof Error) return error
    throw new Error(`what was thrown is no Error: ${String(error)}`, { cause: error })
  }
  throw new Error('nothing was thrown')
}

/**
 * Whether the platform's variant is the one with `ws`, which sends headers and tells why an upgrade was refused. Deno's
 * `require` resolves packages by the conditions of Node.
 */
export const hasNodeSocket = ({ runtime, modules }: Place): boolean =>
  runtime.startsWith('node') || (runtime === 'deno' && modules === 'CommonJS')

export const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index)
