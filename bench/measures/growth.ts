/** Cost as work grows: it should be as flat as a line. */
import { usage } from '../process/usage.js'
import { measureFanOut } from './fan-out.js'
import type { Figures, Measure } from './measure.js'
import { measureResume } from './resume.js'
import { sendWindowed } from './traffic.js'

const QUEUED = [1_000, 10_000, 100_000, 1_000_000]
const RECEIVERS = [10, 100, 1_000]
const MISSED = [100, 1_000, 10_000, 100_000]

/** Small ones are repeated until so many messages were sent: a short time is hard to measure. */
const AT_LEAST = 100_000

/** Broadcasts to few receivers, whose time is mostly waiting, are no more than this; their sum is still 8,000 receivers. */
const MOST_BROADCASTS = 800
/** A break with so many missed takes as long as all smaller ones together, and comes when the code is long compiled. */
const MANY_MISSED = 100_000

const label = (count: number): string => count.toLocaleString('en')

export const growthQueued: Measure = {
  name: 'growthQueued',
  title: 'Cost of a message as the queue grows',
  description: `CPU of the client for each message when so many are sent in one turn (small numbers several times, ${label(AT_LEAST)} in all).`,
  metrics: QUEUED.map((count) => ({
    key: `queued${count}`,
    label: label(count),
    unit: 'µs',
    better: 'lower',
    digits: 2,
  })),
  baseline: 'ws-acks',
  peers: ['surewire', 'ws-acks'],
  rounds: 2,
  baselineRounds: 1,
  otherRounds: 1,
  async run(context) {
    const figures: Figures = {}
    const client = context.open({ queue: 1_100_000 })
    await client.ready()
    await sendWindowed(client, 0, 50_000, 256)
    let from = 50_000
    for (const count of QUEUED) {
      const times = Math.ceil(AT_LEAST / count)
      const before = await usage(false)
      for (let time = 0; time < times; time++, from += count) {
        await sendWindowed(client, from, count, Number.POSITIVE_INFINITY)
      }
      const after = await usage(false)
      figures[`queued${count}`] = (after.cpuMicros - before.cpuMicros) / (count * times)
    }
    await client.close()
    return figures
  },
}

export const growthReceivers: Measure = {
  name: 'growthReceivers',
  title: 'Cost of a broadcast as receivers grow',
  description: 'CPU of the server for each receiver of a broadcast.',
  metrics: RECEIVERS.map((count) => ({
    key: `receivers${count}`,
    label: label(count),
    unit: 'µs',
    better: 'lower',
    digits: 2,
  })),
  baseline: 'ws',
  peers: ['surewire', 'ws'],
  rounds: 3,
  baselineRounds: 2,
  otherRounds: 1,
  async run(context) {
    const figures: Figures = {}
    for (const count of RECEIVERS) {
      const broadcasts = Math.min(MOST_BROADCASTS, Math.ceil(20_000 / count))
      const { serverMicros } = await measureFanOut(context, count, broadcasts)
      figures[`receivers${count}`] = serverMicros
    }
    return figures
  },
}

export const growthMissed: Measure = {
  name: 'growthMissed',
  title: 'Cost of a missed message as more are missed',
  description:
    'Time from the new connection until all messages of one room that were missed are handled, for each of them.',
  metrics: MISSED.map((count) => ({
    key: `missed${count}`,
    label: label(count),
    unit: 'µs',
    better: 'lower',
    digits: 2,
  })),
  baseline: 'ws-resume',
  peers: ['surewire', 'ws-resume'],
  rounds: 3,
  baselineRounds: 2,
  otherRounds: 1,
  async run(context) {
    const figures: Figures = {}
    for (const count of MISSED) {
      const breaks = count < MANY_MISSED ? {} : { warmUp: 1, counted: 3 }
      figures[`missed${count}`] = ((await measureResume(context, 1, count, breaks)) * 1_000) / count
    }
    return figures
  },
}
