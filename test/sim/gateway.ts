/**
 * What stands before the servers, and knows how long the credentials of each connection hold.
 *
 * Owns: closing connections whose token has expired, with the code that says so (4301).
 * Does not own: refusing a token that has expired before it is shown (servers.ts).
 */
import { CloseCode } from '../../src/protocol/close-codes.js'
import type { ManualClock, TestNetwork, TestPeer } from '../../src/testing/index.js'
import type { Token } from './token.js'

interface Guarded {
  readonly peer: TestPeer
  cancel: () => void
}

export class Gateway {
  /** For the servers: the network, with this gateway before every address. */
  readonly network: TestNetwork<ManualClock>
  readonly #clock: ManualClock
  /** By the request that `authenticate` is given. */
  readonly #guarded = new Map<unknown, Guarded>()
  #enforces = true

  constructor(network: TestNetwork<ManualClock>) {
    this.#clock = network.clock
    this.network = {
      clock: network.clock,
      random: network.random,
      stats: network.stats,
      listen: (url, accept, options) =>
        network.listen(
          url,
          (peer) => {
            const guarded: Guarded = { peer, cancel: () => undefined }
            this.#guarded.set(peer.request, guarded)
            const inner = accept(peer)
            return {
              received: (data, bytes) => inner.received(data, bytes),
              closed: (code, reason) => {
                guarded.cancel()
                this.#guarded.delete(peer.request)
                inner.closed(code, reason)
              },
            }
          },
          options,
        ),
      transport: (name) => network.transport(name),
      links: () => network.links(),
      set: (faults) => network.set(faults),
      stall: (direction) => network.stall(direction),
      refuse: (options) => network.refuse(options),
      hang: (url) => network.hang(url),
      heal: () => network.heal(),
      trace: (listener) => network.trace(listener),
    }
  }

  /** A connection showed a token that holds; a later one takes the place of an earlier one. */
  admitted(request: unknown, { until }: Token): void {
    const guarded = this.#guarded.get(request)
    if (guarded === undefined || until === null || !this.#enforces) return
    guarded.cancel()
    guarded.cancel = this.#clock.setTimer(
      () => guarded.peer.close(CloseCode.AUTH_EXPIRED, 'expired'),
      until - this.#clock.now(),
    )
  }

  /** From now on every token holds for ever. */
  relent(): void {
    this.#enforces = false
    for (const { cancel } of this.#guarded.values()) cancel()
  }
}
