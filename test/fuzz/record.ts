/**
 * Recordings: real clients with a real server, every message between them written down.
 *
 * Owns: the run, and its two views: what came to the server, what came to the first client.
 */
import { createClientIn } from '../../src/client/create-client.js'
import type { Client } from '../../src/client/types.js'
import { type Encoded, MAX_DEPTH } from '../../src/protocol/codec.js'
import type { LinkEvents, Transport } from '../../src/runtime/ports.js'
import { manualSignals } from '../../src/testing/client.js'
import { seededRandom } from '../../src/testing/seeded-random.js'
import { Bystanders } from './bystanders.js'
import { CODECS, type CodecName, protocolOf } from './raw-codec.js'
import { type Act, FIRST, type Outcomes, SECOND } from './scenario.js'
import { makeServer, type ServerWorld } from './server-world.js'
import { pass, settle } from './settle.js'
import type { Recording, Step } from './steps.js'

export const ADDRESS = 'ws://server.test/ws'

/** Both views of one run. */
export interface Recorded {
  readonly server: Recording
  readonly client: Recording
}

export const noOutcomes: Outcomes = {
  pending: new Set(),
  track: (_, promise) => void promise.then(undefined, () => undefined),
}

class Recorder {
  readonly #codec: CodecName
  readonly #world: ServerWorld
  readonly toServer: Step[] = []
  readonly toClient: Step[] = []
  #links = 0
  #at = 0

  constructor(codec: CodecName, world: ServerWorld) {
    this.#codec = codec
    this.#world = world
  }

  client(user: string, seed: number, watched: boolean): Client {
    return createClientIn(
      {
        url: ADDRESS,
        auth: () => user,
        device: { kind: 'mobile' },
        serializer: CODECS[this.#codec],
        transports: [this.#transport(watched)],
        signals: false,
      },
      { clock: this.#world.clock, random: seededRandom(seed), signals: manualSignals() },
    )
  }

  /** Time that went by since the last step is a step before the next. */
  note(steps: Step[][], step: Step): void {
    const ms = this.#world.clock.now() - this.#at
    this.#at = this.#world.clock.now()
    if (ms > 0) {
      this.toServer.push({ do: 'pass', ms })
      this.toClient.push({ do: 'pass', ms })
    }
    for (const list of steps) list.push(step)
  }

  #transport(watched: boolean): Transport {
    return {
      name: 'recorded',
      open: (_, events) => {
        const link = ++this.#links
        this.note([this.toServer], { do: 'open', link })
        const heard = (step: Step): void => {
          if (watched) this.note([this.toClient], step)
        }
        const end = this.#world.link(protocolOf(this.#codec), this.#hearing(link, events, heard))
        events.opened(protocolOf(this.#codec))
        return {
          bufferedAmount: 0,
          send: (data) => {
            this.note([this.toServer], { do: 'batch', link, frames: this.#frames(data) })
            end.received(data, CODECS[this.#codec].size(data))
          },
          close: (code, reason) => {
            this.note([this.toServer], { do: 'close', link, code })
            end.closed(code, reason)
          },
        }
      },
    }
  }

  #hearing(link: number, events: LinkEvents, heard: (step: Step) => void) {
    return {
      send: (data: Encoded): void => {
        heard({ do: 'batch', link, frames: this.#frames(data) })
        events.received(data)
      },
      close: (code: number, reason: string): void => {
        heard({ do: 'close', link, code })
        events.closed(code, reason)
      },
    }
  }

  #frames(data: Encoded): unknown[] {
    return CODECS[this.#codec].decode(data, MAX_DEPTH) as unknown[]
  }
}

/** Records one run with both clients. `watched`: whose side the client's view shows. */
export async function record(codec: CodecName, watched: 'first' | 'second'): Promise<Recorded> {
  const world = makeServer()
  const bystanders = new Bystanders(world)
  await bystanders.arrive()
  const recorder = new Recorder(codec, world)
  const players = [
    {
      client: recorder.client('ada', 11, watched === 'first'),
      acts: FIRST,
      seen: watched === 'first',
      next: 0,
      at: 0,
    },
    {
      client: recorder.client('bob', 12, watched === 'second'),
      acts: SECOND,
      seen: watched === 'second',
      next: 0,
      at: 0,
    },
  ]
  for (let due = players[0]; due !== undefined; due = soonest(players)) {
    await pass(world.clock, Math.max(0, due.at - world.clock.now()))
    if (due.seen) recorder.note([recorder.toClient], { do: 'act', act: due.next })
    ;(due.acts[due.next] as Act).run(due.client, noOutcomes)
    due.next++
    due.at = world.clock.now() + (due.acts[due.next]?.afterMs ?? 0)
    await settle(world.clock)
  }
  await pass(world.clock, 1_000)
  if (world.complaints.length > 0) throw new Error(`the recording failed: ${world.complaints.join('; ')}`)
  return { server: { codec, steps: recorder.toServer }, client: { codec, steps: recorder.toClient } }
}

function soonest<Player extends { acts: readonly Act[]; next: number; at: number }>(
  players: readonly Player[],
): Player | undefined {
  return players.filter(({ acts, next }) => next < acts.length).toSorted((a, b) => a.at - b.at)[0]
}
