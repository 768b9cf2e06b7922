/**
 * `npm run hostile -- --seconds 4`: what a bystander feels of attacks on its server.
 *
 * A client asks for echoes, one after the other; its round trips are measured while nothing else happens and during
 * each attack, in turns, so that other load on the machine falls on both. Server, attackers and bystander are processes of
 * their own; the attackers have the lowest priority, because they stand for other machines. Ends with status 1 if the
 * 99th percentile during an attack is twice the undisturbed one or more. On a machine that does other work, ask again with more
 * seconds.
 */
import type { ChildProcess } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import { parseArgs } from 'node:util'
import { createClient } from '../src/index.js'
import { nextMessage, startProcess } from '../test/support/child.js'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '8' },
    only: { type: 'string', default: '' },
  },
})
const roundMs = (Number(values.seconds) * 1_000) / Number(values.rounds)
const PAUSE_MS = 1
/**
 * Reading a megabyte of nothing but brackets takes tens of milliseconds, whoever sends it: `limits.maxFrameBytes` is that
 * price, and a proxy's limit of connections how often it is paid. Shown, not judged.
 */
const NOT_JUDGED = 'full messages of unknown frames'
/** The highest ratio of the 99th percentiles that passes. */
const MAX_RATIO = 2

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Processes of this script end with it: they watch their channel. */
function launch(file: string, args: readonly string[] = []): ChildProcess {
  const child = startProcess(file, args)
  child.setMaxListeners(0)
  child.stderr?.setMaxListeners(0).pipe(process.stderr)
  return child
}

const server = launch('scripts/hostile-server.ts')
const { url } = await nextMessage<{ type: string; url: string }>(server, ({ type }) => type === 'listening')
const attackers = launch('scripts/hostile-attacks.ts', [url])
if (attackers.pid !== undefined) setPriority(attackers.pid, constants.priority.PRIORITY_LOW)
const { attacks } = await nextMessage<{ type: string; attacks: string[] }>(
  attackers,
  ({ type }) => type === 'ready',
)

const client = createClient({ url })
await client.connect()

/** Round trips in ms, until `ms` have passed. */
async function measure(ms: number, into: number[]): Promise<void> {
  const end = performance.now() + ms
  while (performance.now() < end) {
    const start = performance.now()
    await client.request('echo', start)
    into.push(performance.now() - start)
    await sleep(PAUSE_MS)
  }
}

const percentile = (all: readonly number[], share: number): number =>
  all.toSorted((a, b) => a - b)[Math.floor(share * all.length)] ?? 0
const rounded = (value: number): number => Math.round(value * 100) / 100

interface Told {
  readonly type: string
  readonly sent: number
  readonly ends: Record<string, number>
}

async function tryAttack(attack: string): Promise<Record<string, unknown>> {
  const quiet: number[] = []
  const attacked: number[] = []
  let sent = 0
  const ends = new Map<string, number>()
  for (let round = 0; round < Number(values.rounds); round++) {
    await measure(roundMs, quiet)
    const done = nextMessage<Told>(attackers, ({ type }) => type === 'done')
    attackers.send({ attack, ms: roundMs })
    await measure(roundMs, attacked)
    const told = await done
    sent += told.sent
    for (const [code, times] of Object.entries(told.ends)) ends.set(code, (ends.get(code) ?? 0) + times)
    await sleep(100)
  }
  const before = percentile(quiet, 0.99)
  const during = percentile(attacked, 0.99)
  return {
    attack,
    'sent/s': Math.round(sent / Number(values.seconds)),
    closed: [...ends].map(([code, times]) => `${code} × ${times}`).join(', '),
    'p50 quiet': rounded(percentile(quiet, 0.5)),
    'p50 attacked': rounded(percentile(attacked, 0.5)),
    'p99 quiet': rounded(before),
    'p99 attacked': rounded(during),
    ratio: rounded(during / before),
  }
}

const isTooMuch = ({ attack, ratio }: Record<string, unknown>): boolean =>
  attack !== NOT_JUDGED && Number(ratio) >= MAX_RATIO

await measure(1_000, [])
const rows: Record<string, unknown>[] = []
for (const attack of attacks.filter((name) => name.includes(values.only))) rows.push(await tryAttack(attack))
console.table(rows)
console.log(`reconnects of the bystander: ${client.stats().reconnects}`)
if (client.stats().reconnects > 0 || rows.some(isTooMuch)) process.exitCode = 1
await client.close({ drainMs: 0 })
attackers.disconnect()
server.disconnect()
