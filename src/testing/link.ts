/**
 * One link of the test network: two ends and the line between them.
 *
 * Owns: putting them together, and the controls that a test gets.
 * Does not own: what an end does (client-end.ts, server-end.ts), what the line does to messages (line.ts), which dials
 * are answered (network.ts).
 */
import type { Encoded } from '../protocol/codec.js'
import type { DialTarget, Link, LinkEvents } from '../runtime/ports.js'
import { wireSize } from '../serializers/size.js'
import { ClientEnd } from './client-end.js'
import type { Answer } from './dial.js'
import { Line, type LineHost } from './line.js'
import type { CutOptions, Direction, LinkFaults, TestLink } from './network-types.js'
import type { SeededRandom } from './seeded-random.js'
import { ServerEnd } from './server-end.js'

/** What a link needs of its network. */
export interface LinkHost extends LineHost {
  answer(link: NetworkLink, target: DialTarget): Answer
  finished(link: NetworkLink): void
}

export class NetworkLink implements TestLink {
  readonly id: number
  readonly url: string
  readonly random: SeededRandom
  readonly #line: Line
  readonly #client: ClientEnd
  readonly #server: ServerEnd

  constructor(id: number, host: LinkHost, random: SeededRandom, target: DialTarget, events: LinkEvents) {
    this.id = id
    this.url = target.url
    this.random = random
    this.#line = new Line({
      id,
      host,
      random,
      deliver: { up: (item) => this.#server.arrive(item), down: (item) => this.#client.arrive(item) },
      cutByChance: (clientAfterMs, serverAfterMs) =>
        this.cut({ deliver: 'some', clientAfterMs, serverAfterMs }),
    })
    const over = (): void => {
      if (this.state === 'closed') host.finished(this)
    }
    const common = { line: this.#line, clock: host.clock, stats: host.stats, over }
    this.#client = new ClientEnd(
      { ...common, url: target.url, dialOver: (how) => this.#dialOver(how) },
      events,
    )
    this.#server = new ServerEnd({ ...common, link: this, target, answer: () => host.answer(this, target) })
  }

  get sent(): TestLink['sent'] {
    return this.#line.sent
  }

  get state(): TestLink['state'] {
    const [client, server] = [this.#client.state, this.#server.state]
    if (client === 'closed' && server === 'closed') return 'closed'
    if (this.#line.broken) return 'lost'
    if (client === 'opening') return 'dialing'
    return client === 'open' && server === 'open' ? 'open' : 'closing'
  }

  /** Sets out; the network's answer is asked for when the dial arrives there. */
  dial(): Link {
    this.#line.note('dial', { detail: this.url })
    this.#line.push('up', { kind: 'dial' })
    return this.#client.link()
  }

  faults(): LinkFaults {
    return this.#line.faults()
  }

  set(faults: Partial<LinkFaults>): void {
    this.#line.set(faults)
  }

  unset(names: readonly (keyof LinkFaults)[]): void {
    this.#line.unset(names)
  }

  stall(direction: Direction | 'both' = 'both'): void {
    if (!this.#line.broken && this.state !== 'closed') this.#line.stall(direction)
  }

  heal(direction: Direction | 'both' = 'both'): void {
    this.#line.heal(direction)
  }

  cut({ deliver = 'none', clientAfterMs = 0, serverAfterMs = 0 }: CutOptions = {}): void {
    if (this.#line.broken || this.state === 'closed') return
    this.#line.cut(deliver, clientAfterMs, serverAfterMs)
    this.#client.lineBroke()
  }

  inject(direction: Direction, data: Encoded): void {
    this.#line.push(direction, { kind: 'data', data, bytes: wireSize(data) })
  }

  /** A server that has accepted sees the connection break; any other never hears of it. */
  #dialOver(how: 'refused' | 'given up'): void {
    if (how === 'refused' || this.#server.state === 'opening') this.#server.end(null)
    else if (!this.#line.broken) this.#line.push('up', { kind: 'lost' })
  }
}
