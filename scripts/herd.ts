/**
 * `npm run herd -- --clients 100000 --spread 60000 --seed 1`: everyone whose server goes away, and how they come back.
 *
 * Whole production clients and servers, in nodes of 10,000 one after another (`--node`), each with its own old and new server,
 * as a deploy replaces a fleet at one moment; their accepts are added up. Then what else may happen, with connection machines
 * alone. Ends with status 1 if anyone stays away, or a deploy's busiest second has more than 1.2 times the even rate.
 */
import { parseArgs } from 'node:util'
import { type Departure, type HerdReport, runHerd } from '../test/herd/herd.js'
import { runMachineHerd } from '../test/herd/machines.js'
import { wholeNumber } from './numbers.js'
import { busiestSecond, quantile } from '../test/herd/rates.js'

const MOST = 1.2

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '100000' },
    node: { type: 'string', default: '10000' },
    spread: { type: 'string', default: '60000' },
    seed: { type: 'string', default: '1' },
  },
})
const clients = wholeNumber('clients', values.clients, 1)
const node = wholeNumber('node', values.node, 1)
const spread = wholeNumber('spread', values.spread, 1)
const seed = wholeNumber('seed', values.seed, 0)

const away = (spreadMs: number): Departure => ({ how: 'away', drainMs: 2_000, afterMs: 0, spreadMs })
const crash: Departure = { how: 'crash' }

type Report = Pick<HerdReport, 'returned' | 'dials' | 'accepted'>
let failed = false

/** `windowMs`: what was advised, or `null` if nothing was. */
function print(title: string, report: Report, windowMs: number | null, startedAt: number): void {
  const { returned, dials, accepted } = report
  const peak = busiestSecond(accepted)
  const ratio = windowMs === null ? null : peak.count / (clients / (windowMs / 1_000))
  if (returned !== clients || (ratio !== null && ratio > MOST)) failed = true
  const at = [0, 0.5, 0.99, 1].map((share) => (quantile(accepted, share) / 1_000).toFixed(1)).join(' / ')
  const even = ratio === null ? '' : `, ${ratio.toFixed(3)} times the even rate`
  console.log(title)
  console.log(`  returned ${returned} of ${clients}; dials ${dials}, accepted ${accepted.length}`)
  console.log(`  busiest second: ${peak.count} accepts${even}; first / half / 99 % / last after ${at} s`)
  console.log(`  took ${((performance.now() - startedAt) / 1_000).toFixed(0)} s`)
}

async function wholeClients(departure: Departure, background?: 'background'): Promise<Report> {
  const accepted: number[] = []
  let returned = 0
  let dials = 0
  for (let done = 0; done < clients; done += node) {
    const report = await runHerd({
      seed: seed + done,
      clients: Math.min(node, clients - done),
      departure,
      watchMs: background === undefined ? spread + 5_000 : spread + 65_000,
      ...(background === undefined ? {} : { background: { everySecond: 0.2, everyMinute: 0.1 } }),
    })
    returned += report.returned
    dials += report.dials
    for (const at of report.accepted) accepted.push(at)
  }
  return { returned, dials, accepted: accepted.sort((a, b) => a - b) }
}

const machines = (departure: Departure, outageMs: number): Report =>
  runMachineHerd({ seed, clients, departure, outageMs, watchMs: 120_000 })

const seconds = (ms: number): string => `${ms / 1_000} s`

let started = performance.now()
print(`whole clients, AWAY spread over ${seconds(spread)}`, await wholeClients(away(spread)), spread, started)
started = performance.now()
print(
  `whole clients, AWAY spread over ${seconds(spread)}, 20 % with timers once a second, 10 % once a minute`,
  await wholeClients(away(spread), 'background'),
  spread,
  started,
)
for (const [title, departure, outageMs, windowMs] of [
  [`AWAY spread over ${seconds(spread)}`, away(spread), 0, spread],
  ['AWAY spread over 5 s (the default)', away(5_000), 0, 5_000],
  [`AWAY spread over ${seconds(spread)}, the new server 20 s late`, away(spread), 20_000, null],
  ['no AWAY (1006), the new server is there', crash, 0, null],
  ['no AWAY (1006), the new server 5 s late', crash, 5_000, null],
  ['no AWAY (1006), the new server 60 s late', crash, 60_000, null],
] as const) {
  started = performance.now()
  print(`connection machines, ${title}`, machines(departure, outageMs), windowMs, started)
}
process.exitCode = failed ? 1 : 0
