/**
 * Testing a server by all rules.
 *
 * Owns: options and report, and which checks run when: some side by side, each with a bound.
 */
import { Kit, type KitOptions } from './kit.js'
import type { Level, RuleCheck } from './rule.js'
import { ruleChecks } from './rules/index.js'
import { type KitCodec, type KitWebSocket, plainJson } from './socket.js'

export interface ConformanceOptions {
  /** Address of the server, which has to offer the fixtures of docs/PROTOCOL.md, section 13. */
  readonly url: string | URL
  /** Class to dial with. @default the platform's */
  readonly WebSocket?: KitWebSocket
  /** Codec to speak, such as `msgpack()`. @default JSON */
  readonly serializer?: KitCodec
  /** Only these rules, or families of rules: `['ACC-2', 'LOG']`. @default all */
  readonly only?: readonly string[]
  /** How long to wait for what has to come, in ms. @default 3_000 */
  readonly patienceMs?: number
  /** How many checks run at a time. @default 6 */
  readonly concurrency?: number
  /** Called after every check, in the order in which they end. */
  readonly onResult?: (result: RuleResult) => void
}

export interface RuleResult {
  /** Number of the rule in docs/PROTOCOL.md. */
  readonly rule: string
  readonly level: Level
  readonly ok: boolean
  /** What was wrong; empty if nothing was. */
  readonly detail: string
}

export interface ConformanceReport {
  readonly url: string
  /** In the order of the document. */
  readonly results: readonly RuleResult[]
  /** No core rule failed. */
  readonly conforms: boolean
}

/** Checks that reach the connections of all others, and run when these are done. */
const DISTURBING: ReadonlySet<string> = new Set(['LOG-12'])

/** A check waits for one thing after the other, and some for time to pass; then it is ended. */
const LONGEST_CHECK_MS = 20_000

/**
 * Tests a server by the rules of docs/PROTOCOL.md, over the network. Never rejects for what the server does: that is
 * in the report. Throws a TypeError if there is no WebSocket to dial with.
 *
 * @example
 * const report = await runConformance({ url: 'ws://127.0.0.1:8080/ws', WebSocket })
 * console.log(report.results.filter(({ ok }) => !ok))
 */
export async function runConformance(options: ConformanceOptions): Promise<ConformanceReport> {
  const kit = kitOptions(options)
  const checks = ruleChecks.filter(({ rule }) => isWanted(rule, options.only))
  const found = new Map<string, RuleResult>()
  const queue = checks.filter(({ rule }) => !DISTURBING.has(rule))
  const work = async (left: RuleCheck[]): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const result = await run(next, kit)
      found.set(next.rule, result)
      options.onResult?.(result)
    }
  }
  await Promise.all(Array.from({ length: options.concurrency ?? 6 }, () => work(queue)))
  await work(checks.filter(({ rule }) => DISTURBING.has(rule)))
  const results = checks.flatMap(({ rule }) => found.get(rule) ?? [])
  return { url: kit.url, results, conforms: results.every(({ level, ok }) => ok || level !== 'core') }
}

function kitOptions({ url, WebSocket, serializer, patienceMs }: ConformanceOptions): KitOptions {
  const platform = (globalThis as { WebSocket?: unknown }).WebSocket as KitWebSocket | undefined
  const dialled = WebSocket ?? platform
  if (dialled === undefined) {
    throw new TypeError('there is no WebSocket on this platform: pass one, such as that of the package ws')
  }
  return {
    url: String(url),
    WebSocket: dialled,
    codec: serializer ?? plainJson,
    patienceMs: patienceMs ?? 3_000,
  }
}

function isWanted(rule: string, only: readonly string[] | undefined): boolean {
  return only === undefined || only.some((wanted) => rule === wanted || rule.startsWith(`${wanted}-`))
}

async function run({ rule, level, check }: RuleCheck, options: KitOptions): Promise<RuleResult> {
  const kit = new Kit(options)
  try {
    await bounded(check(kit), LONGEST_CHECK_MS)
    return { rule, level, ok: true, detail: '' }
  } catch (error) {
    return { rule, level, ok: false, detail: error instanceof Error ? error.message : String(error) }
  } finally {
    kit.clear()
  }
}

async function bounded(work: Promise<void>, ms: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the check did not end within ${ms} ms`)), ms)
  })
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
