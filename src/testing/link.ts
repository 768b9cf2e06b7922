/**
 * One link of the test network: a client's end, a server's end, and the line between them.
 *
 * Owns: the dial, the closing handshake, and who learns what when the line breaks.
 * Does not own: which dials are answered, nor by whom (network.ts); what the line does to messages (line.ts).
 *
 *   end:  opening ─► open ─► closing (waits for the answer) ─► closed
 *            └────────┴── the line breaks, the end learns ──────┘
 */
import type { Encoded } from '../protocol/codec.js'
import { ConnectError } from '../protocol/errors.js'
import type { DialTarget, Link, LinkEvents } from '../runtime/ports.js'
import { type Answer, requestOf } from './dial.js'
import { Line, type LineHost } from './line.js'
import type { CutOptions, Direction, LinkFaults, PeerHandlers, TestLink, TestPeer } from './network-types.js'
import type { Item } from './pipe.js'
import type { SeededRandom } from './seeded-random.js'
import { wireSize } from '../serializers/size.js'

/** How long an end waits for the answer to its close: `ws` waits 30 s, browsers about a minute. */
const CLOSE_TIMEOUT_MS = { client: 60_000, server: 30_000 } as const

type EndState = 'opening' | 'open' | 'closing' | 'closed'

/** What an end is told when it is over. */
interface Ending {
  readonly code: number
  readonly reason: string
}

/** An end that learns of a broken line: RFC 6455 section 7.1.5. */
const ABNORMAL: Ending = { code: 1006, reason: '' }

/** What a link needs of its network. */
export interface LinkHost extends LineHost {
  answer(link: NetworkLink, target: DialTarget): Answer
  finished(link: NetworkLink): void
}

export class NetworkLink implements TestLink {
  readonly id: number
  readonly url: string
  readonly random: SeededRandom
  readonly #host: LinkHost
  readonly #target: DialTarget
  readonly #events: LinkEvents
  readonly #line: Line
  #client: EndState = 'opening'
  #server: EndState = 'opening'
  /** The client's side closed its end and no longer listens. */
  #clientDetached = false
  #handlers: PeerHandlers | null = null
  readonly #closeTimers: Record<'client' | 'server', (() => void) | null> = { client: null, server: null }

