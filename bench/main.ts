/**
 * `npm run bench`: all measures, or those of `--only a,b`, with all peers, or `--peers a,b` (and the baseline).
 *
 *   --rounds 3      so many instead of the measure's own number
 *   --json out.json where the results go; without it, bench/results/latest.json, if everything was measured
 *
 * Owns: the command line. What is measured is in measures/, with what in peers/, what is made of it in report/.
 */
import { parseArgs } from 'node:util'
import { measures } from './measures/index.js'
import { isPeerName } from './peers/index.js'
import { profile } from './profile.js'
import { runMeasure } from './process/schedule.js'
import { spawnRun } from './process/spawn-run.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    peers: { type: 'string' },
    rounds: { type: 'string' },
    json: { type: 'string' },
  },
})
const only = values.only?.split(',') ?? null
const peers = values.peers?.split(',').filter(isPeerName) ?? null
const rounds = values.rounds === undefined ? null : Number(values.rounds)

const chosen = measures.filter(({ name }) => only === null || only.includes(name))

if (positionals[0] === 'profile') {
  for (const measure of chosen)
    for (const peer of peers ?? ['surewire' as const]) await profile(measure, peer)
  process.exit()
}

for (const measure of chosen) {
  const result = await runMeasure(measure, {
    peers,
    rounds,
    run: (one, peer) => spawnRun(one, peer),
    log: console.error,
  })
  console.log(JSON.stringify(result, null, 1))
}
