/**
 * The receive window: what this client has handled of a connection's entries (rule 11).
 *
 * Owns: counting, and when the count is worth a HANDLED frame: after a quarter of the window, so that a fast handler
 * costs four frames a window and a blocked one stops the server.
 */
import type { Window } from '../protocol/frames.js'

/** One received batch that held entries; its bytes count once all of them are handled. */
export interface BatchTicket {
  readonly dial: number
  readonly bytes: number
  /** Entries not handled yet, plus one while the batch is being read. */
  remaining: number
}

export class ReceiveWindow {
  readonly #window: Window
  #dial = 0
  #messages = 0
  #bytes = 0
  #reportedMessages = 0
  #reportedBytes = 0

  constructor(window: Window) {
    this.#window = window
  }

  get window(): Window {
    return this.#window
  }

  /** Counts start over with every connection. */
  start(dial: number): void {
    this.#dial = dial
    this.#messages = 0
    this.#bytes = 0
    this.#reportedMessages = 0
    this.#reportedBytes = 0
  }

  /** A batch that holds entries begins; `release` it once all of them were handed on. */
  open(bytes: number): BatchTicket {
    return { dial: this.#dial, bytes, remaining: 1 }
  }

  /** One entry of a batch went through its handlers. Those of an earlier connection no longer count. */
  handled(ticket: BatchTicket): void {
    if (ticket.dial === this.#dial) this.#messages++
    this.release(ticket)
  }

  /** Lets go of one hold on a batch. */
  release(ticket: BatchTicket): void {
    ticket.remaining--
    if (ticket.remaining === 0 && ticket.dial === this.#dial) this.#bytes += ticket.bytes
  }

  /** The totals to report now, or `null`. */
  report(): [messages: number, bytes: number] | null {
    const messages = this.#messages - this.#reportedMessages
    const bytes = this.#bytes - this.#reportedBytes
    if (messages < this.#window.messages / 4 && bytes < this.#window.bytes / 4) return null
    this.#reportedMessages = this.#messages
    this.#reportedBytes = this.#bytes
    return [this.#messages, this.#bytes]
  }
}