  constructor(id: number, host: LinkHost, random: SeededRandom, target: DialTarget, events: LinkEvents) {
    this.id = id
    this.url = target.url
    this.random = random
    this.#host = host
    this.#target = target
    this.#events = events
    this.#line = new Line({
      id,
      host,
      random,
      deliver: { up: (item) => this.#arriveAtServer(item), down: (item) => this.#arriveAtClient(item) },
      cutByChance: (clientAfterMs, serverAfterMs) =>
        this.cut({ deliver: 'some', clientAfterMs, serverAfterMs }),
    })
  }

  get sent(): TestLink['sent'] {
    return this.#line.sent
  }

  get state(): TestLink['state'] {
    if (this.#client === 'closed' && this.#server === 'closed') return 'closed'
    if (this.#line.broken) return 'lost'
    if (this.#client === 'opening') return 'dialing'
    return this.#client === 'open' && this.#server === 'open' ? 'open' : 'closing'
  }

  /** Sets out; the network's answer is asked for when the dial arrives there. */
  dial(): Link {
    const line = this.#line
    line.note('dial', { detail: this.url })
    line.push('up', { kind: 'dial' })
    return {
      // A socket that is not open drops what it is given, silently, as WebSocket.send does while closing.
      send: (data) => {
        if (this.#client === 'open') line.transmit('up', data)
      },
      close: (code, reason) => this.#closeByClient({ code, reason }),
      get bufferedAmount() {
        return line.buffered('up')
      },
    }
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
    // An end that was closed here waits for an answer that cannot come.
    if (this.#client === 'closing' && !this.#clientListens()) this.#endClient(null)
  }

  inject(direction: Direction, data: Encoded): void {
    this.#line.push(direction, { kind: 'data', data, bytes: wireSize(data) })
  }

  // ── the client's end ──

  #closeByClient(ending: Ending): void {
    this.#clientDetached = true
    switch (this.#client) {
      case 'closed':
      case 'closing':
        return
      case 'opening':
        this.#line.note('close', { direction: 'up', detail: 'dialing' })
        this.#abortDial()
        return
      case 'open':
        this.#line.note('close', { direction: 'up', detail: String(ending.code) })
        this.#client = 'closing'
        this.#line.push('up', { kind: 'close', ...ending })
        if (this.#clientListens()) this.#armCloseTimer('client')
        else if (this.#line.broken) this.#endClient(null)
    }
  }

  #abortDial(): void {
    this.#endClient(null)
    // A server that has accepted meanwhile sees the connection break; any other never hears of it.
    if (this.#server === 'opening') this.#endServer(null)
    else if (!this.#line.broken) this.#line.push('up', { kind: 'lost' })
  }

  #arriveAtClient(item: Item): void {
    if (this.#client === 'closed') return
    switch (item.kind) {
      case 'opened':
        this.#client = 'open'
        this.#host.stats.opened++
        this.#line.note('open')
        this.#events.opened(item.protocol)
        return
      case 'refused':
        this.#endServer(null)
        this.#failDial(item.error)
        return
      case 'data':
        this.#line.note('arrive', { direction: 'down', data: item.data })
        if (this.#clientListens()) this.#events.received(item.data)
        return
      case 'close':
        if (this.#client === 'open') this.#line.push('up', item)
        this.#endClient(item)
        return
      case 'lost':
        this.#line.note('learn', { detail: 'client' })
        if (this.#client === 'opening')
          this.#failDial(new ConnectError(`the connection to ${this.url} broke`))
        else this.#endClient(ABNORMAL)
        return
      case 'dial':
        return
    }
  }

  #failDial(error: Error): void {
    this.#host.stats.failed++
    this.#line.note('fail', { detail: error.message })
    this.#endClient(null)
    if (!this.#clientDetached) this.#events.failed(error)
  }

  #clientListens(): boolean {
    return !this.#clientDetached || this.faults().lateEvents
  }

  /** The client's end is over; `told`: what its events say, `null`: nothing. */
  #endClient(told: Ending | null): void {
    if (this.#client === 'closed') return
    this.#client = 'closed'
    this.#over('client')
    if (told !== null && this.#clientListens()) this.#events.closed(told.code, told.reason)
  }

  // ── the server's end ──

  #arriveAtServer(item: Item): void {
    if (this.#server === 'closed') return
    switch (item.kind) {
      case 'dial':
        this.#answerDial()
        return
      case 'data':
        this.#line.note('arrive', { direction: 'up', data: item.data })
        if (this.#server === 'open') this.#handlers?.received(item.data, item.bytes)
        return
      case 'close':
        if (this.#server === 'open') this.#line.push('down', item)
        this.#endServer(item)
        return
      case 'lost':
        this.#line.note('learn', { detail: 'server' })
        this.#endServer(ABNORMAL)
        return
      case 'opened':
      case 'refused':
        return
    }
  }

  #answerDial(): void {
    const answer = this.#host.answer(this, this.#target)
    switch (answer.kind) {
      case 'hang':
        return
      case 'refuse':
        this.#line.push('down', { kind: 'refused', error: answer.error })
        return
      case 'accept':
        this.#server = 'open'
        this.#line.push('down', { kind: 'opened', protocol: answer.protocol })
        this.#handlers = answer.accept(this.#makePeer(answer.protocol))
    }
  }

  #makePeer(protocol: string): TestPeer {
    const line = this.#line
    return {
      protocol,
      request: requestOf(this.#target),
      link: this,
      send: (data) => {
        if (this.#server === 'open') line.transmit('down', data)
      },
      close: (code, reason) => this.#closeByServer({ code, reason }),
      abandon: () => this.#abandon(),
      get bufferedAmount() {
        return line.buffered('down')
      },
    }
  }

  #closeByServer(ending: Ending): void {
    if (this.#server !== 'open') return
    this.#line.note('close', { direction: 'down', detail: String(ending.code) })
    this.#server = 'closing'
    this.#line.push('down', { kind: 'close', ...ending })
    this.#armCloseTimer('server')
  }

  #endServer(told: Ending | null): void {
    if (this.#server === 'closed') return
    this.#server = 'closed'
    this.#over('server')
    if (told !== null) this.#handlers?.closed(told.code, told.reason)
  }

  /** The server's process died: it learns nothing more, and its machine's kernel resets the connection. */
  #abandon(): void {
    this.#handlers = null
    this.cut()
    this.#endServer(null)
  }

  // ── both ──

  #armCloseTimer(end: 'client' | 'server'): void {
    this.#closeTimers[end] = this.#host.clock.setTimer(() => {
      if (end === 'client') this.#endClient(ABNORMAL)
      else this.#endServer(ABNORMAL)
    }, CLOSE_TIMEOUT_MS[end])
  }

  #over(end: 'client' | 'server'): void {
    this.#closeTimers[end]?.()
    this.#closeTimers[end] = null
    this.#line.discard(end === 'client' ? 'down' : 'up')
    if (this.state === 'closed') this.#host.finished(this)
  }
}
