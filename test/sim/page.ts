/**
 * A page that can be killed: a client whose process, tab or page is gone from one moment to the next.
 *
 * Owns: cutting the client off from clock, network and storage, as the end of a page does. What it had stored stays, and
 * its locks are free.
 */
import type { OutboxStorage, OutboxHandle, Transport } from '../../src/index.js'
import type { Clock, LinkEvents } from '../../src/runtime/ports.js'

export class Page {
  #alive = true
  #handles: OutboxHandle[] = []
  readonly #cuts: (() => void)[] = []

  get alive(): boolean {
    return this.#alive
  }

  kill(): void {
    this.#alive = false
    for (const cut of this.#cuts.splice(0)) cut()
    for (const handle of this.#handles.splice(0)) void handle.close()
  }

  /** The clock of a page stands still once the page is gone. */
  clock(inner: Clock): Clock {
    const whileAlive = (callback: () => void) => () => {
      if (this.#alive) callback()
    }
    return {
      now: () => inner.now(),
      wall: () => inner.wall(),
      setTimer: (callback, delayMs) => inner.setTimer(whileAlive(callback), delayMs),
      endOfTurn: (callback) => inner.endOfTurn(whileAlive(callback)),
    }
  }

  transport(inner: Transport): Transport {
    return {
      name: inner.name,
      open: (target, events) => {
        const link = inner.open(target, this.#whileAlive(events))
        this.#cuts.push(() => link.close(1001, 'page gone'))
        return link
      },
    }
  }

  /** What was on its way to the disk when the page went is lost: the tail of the outbox. */
  storage(inner: OutboxStorage): OutboxStorage {
    return {
      ...inner,
      open: async () => {
        const handle = await inner.open()
        this.#handles.push(handle)
        if (!this.#alive) void handle.close()
        return {
          leftovers: handle.leftovers,
          apply: async (changes) =>
            this.#alive ? handle.apply(changes) : new Promise<void>(() => undefined),
          release: (producer) => handle.release(producer),
          close: () => handle.close(),
        }
      },
    }
  }

  #whileAlive(events: LinkEvents): LinkEvents {
    return {
      opened: (protocol) => this.#alive && events.opened(protocol),
      received: (data) => this.#alive && events.received(data),
      closed: (code, reason) => this.#alive && events.closed(code, reason),
      failed: (error) => this.#alive && events.failed(error),
    }
  }
}
