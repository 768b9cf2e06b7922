/**
 * An in-memory network with faults, for tests.
 *
 * Owns: addresses and who listens there, which dials are answered, the links, the counters.
 * Does not own: what happens on a link (link.ts), time (the clock it is given).
 */
import { ConfigError } from '../protocol/errors.js'
import { systemClock } from '../runtime/system.js'
import type { Clock, DialTarget, Link, LinkEvents, Transport } from '../runtime/ports.js'
import { addressOf, type Answer, type Listener, negotiate, refusal } from './dial.js'
import { type LinkHost, NetworkLink } from './link.js'
import type {
  Direction,
  LinkFaults,
  ListenOptions,
  NetworkStats,
  PeerHandlers,
  RefuseOptions,
  TestLink,
  TestNetwork,
  TestPeer,
  TraceEvent,
} from './network-types.js'
import { type SeededRandom, seededRandom } from './seeded-random.js'

/** A network without faults. */
export const CALM: Readonly<LinkFaults> = {
  latencyMs: 0,
  jitterMs: 0,
  bytesPerSecond: Infinity,
  cutChance: 0,
  cutNoticeMs: [0, 0],
  stallChance: 0,
  stallMs: [1_000, 60_000],
  duplicateChance: 0,
  refuseChance: 0,
  hangChance: 0,
  lateEvents: false,
}

/** What `heal` ends. */
const CHANCES = { cutChance: 0, stallChance: 0, duplicateChance: 0, refuseChance: 0, hangChance: 0 } as const

export interface TestNetworkOptions<C extends Clock = Clock> {
  /** Everything left to chance follows from it. @default 0 */
  seed?: number | bigint
  /** Pass a `manualClock()` for a run without waiting. @default the machine's */
  clock?: C
  /** What links suffer from the start. @default nothing */
  faults?: Partial<LinkFaults>
}

/**
 * Makes an in-memory network. With the same seed and the same calls the same happens.
 *
 * @example
 * const clock = manualClock();
 * const network = createTestNetwork({ seed: 7, clock, faults: { latencyMs: 40, jitterMs: 20 } });
 * const server = createTestServer({ network });
 * // … connect clients through network.transport(), then
 * network.links()[0]?.cut();
 * clock.advance(1_000);
 */
export function createTestNetwork<C extends Clock>(
  options: TestNetworkOptions<C> & { clock: C },
): TestNetwork<C>
export function createTestNetwork(options?: TestNetworkOptions): TestNetwork
export function createTestNetwork(options: TestNetworkOptions = {}): TestNetwork {
  return new MemoryNetwork(options.clock ?? systemClock(), options)
}

type DialRule = { readonly kind: 'hang' } | { readonly kind: 'refuse'; readonly options: RefuseOptions }

/** Stands for every address in the table of rules. */
const ANY_ADDRESS = '*'

class MemoryNetwork implements TestNetwork, LinkHost {
  readonly clock: Clock
  readonly random: SeededRandom
  readonly stats: NetworkStats = {
    dials: 0,
    opened: 0,
    failed: 0,
    cuts: 0,
    stalls: 0,
    duplicated: 0,
    lost: 0,
    up: { messages: 0, bytes: 0 },
    down: { messages: 0, bytes: 0 },
  }
  #faults: LinkFaults
  #stalled: Direction | 'both' | null = null
  readonly #listeners = new Map<string, Listener>()
  readonly #rules = new Map<string, DialRule>()
  readonly #links = new Set<NetworkLink>()
  readonly #tracers = new Set<(event: TraceEvent) => void>()

  constructor(clock: Clock, options: TestNetworkOptions) {
    this.clock = clock
    this.random = seededRandom(options.seed ?? 0)
    this.#faults = { ...CALM, ...options.faults }
  }

  listen(url: string, accept: (peer: TestPeer) => PeerHandlers, options: ListenOptions = {}): () => void {
    const address = addressOf(url)
    if (this.#listeners.has(address)) {
      throw new ConfigError('url', url, 'an address that nothing listens at yet', 'network.listen')
    }
    const listener = { accept, options }
    this.#listeners.set(address, listener)
    return () => {
      if (this.#listeners.get(address) === listener) this.#listeners.delete(address)
    }
  }

  transport(name = 'memory'): Transport {
    return { name, open: (target, events) => this.#open(target, events) }
  }

  links(): readonly TestLink[] {
    return [...this.#links]
  }

  set(faults: Partial<LinkFaults>): void {
    this.#faults = { ...this.#faults, ...faults }
  }

  stall(direction: Direction | 'both' = 'both'): void {
    this.#stalled = this.#stalled === null || this.#stalled === direction ? direction : 'both'
    for (const link of this.#links) link.stall(direction)
  }

  refuse({ url, ...options }: RefuseOptions & { url?: string } = {}): void {
    this.#rules.set(ruleAddress(url), { kind: 'refuse', options })
  }

  hang(url?: string): void {
    this.#rules.set(ruleAddress(url), { kind: 'hang' })
  }

  heal(): void {
    this.#stalled = null
    this.#rules.clear()
    this.set(CHANCES)
    for (const link of this.#links) {
      link.unset(Object.keys(CHANCES) as (keyof typeof CHANCES)[])
      link.heal()
    }
  }

  trace(listener: (event: TraceEvent) => void): () => void {
    this.#tracers.add(listener)
    return () => this.#tracers.delete(listener)
  }

  // ── for links ───────────────────────────────────────────────────────────────────────────────────────────────

  faults(): LinkFaults {
    return this.#faults
  }

  finished(link: NetworkLink): void {
    this.#links.delete(link)
  }

  note(event: Omit<TraceEvent, 'at'>): void {
    if (this.#tracers.size === 0) return
    const noted: TraceEvent = { at: this.clock.now(), ...event }
    for (const tracer of this.#tracers) tracer(noted)
  }

  answer(link: NetworkLink, target: DialTarget): Answer {
    const { refuseChance, hangChance } = link.faults()
    if (refuseChance > 0 && link.random.chance(refuseChance)) return refusal(target, {})
    if (hangChance > 0 && link.random.chance(hangChance)) return { kind: 'hang' }
    if (!URL.canParse(target.url)) return refusal(target, {})
    const address = addressOf(target.url)
    const rule = this.#rules.get(address) ?? this.#rules.get(ANY_ADDRESS)
    if (rule?.kind === 'hang') return { kind: 'hang' }
    if (rule?.kind === 'refuse') return refusal(target, rule.options)
    const listener = this.#listeners.get(address)
    return listener === undefined ? refusal(target, {}) : negotiate(listener, target)
  }

  #open(target: DialTarget, events: LinkEvents): Link {
    const id = ++this.stats.dials
    const link = new NetworkLink(id, this, this.random.fork(`link ${id}`), target, events)
    this.#links.add(link)
    const dialled = link.dial()
    if (this.#stalled !== null) link.stall(this.#stalled)
    return dialled
  }
}

function ruleAddress(url: string | undefined): string {
  return url === undefined ? ANY_ADDRESS : addressOf(url)
}
