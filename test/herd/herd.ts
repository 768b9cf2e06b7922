/**
 * A herd: very many production clients whose server goes away, and how they come back.
 *
 * Owns: the clients, the server before and the one after, when each dial was accepted. Clients, engine, store, frames
 * and timers are those of production; network and clock are the testing kit's.
 * Does not own: what is good enough (herd.test.ts), several nodes (scripts/herd.ts).
 */
import { createClientIn } from '../../src/client/create-client.js'
import type { Client } from '../../src/index.js'
import type { Clock } from '../../src/runtime/ports.js'
import {
  createTestNetwork,
  createTestServer,
  type ManualClock,
  type ManualSignals,
  manualClock,
  manualSignals,
  type SeededRandom,
  seededRandom,
  type TestNetwork,
  type TestServer,
} from '../../src/testing/index.js'
import { lateTimers } from './late-timers.js'

/** How the server goes. */
export type Departure =
  /** It says AWAY to everyone, lets a handler end that takes half a second, closes with 4100. */
  | { readonly how: 'away'; readonly drainMs: number; readonly afterMs: number; readonly spreadMs: number }
  /** It dies: every connection breaks (1006). */
  | { readonly how: 'crash' }

export interface HerdOptions {
  readonly seed: number
  readonly clients: number
  readonly departure: Departure
  /** From the end of the old server until the new one listens. @default 0 */
  readonly outageMs?: number
  /** Shares of the clients in background pages, with timers once a second, and once a minute. @default none */
  readonly background?: { readonly everySecond: number; readonly everyMinute: number }
  /** Share of the clients whose page is shown again in the first seconds of their wait. @default 0 */
  readonly shownAgain?: number
  /** How long to watch the new server, in ms. */
  readonly watchMs: number
}

export interface HerdReport {
  /** Connected again at the end. */
  readonly returned: number
  /** Dials since the old server ended its connections, refused ones included. */
  readonly dials: number
  /** When the new server's connections were opened, in ms since the old one ended its own; ascending. */
  readonly accepted: readonly number[]
}

/** Everyone connects within this time; then comes a while of quiet. */
const GATHER_MS = 10_000
const QUIET_MS = 20_000
/** A page is shown again within this time. */
const SHOWN_WITHIN_MS = 5_000
/** One way: 10 ms to 50 ms. */
const NETWORK = { latencyMs: 10, jitterMs: 40 }

/** Connects the clients, lets their server go, and counts who is accepted when by the one after it. */
export async function runHerd(options: HerdOptions): Promise<HerdReport> {
  const herd = new Herd(options)
  await herd.gather()
  await herd.depart()
  return herd.watch()
}

interface Member {
  readonly client: Client
  readonly platform: ManualSignals
}

class Herd {
  readonly #options: HerdOptions
  readonly #clock: ManualClock = manualClock()
  readonly #network: TestNetwork<ManualClock>
  readonly #random: SeededRandom
  readonly #server: TestServer
  readonly #members: readonly Member[]
  readonly #accepted: number[] = []
  /** When the old server let go of its connections. */
  #gone = 0
  #dialsBefore = 0

  constructor(options: HerdOptions) {
    this.#options = options
    this.#network = createTestNetwork({ seed: options.seed, clock: this.#clock, faults: NETWORK })
    this.#random = seededRandom(options.seed).fork('herd')
    this.#server = createTestServer({ network: this.#network, authorize: () => true })
    this.#server.on('work', () => new Promise((resolve) => this.#clock.setTimer(() => resolve(), 500)))
    this.#members = Array.from({ length: options.clients }, (_, number) => this.#makeMember(number))
  }

  /** Everyone connects, at a time of their own. */
  async gather(): Promise<void> {
    for (const { client } of this.#members) {
      this.#clock.setTimer(() => void client.connect(), this.#random.next() * GATHER_MS)
    }
    await this.#clock.advanceAsync(GATHER_MS + QUIET_MS)
    if (this.#connected() !== this.#members.length) {
      throw new Error(`only ${this.#connected()} of ${this.#members.length} clients connected`)
    }
  }

  /** The old server goes, the new one comes. */
  async depart(): Promise<void> {
    const { departure, outageMs = 0, shownAgain = 0 } = this.#options
    this.#network.trace(({ what, at }) => {
      if (what === 'open') this.#accepted.push(at - this.#gone)
    })
    if (departure.how === 'crash') this.#server.crash()
    else await this.#sendAway(departure)
    this.#gone = this.#clock.now()
    this.#dialsBefore = this.#network.stats.dials
    for (const { platform } of this.#members) {
      if (!this.#random.chance(shownAgain)) continue
      this.#clock.setTimer(() => platform.send('visible'), this.#random.next() * SHOWN_WITHIN_MS)
    }
    if (outageMs > 0) await this.#clock.advanceAsync(outageMs)
    this.#server.start()
  }

  async watch(): Promise<HerdReport> {
    await this.#clock.advanceAsync(this.#options.watchMs)
    return {
      returned: this.#connected(),
      dials: this.#network.stats.dials - this.#dialsBefore,
      accepted: this.#accepted,
    }
  }

  /** A handler runs meanwhile, so that draining takes its time. */
  async #sendAway({ drainMs, afterMs, spreadMs }: Departure & { how: 'away' }): Promise<void> {
    void this.#members[0]?.client.send('work', null)
    await this.#clock.advanceAsync(200)
    const progress = { over: false }
    void this.#server.close({ drainMs, retryAfterMs: afterMs, spreadMs }).then(() => {
      progress.over = true
    })
    while (!progress.over) await this.#clock.advanceAsync(1)
  }

  #makeMember(number: number): Member {
    const platform = manualSignals()
    const client = createClientIn(
      { url: this.#server.url, transports: [this.#network.transport()] },
      { clock: this.#clockOfPage(), random: this.#random.fork(`client ${number}`), signals: platform },
    )
    return { client, platform }
  }

  #clockOfPage(): Clock {
    const { everySecond, everyMinute } = this.#options.background ?? { everySecond: 0, everyMinute: 0 }
    const roll = this.#random.next()
    const phase = this.#random.next()
    if (roll < everyMinute) return lateTimers(this.#clock, 60_000, phase * 60_000)
    if (roll < everyMinute + everySecond) return lateTimers(this.#clock, 1_000, phase * 1_000)
    return this.#clock
  }

  #connected(): number {
    return this.#members.filter(({ client }) => client.snapshot.status === 'connected').length
  }
}
