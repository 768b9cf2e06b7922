/**
 * The client's end of a link: what a transport hands out.
 *
 * Owns: its state, the events it raises, what is still told after it was closed.
 * Does not own: the server's end (server-end.ts), the line between them (line.ts).
 *
 *   opening ─► open ─► closing (waits for the answer) ─► closed
 *      └────────┴── refused, or the line breaks and it learns ──┘
 */
import { ConnectError } from '../protocol/errors.js'
import type { Link, LinkEvents } from '../runtime/ports.js'
import { ABNORMAL, type EndHost, type EndState, type Ending } from './ending.js'
import type { Item } from './pipe.js'

/** Browsers wait about so long for the answer to a close. */
const CLOSE_TIMEOUT_MS = 60_000

export interface ClientEndHost extends EndHost {
  readonly url: string
  /** The dial was refused or given up before anybody accepted it. */
  dialOver(how: 'refused' | 'given up'): void
}

export class ClientEnd {
  readonly #host: ClientEndHost
  readonly #events: LinkEvents
  #state: EndState = 'opening'
  /** Its owner closed it and, as the port says, hears no more, unless the network raises late events. */
  #detached = false
  #closeTimer: (() => void) | null = null

  constructor(host: ClientEndHost, events: LinkEvents) {
    this.#host = host
    this.#events = events
  }

  get state(): EndState {
    return this.#state
  }

  /** What the transport gives to whoever dialled. */
  link(): Link {
    const { line } = this.#host
    return {
      // A socket that is not open drops what it is given, silently, as WebSocket.send does while closing.
      send: (data) => {
        if (this.#state === 'open') line.transmit('up', data)
      },
      close: (code, reason) => this.#close({ code, reason }),
      get bufferedAmount() {
        return line.buffered('up')
      },
    }
  }

  arrive(item: Item): void {
    if (this.#state === 'closed') return
    const { line, stats } = this.#host
    switch (item.kind) {
      case 'opened':
        this.#state = 'open'
        stats.opened++
        line.note('open')
        this.#events.opened(item.protocol)
        return
      case 'refused':
        this.#host.dialOver('refused')
        this.#fail(item.error)
        return
      case 'data':
        line.note('arrive', { direction: 'down', data: item.data })
        if (this.#listens()) this.#events.received(item.data)
        return
      case 'close':
        if (this.#state === 'open') line.push('up', item)
        this.#end(item)
        return
      case 'lost':
        line.note('learn', { detail: 'client' })
        if (this.#state === 'opening')
          this.#fail(new ConnectError(`the connection to ${this.#host.url} broke`))
        else this.#end(ABNORMAL)
        return
      case 'dial':
        return
    }
  }

  /** The line broke. An end that was closed waits for an answer that cannot come. */
  lineBroke(): void {
    if (this.#state === 'closing' && !this.#listens()) this.#end(null)
  }

  #close(ending: Ending): void {
    const { line, clock } = this.#host
    this.#detached = true
    switch (this.#state) {
      case 'closed':
      case 'closing':
        return
      case 'opening':
        line.note('close', { direction: 'up', detail: 'dialing' })
        this.#end(null)
        this.#host.dialOver('given up')
        return
      case 'open':
        line.note('close', { direction: 'up', detail: String(ending.code) })
        this.#state = 'closing'
        line.push('up', { kind: 'close', ...ending })
        if (this.#listens()) this.#closeTimer = clock.setTimer(() => this.#end(ABNORMAL), CLOSE_TIMEOUT_MS)
        else if (line.broken) this.#end(null)
    }
  }

  #fail(error: Error): void {
    this.#host.stats.failed++
    this.#host.line.note('fail', { detail: error.message })
    this.#end(null)
    if (!this.#detached) this.#events.failed(error)
  }

  #listens(): boolean {
    return !this.#detached || this.#host.line.faults().lateEvents
  }

  /** `told`: what its events say; `null`: nothing. */
  #end(told: Ending | null): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#closeTimer?.()
    this.#host.line.discard('down')
    this.#host.over()
    if (told !== null && this.#listens()) this.#events.closed(told.code, told.reason)
  }
}
