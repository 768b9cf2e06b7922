/**
 * `npm run chaos -- --minutes 10 --seed 1`: real processes over real TCP, killed, stopped and cut off; then calm, and judged.
 * `npm run chaos -- --return 10000`: so many connections come back after their server restarted.
 *
 * Decisions come from the seed; times are the machine's. Ends with status 1 if a promise was broken.
 */
import { parseArgs } from 'node:util'
import { runChaos } from './chaos/storm.js'
import { printChaos } from './chaos/report.js'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    return: { type: 'string' },
    spread: { type: 'string', default: '20' },
  },
})

const report = await runChaos({ minutes: Number(values.minutes), seed: BigInt(values.seed) })
printChaos(report)
if (report.violations.length > 0) process.exitCode = 1
