/**
 * A whole client under fire.
 *
 * Owns: one run of steps: what a hostile server says to a client with an application, then a good server; what must hold
 * during and after it.
 */
import { createClientIn } from '../../src/client/create-client.js'
import type { Client } from '../../src/client/types.js'
import type { Encoded } from '../../src/protocol/codec.js'
import type { LinkEvents, Transport } from '../../src/runtime/ports.js'
import { type ManualClock, manualClock } from '../../src/testing/manual-clock.js'
import { manualSignals } from '../../src/testing/client.js'
import { seededRandom } from '../../src/testing/seeded-random.js'
import { ClientJudge } from './client-judge.js'
import { CODECS, type CodecName, encodeRaw, protocolOf } from './raw-codec.js'
import { ADDRESS } from './record.js'
import { type Act, FIRST, type Outcomes, SECOND } from './scenario.js'
import { makeServer } from './server-world.js'
import { pass, settle } from './settle.js'
import type { Recording, Step } from './steps.js'
import type { Tally } from './tally.js'
import { prototypesChanged } from './values.js'

/** In which a good server settles everything: longer than any deadline of a request, and a few retries. */
const HEALED_MS = 60_000

class Attack {
  readonly clock: ManualClock = manualClock()
  readonly signals = manualSignals()
  readonly client: Client
  readonly complaints: string[] = []
  readonly outcomes: Outcomes
  readonly #codec: CodecName
  #link: { readonly events: LinkEvents; readonly judge: ClientJudge } | null = null
  /** From here on dials reach this. */
  good: ((events: LinkEvents) => ReturnType<Transport['open']>) | null = null

