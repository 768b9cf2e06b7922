/** A client comes back to many rooms, each of which went on without it. */
import { wallClock } from '../process/clock.js'
import { median } from '../process/statistics.js'
import type { Measure, RunContext } from './measure.js'

const WARM_UP = 2
const BREAKS = 5

export interface Breaks {
  /** Before what is counted. @default 2 */
  readonly warmUp?: number
  /** @default 5 */
  readonly counted?: number
}

/**
 * The connection breaks, each of `rooms` rooms gets `each` messages, the client comes back.
 *
 * @returns ms from the new connection's upgrade to the last missed message in its handler, for each break
 */
export async function measureResume(
  context: RunContext,
  rooms: number,
  each: number,
  { warmUp = WARM_UP, counted = BREAKS }: Breaks = {},
): Promise<number> {
  const { server } = context
  const client = context.open()
  if (client.joinRooms === undefined) throw new Error(`'${context.name}' has no rooms`)
  let handled = 0
  let lastAt = 0
  let reached = (): void => undefined
  client.onPush(() => {
    handled++
    if (handled !== rooms * each) return
    lastAt = wallClock()
    reached()
  })
  const after = async (command: 'cut' | 'pushToRooms'): Promise<void> => {
    handled = 0
    const all = new Promise<void>((resolve) => {
      reached = resolve
    })
    await server.ask(command, { rooms, each })
    await all
  }
  await client.ready()
  await client.joinRooms(rooms)
  await after('pushToRooms')
  const times: number[] = []
  for (let at = 0; at < warmUp + counted * context.scale; at++) {
    await after('cut')
    const { at: connectedAt } = await server.ask('connectedAt', {})
    if (at >= warmUp) times.push(lastAt - connectedAt)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await client.close()
  return median(times)
}

const ROOMS = 1_000

export const resume: Measure = {
  name: 'resume',
  title: `Resume of ${ROOMS.toLocaleString('en')} rooms`,
  description: `The connection is cut, each of ${ROOMS.toLocaleString('en')} rooms gets one message, the client reconnects; from the new connection until its handlers have had all. \`ws\` with resume by hand has no rooms: it misses as many messages of one log.`,
  metrics: [{ key: 'ms', label: 'time', unit: 'ms', better: 'lower', digits: 1 }],
  baseline: 'ws-resume',
  peers: ['surewire', 'ws-resume', 'socketio'],
  rounds: 5,
  otherRounds: 3,
  plot: 'ms',
  run: async (context) => ({ ms: await measureResume(context, ROOMS, 1) }),
}
