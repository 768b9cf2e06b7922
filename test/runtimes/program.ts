/**
 * The program that runs in every runtime: all checks, one after another.
 *
 * Owns: running them, each with a bound and cleaned up after; turning what they throw into results.
 * Does not own: how it is started and where its report goes (start.ts), what is checked (checks/).
 */
import type { Bench, Check, CheckResult, Entries, Fault, Loaders, Place } from './check.js'
import { clientChecks } from './checks/client.js'
import { entryChecks } from './checks/entries.js'
import { faultChecks } from './checks/faults.js'
import { roomChecks } from './checks/rooms.js'
import { socketChecks } from './checks/socket.js'
import { testingChecks } from './checks/testing.js'

const CHECK_MS = 20_000

/** Tests wait for reconnects; applications have other delays. */
const RECONNECT = { initialDelayMs: 20, maxDelayMs: 100 }

export async function runChecks(loaders: Loaders, place: Place): Promise<CheckResult[]> {
  const checks = [
    ...entryChecks(Object.keys(loaders)),
    ...clientChecks,
    ...roomChecks,
    ...faultChecks,
    ...socketChecks,
    ...testingChecks,
  ].filter(({ notIn }) => notIn?.includes(place.runtime) !== true)
  const results: CheckResult[] = []
  for (const [index, check] of checks.entries()) results.push(await runCheck(check, index, loaders, place))
  return results
}

async function runCheck(check: Check, index: number, loaders: Loaders, place: Place): Promise<CheckResult> {
  const begun = Date.now()
  const cleanUps: (() => unknown)[] = []
  let detail = ''
  try {
    await within(CHECK_MS, check.run(benchOf(`${place.key}-${index}`, loaders, place, cleanUps)))
  } catch (error) {
    detail = describe(error)
  }
  for (const cleanUp of cleanUps.toReversed()) {
    try {
      await within(CHECK_MS, cleanUp())
    } catch (error) {
      detail ||= `cleaning up: ${describe(error)}`
    }
  }
  return { title: check.title, ok: detail === '', detail, ms: Date.now() - begun }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.message.includes('not so') || error.message.includes('instead of')
    ? error.message
    : `${error.message} ${error.stack?.split('\n').slice(1, 4).join(' ') ?? ''}`
}

async function within(ms: number, work: unknown): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${ms} ms`)), ms)
  })
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

function benchOf(key: string, loaders: Loaders, place: Place, cleanUps: (() => unknown)[]): Bench {
  const loadAny: Bench['loadAny'] = async (name) => {
    const loader = loaders[name]
    if (loader === undefined) throw new Error(`there is no entry '${name}' here`)
    return (await loader()) as Readonly<Record<string, unknown>>
  }
  const load = <Name extends keyof Entries>(name: Name): Promise<Entries[Name]> =>
    loadAny(name) as unknown as Promise<Entries[Name]>
  const bench: Bench = {
    place,
    key,
    load,
    loadAny,
    client: async (options) => {
      const { createClient } = await load('index')
      const client = createClient({ url: `${place.url}/ws`, auth: key, reconnect: RECONNECT, ...options })
      cleanUps.push(() => client.close({ drainMs: 0 }))
      return client
    },
    connect: async (options) => {
      const client = await bench.client(options)
      await client.connect()
      return client
    },
    fault: (name) => callControl(place, name),
    finally: (cleanUp) => cleanUps.push(cleanUp),
  }
  return bench
}

async function callControl({ control }: Place, name: Fault): Promise<void> {
  const response = await fetch(`${control}/${name}`, { method: 'POST' })
  const said = await response.text()
  if (!response.ok) throw new Error(`the proxy cannot ${name}: ${said}`)
}
