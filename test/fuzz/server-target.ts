/**
 * A whole server under fire.
 *
 * Owns: one run of steps: attackers' links, bystanders among them, and what must hold during and after it.
 */
import type { Encoded } from '../../src/protocol/codec.js'
import type { EngineConnection } from '../../src/server/engine.js'
import { Bystanders } from './bystanders.js'
import { CODECS, type CodecName, encodeRaw, protocolOf } from './raw-codec.js'
import { ServerJudge } from './server-judge.js'
import { FORGOTTEN_MS, makeServer, type ServerWorld } from './server-world.js'
import { pass, settle } from './settle.js'
import type { Recording, Step } from './steps.js'
import type { Tally } from './tally.js'
import { prototypesChanged } from './values.js'

/** Close codes that section 12 gives a server. */
const CLOSE_CODES = new Set([
  1000, 1002, 1003, 1007, 1009, 1011, 1013, 4000, 4100, 4200, 4202, 4300, 4400, 4401, 4402,
])

/** Bystanders act once in so many steps. */
const BYSTANDING = 12

class AttackLink {
  readonly judge: ServerJudge
  readonly end: EngineConnection
  closed: number | null = null

  constructor(world: ServerWorld, codec: CodecName) {
    this.judge = new ServerJudge(codec)
    this.end = world.link(protocolOf(codec), {
      send: (data) => this.judge.said(data),
      close: (code) => {
        this.closed ??= code
      },
    })
  }
}

/** Runs the steps; gives what is wrong, `null` for nothing. */
export async function runServer({ codec, steps }: Recording, tally: Tally): Promise<string | null> {
  const world = makeServer()
  const bystanders = new Bystanders(world)
  const links = new Map<number, AttackLink>()
  try {
    await bystanders.arrive()
    const before = footprint(world)
    for (const [index, step] of steps.entries()) {
      const wrong = await take(world, links, codec, step, tally)
      if (wrong !== null) return wrong
      if (index % BYSTANDING === 0) bystanders.act()
    }
    return await aftermath(world, bystanders, links, before)
  } catch (error) {
    return `thrown: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
  } finally {
    void world.engine.close({ drainMs: 0 })
  }
}

async function take(
  world: ServerWorld,
  links: Map<number, AttackLink>,
  codec: CodecName,
  step: Step,
  tally: Tally,
): Promise<string | null> {
  switch (step.do) {
    case 'pass':
      await pass(world.clock, step.ms)
      return complaintOf(world, links)
    case 'open':
      links.get(step.link)?.end.closed(1006, '')
      links.set(step.link, new AttackLink(world, codec))
      return null
    case 'close':
      links.get(step.link)?.end.closed(step.code, '')
      links.delete(step.link)
      return null
    case 'batch':
    case 'bytes':
      return receive(world, links, step, codec, tally)
    case 'act':
      return null
  }
}

async function receive(
  world: ServerWorld,
  links: Map<number, AttackLink>,
  step: Step & { do: 'batch' | 'bytes' },
  codec: CodecName,
  tally: Tally,
): Promise<string | null> {
  const link = links.get(step.link)
  if (link === undefined || link.closed !== null) return null
  const data: Encoded = step.do === 'bytes' ? step.data : encodeRaw(codec, step.frames)
  const mustEnd = link.judge.received(data)
  link.end.received(data, CODECS[codec].size(data))
  await settle(world.clock)
  tally.messages++
  const closed = codeOf(link)
  if (closed === null) {
    tally.frames += step.do === 'bytes' ? 1 : step.frames.length
    if (mustEnd !== null) return `a connection went on after ${mustEnd}`
  } else {
    tally.frames++
    tally.count(`closed ${closed}`)
    if (!CLOSE_CODES.has(closed)) return `closed with ${closed}`
  }
  return complaintOf(world, links)
}

/** Read anew: feeding a link may have closed it. */
const codeOf = ({ closed }: AttackLink): number | null => closed

function complaintOf(world: ServerWorld, links: ReadonlyMap<number, AttackLink>): string | null {
  const [inside] = world.complaints
  if (inside !== undefined) return inside
  for (const { judge } of links.values()) if (judge.complaint !== null) return judge.complaint
  return null
}

/** What a server holds: grows with what its clients do, and must shrink again. */
function footprint({ engine, clock }: ServerWorld): Readonly<Record<string, number>> {
  const { connections, sessions, users, feeds, producers } = engine.stats()
  return { connections, sessions, users, feeds, producers, timers: clock.pendingTimers }
}

/** The attackers are gone: the bystanders were served, and nothing is left of the others. */
async function aftermath(
  world: ServerWorld,
  bystanders: Bystanders,
  links: ReadonlyMap<number, AttackLink>,
  before: Readonly<Record<string, number>>,
): Promise<string | null> {
  for (const link of links.values()) link.end.closed(1006, '')
  bystanders.act()
  await pass(world.clock, FORGOTTEN_MS)
  const wrong = complaintOf(world, links) ?? bystanders.judge()
  if (wrong !== null) return wrong
  const after = footprint(world)
  for (const [what, count] of Object.entries(after)) {
    if (count > (before[what] ?? 0)) return `${count} ${what} are left of ${before[what]}`
  }
  return prototypesChanged() ? 'a prototype of the language changed' : null
}
