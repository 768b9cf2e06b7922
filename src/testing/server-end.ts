/**
 * The server's end of a link: what a listener gets.
 *
 * Owns: the answer to the dial, its state, what the listener is told.
 * Does not own: the client's end (client-end.ts), the line between them (line.ts).
 *
 *   opening ─► open ─► closing (waits for the answer) ─► closed
 *                └── the line breaks and it learns, or its process dies ──┘
 */
import type { DialTarget } from '../runtime/ports.js'
import { type Answer, requestOf } from './dial.js'
import { ABNORMAL, type EndHost, type EndState, type Ending } from './ending.js'
import type { PeerHandlers, TestLink, TestPeer } from './network-types.js'
import type { Item } from './pipe.js'

/** `ws` waits so long for the answer to a close. */
const CLOSE_TIMEOUT_MS = 30_000

export interface ServerEndHost extends EndHost {
  readonly link: TestLink
  readonly target: DialTarget
  /** The dial arrived: what becomes of it? */
  answer(): Answer
}

export class ServerEnd {
  readonly #host: ServerEndHost
  #state: EndState = 'opening'
  #handlers: PeerHandlers | null = null
  #closeTimer: (() => void) | null = null

  constructor(host: ServerEndHost) {
    this.#host = host
  }

  get state(): EndState {
    return this.#state
  }

  arrive(item: Item): void {
    if (this.#state === 'closed') return
    const { line } = this.#host
    switch (item.kind) {
      case 'dial':
        this.#answer(this.#host.answer())
        return
      case 'data':
        line.note('arrive', { direction: 'up', data: item.data })
        if (this.#state === 'open') this.#handlers?.received(item.data, item.bytes)
        return
      case 'close':
        if (this.#state === 'open') line.push('down', item)
        this.end(item)
        return
      case 'lost':
        line.note('learn', { detail: 'server' })
        this.end(ABNORMAL)
        return
      case 'opened':
      case 'refused':
        return
    }
  }

  /** `told`: what its listener is told; `null`: nothing. */
  end(told: Ending | null): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#closeTimer?.()
    this.#host.line.discard('up')
    this.#host.over()
    if (told !== null) this.#handlers?.closed(told.code, told.reason)
  }

  #answer(answer: Answer): void {
    const { line } = this.#host
    switch (answer.kind) {
      case 'hang':
        return
      case 'refuse':
        line.push('down', { kind: 'refused', error: answer.error })
        return
      case 'accept':
        this.#state = 'open'
        line.push('down', { kind: 'opened', protocol: answer.protocol })
        this.#handlers = answer.accept(this.#peer(answer.protocol))
    }
  }

  #peer(protocol: string): TestPeer {
    const { line, link, target } = this.#host
    return {
      protocol,
      request: requestOf(target),
      link,
      send: (data) => {
        if (this.#state === 'open') line.transmit('down', data)
      },
      close: (code, reason) => this.#close({ code, reason }),
      abandon: () => this.#abandon(),
      get bufferedAmount() {
        return line.buffered('down')
      },
    }
  }

  #close(ending: Ending): void {
    if (this.#state !== 'open') return
    const { line, clock } = this.#host
    line.note('close', { direction: 'down', detail: String(ending.code) })
    this.#state = 'closing'
    line.push('down', { kind: 'close', ...ending })
    this.#closeTimer = clock.setTimer(() => this.end(ABNORMAL), CLOSE_TIMEOUT_MS)
  }

  /** Its process died: it learns nothing more, and the kernel of its machine resets the connection. */
  #abandon(): void {
    this.#handlers = null
    this.#host.link.cut()
    this.end(null)
  }
}
