/**
 * `npm run chaos -- --minutes 10 --seed 1`: real processes over real TCP, killed, stopped and cut off; then calm, and judged.
 * `npm run chaos -- --return 10000`: so many connections come back after their server restarted, in order (spread over
 * `--spread 20` seconds) and by SIGKILL.
 *
 * Decisions come from the seed; times are the machine's. Ends with status 1 if a promise was broken.
 */
import { parseArgs } from 'node:util'
import { runChaos } from './chaos/storm.js'
import { printChaos, printReturn } from './chaos/report.js'
import { runReturn } from './chaos/return.js'
import { someMinutes, wholeNumber } from './numbers.js'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    return: { type: 'string' },
    spread: { type: 'string', default: '20' },
  },
})

async function storm(): Promise<readonly string[]> {
  const report = await runChaos({ minutes: someMinutes(values.minutes), seed: BigInt(values.seed) })
  printChaos(report)
  return report.violations
}

async function comeBack(connections: number): Promise<readonly string[]> {
  const spreadMs = wholeNumber('spread', values.spread, 1) * 1_000
  const report = await runReturn({ connections, spreadMs, progress: console.log })
  printReturn(connections, spreadMs, report)
  return report.violations
}

// An ordinary end: what was started is ended with it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const violations = await (values.return === undefined
  ? storm()
  : comeBack(wholeNumber('return', values.return, 1)))
if (violations.length > 0) process.exitCode = 1
