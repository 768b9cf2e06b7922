/**
 * The books of a simulated world, put together: messages, producers, logs, the wire.
 *
 * Owns: that a broken promise ends the run, wherever it is noticed.
 */
import type { ManualClock, TestNetwork } from '../../src/testing/index.js'
import type { SimulationContext } from '../../src/testing/simulation/index.js'
import { WireLedger } from './books-ledger.js'
import type { Frame, LinkBook } from './books-link.js'
import { LogTruth } from './books-logs.js'
import { MessageBook, splitId } from './books-messages.js'
import { ProducerBook } from './books-producers.js'
import { SessionBook } from './books-sessions.js'
import { VolatileBook } from './books-volatiles.js'
import { WireTap } from './books-wire.js'
import type { Parameters } from './parameters.js'
import type { Situation } from './situations.js'
import type { StoreWitness } from './shared-store.js'

export class Books {
  readonly messages: MessageBook
  readonly producers: ProducerBook
  readonly sessions: SessionBook
  readonly truth: LogTruth
  readonly volatiles = new VolatileBook((situation) => this.sometimes(situation))
  readonly wire: WireTap
  readonly #context: SimulationContext
  #tags = 0
  /** Name of the process at a node; the servers know. */
  processAt: (node: string) => string = () => ''

  constructor(
    context: SimulationContext,
    network: TestNetwork<ManualClock>,
    { historyMessages, limits }: Parameters,
    heard: (link: LinkBook, frame: Frame) => void,
  ) {
    this.#context = context
    this.messages = new MessageBook(limits.maxRequests)
    this.producers = new ProducerBook(this.messages, limits.maxInFlight)
    this.truth = new LogTruth(historyMessages)
    this.sessions = new SessionBook(limits.sessionMs)
    const { messages, producers, truth } = this
    this.wire = new WireTap(
      { messages, producers, truth, ledger: new WireLedger(), maxInFlight: limits.maxInFlight },
      {
        sometimes: (situation) => context.sometimes(situation),
        count: (what, by) => context.count(what, by),
        heard,
        processOf: (link) => this.processAt(link.node),
      },
    )
    network.trace((event) => this.guard(() => this.wire.happened(event)))
  }

  /** A number of its own for everything that is sent. */
  newTag(): number {
    return ++this.#tags
  }

  count(what: 'messages' | 'entries handled'): void {
    this.#context.count(what)
  }

  sometimes(situation: Situation): void {
    this.#context.sometimes(situation)
  }

  /** What happened beside the wire is part of the trace (I13). */
  note(event: string): void {
    this.#context.note(event)
  }

  /** What the checks find ends the run. */
  guard(check: () => void): void {
    try {
      check()
    } catch (error) {
      this.#context.fail(error)
    }
  }

  /** `isAwake`: a page that could have done what it has to. */
  check(isAwake: (page: string) => boolean): void {
    this.messages.check()
    this.messages.requests.check(isAwake)
    this.wire.check()
  }

  /** Servers may find records gone from now on. */
  storeHasLost = false

  /** What the store tells. */
  readonly witness: StoreWitness = {
    attached: (request, result) =>
      this.guard(() => {
        const { offer } = request
        if (
          result.ok &&
          result.how === 'taken' &&
          this.messages.isRunning(offer.id, this.producers.ownerOf(offer.id))
        )
          this.sometimes('a producer was taken over while its handler ran')
        if (result.ok && result.how !== 'created' && result.record.last > offer.floor)
          this.sometimes('an acknowledgement was lost after acceptance')
        this.producers.attached(request, result)
      }),
    committed: (commit, result) => this.guard(() => this.producers.commit(commit, result)),
    appended: (log, epoch, entry) => this.guard(() => this.truth.appended(log, epoch, entry)),
    session: (request, result, at) => this.guard(() => this.sessions.attached(request, result, at)),
    sessionDetached: (id, owner, ended, at) => this.sessions.detached(id, owner, ended, at),
    lost: () => {
      this.storeHasLost = true
      this.producers.lost()
      this.sessions.lost()
    },
    rebuilt: () => this.producers.rebuilt(),
    told: (log, { first, head }) => this.guard(() => this.truth.checkHeld(log, first, head)),
  }

  /** Entries that a handler of the server gets are known by their sender's number. */
  producerOf(id: string): string {
    return splitId(id).producer
  }
}