  constructor(codec: CodecName, seed: number) {
    this.#codec = codec
    const pending = new Set<string>()
    let tracked = 0
    const track: Outcomes['track'] = (name, promise) => {
      const key = `${++tracked} ${name}`
      pending.add(key)
      const end = (): boolean => pending.delete(key)
      promise.then(end, end)
    }
    this.outcomes = { pending, track }
    const { clock, signals } = this
    this.client = createClientIn(
      {
        url: ADDRESS,
        auth: () => 'ada',
        device: { kind: 'mobile' },
        serializer: CODECS[codec],
        transports: [this.#transport()],
        logger: { debug: ignore, info: ignore, warn: ignore, error: (_, fields) => this.#logged(fields) },
      },
      { clock, random: seededRandom(seed), signals },
    )
    this.client.lifecycle.on('error', (error) => this.#failed(error))
    for (const type of ['chat', 'told', 'greeting', 'typing']) {
      this.client.on(type, ignore)
      this.client.room('lobby').on(type, ignore)
    }
  }

  get link(): { readonly events: LinkEvents; readonly judge: ClientJudge } | null {
    return this.#link
  }

  lose(): void {
    this.#link = null
  }

  #transport(): Transport {
    return {
      name: 'attack',
      open: (_, events) => {
        if (this.good !== null) return this.good(events)
        const judge = new ClientJudge(this.#codec)
        const link = { events, judge }
        this.#link = link
        events.opened(protocolOf(this.#codec))
        return {
          bufferedAmount: 0,
          send: (data) => judge.said(data),
          close: () => {
            if (this.#link === link) this.#link = null
          },
        }
      },
    }
  }

  /** What an application is told of must be the server's fault, never the library's own. */
  #failed(error: { readonly code: string; readonly message: string; readonly cause?: unknown }): void {
    if (error.code === 'listener_failed') this.complaints.push(`defect: ${causeOf(error.cause)}`)
    if (error.message.includes('cannot be read')) this.complaints.push(`unread: ${causeOf(error.cause)}`)
  }

  #logged(fields: Readonly<Record<string, unknown>> | undefined): void {
    const cause = fields?.['cause']
    if (cause instanceof TypeError || cause instanceof ReferenceError)
      this.complaints.push(`logged: ${causeOf(cause)}`)
  }
}

const ignore = (): void => undefined

const causeOf = (cause: unknown): string =>
  cause instanceof Error ? (cause.stack ?? cause.message).split('\n').slice(0, 3).join(' | ') : String(cause)

/** Runs the steps; gives what is wrong, `null` for nothing. `second`: the scenario whose view was recorded. */
export async function runClient(recording: Recording, second: boolean, tally: Tally): Promise<string | null> {
  const attack = new Attack(recording.codec, second ? 12 : 11)
  try {
    for (const step of recording.steps) {
      const wrong = await take(attack, recording.codec, step, second ? SECOND : FIRST, tally)
      if (wrong !== null) return wrong
    }
    return await aftermath(attack, recording.codec)
  } catch (error) {
    return `thrown: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
  }
}

async function take(
  attack: Attack,
  codec: CodecName,
  step: Step,
  acts: readonly Act[],
  tally: Tally,
): Promise<string | null> {
  switch (step.do) {
    case 'pass':
      await pass(attack.clock, step.ms)
      break
    case 'act':
      perform(attack, acts[step.act])
      await settle(attack.clock)
      break
    case 'close': {
      const { link } = attack
      attack.lose()
      link?.events.closed(step.code, '')
      await settle(attack.clock)
      break
    }
    case 'open':
      await opened(attack)
      break
    case 'batch':
    case 'bytes':
      return receive(attack, codec, step, tally)
  }
  return attack.complaints[0] ?? null
}

/** What applications do wrong after `close()` throws, and is meant to. */
function perform(attack: Attack, act: Act | undefined): void {
  try {
    act?.run(attack.client, attack.outcomes)
  } catch (error) {
    if (!String(error).includes('closed')) throw error
  }
}

/** Time for a client that is about to dial anyway. */
async function opened(attack: Attack): Promise<void> {
  for (let tries = 0; tries < 3 && attack.link === null; tries++) {
    const next = attack.clock.nextTimerMs
    if (next === null || next > HEALED_MS) return
    await pass(attack.clock, next)
  }
}

async function receive(
  attack: Attack,
  codec: CodecName,
  step: Step & { do: 'batch' | 'bytes' },
  tally: Tally,
): Promise<string | null> {
  if (attack.link === null) await opened(attack)
  const { link } = attack
  if (link === null) return attack.complaints[0] ?? null
  const data: Encoded = step.do === 'bytes' ? step.data : encodeRaw(codec, step.frames)
  const mustEnd = link.judge.received(data)
  link.events.received(data)
  await settle(attack.clock)
  tally.messages++
  if (attack.link === link) {
    tally.frames += step.do === 'bytes' ? 1 : step.frames.length
    if (mustEnd !== null) return `a client went on after ${mustEnd}`
  } else {
    tally.frames++
    tally.count('left the link')
  }
  return attack.complaints[0] ?? link.judge.complaint
}

/** A good server at last: everything comes to an end, and a closed client leaves nothing behind. */
async function aftermath(attack: Attack, codec: CodecName): Promise<string | null> {
  const { client, clock, outcomes } = attack
  const world = makeServer(clock)
  attack.good = (events) => {
    const end = world.link(protocolOf(codec), {
      send: (data) => events.received(data),
      close: (code, reason) => events.closed(code, reason),
    })
    events.opened(protocolOf(codec))
    return {
      bufferedAmount: 0,
      send: (data) => end.received(data, CODECS[codec].size(data)),
      close: (code, reason) => end.closed(code, reason),
    }
  }
  const wasClosed = client.snapshot.status === 'closed' && client.snapshot.error === null
  if (!wasClosed) {
    client.restart({ force: true }).catch(ignore)
    outcomes.track('the last send', client.send('note', 'last').settled)
    outcomes.track('the last request', client.request('echo', 'last'))
    await pass(clock, HEALED_MS)
    const [left] = outcomes.pending
    if (left !== undefined && client.snapshot.status === 'connected') return `'${left}' never came to an end`
  }
  let closed = false
  client.close({ drainMs: 10 }).then(() => (closed = true), ignore)
  await pass(clock, 100)
  const [left] = outcomes.pending
  if (!closed) return 'close() did not come to an end'
  if (left !== undefined) return `'${left}' did not end with close()`
  void world.engine.close({ drainMs: 0 })
  // Handlers of the good server may still be waiting for their own timers.
  await pass(clock, 100)
  if (clock.pendingTimers > 0)
    return `${clock.pendingTimers} timers are left after close(), the next in ${clock.nextTimerMs} ms`
  if (attack.signals.listeners > 0) return 'signals are listened to after close()'
  const [inside] = [...attack.complaints, ...world.complaints]
  if (inside !== undefined) return inside
  return prototypesChanged() ? 'a prototype of the language changed' : null
}
