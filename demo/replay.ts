/**
 * The run: the data set goes both ways while the proxy breaks the connection, and both ends keep count.
 *
 * Owns: one client, what it sends and receives, and the ledgers, one for each stream and direction.
 * Does not own: the faults (faults.ts), the server (server-process.ts), what is printed (report.ts).
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, createClient, type Outcome, type Priority } from '../src/index.js'
import type { BookReader } from './book.js'
import { contract, type DemoContract, roomOf } from './contract.js'
import { loadStreams, recordAt, recordsDue, type Stream } from './dataset.js'
import { Ledger, type Tally } from './ledger.js'
import { patience } from './patience.js'

/** How often what is due is sent. */
const STEP_MS = 20
const REQUESTS_PER_SECOND = 20
/** How long after the last fault everything has to have arrived. */
const SETTLE_MS = 8_000

/** Each stream has a lane of its own, so that the order within each lane is seen. */
const LANES: Readonly<Record<string, Priority>> = { earthquakes: 'high', stocks: 'normal', flights: 'low' }

export interface Row {
  readonly name: string
  /** What keeps its order: a lane of sends, a room; `null`: requests, which run side by side. */
  readonly order: string | null
  readonly tally: Tally
  /** Up: from `send` to acceptance. Down: from the append to the handler. In ms. */
  readonly latencies: readonly number[]
}

/** A stream in one direction. */
class Flow {
  readonly ledger = new Ledger()
  readonly latencies: number[] = []
  readonly name: string
  readonly order: string | null

  constructor(name: string, order: string | null) {
    this.name = name
    this.order = order
  }

  row(ended: boolean): Row {
    const { name, order, latencies } = this
    const tally = this.ledger.tally(ended)
    return { name, order, latencies, tally: order === null ? { ...tally, outOfOrder: 0 } : tally }
  }
}

export class Replay {
  /** What ended otherwise than it should have, in words. Anything here fails the run. */
  readonly failures: string[] = []
  readonly client: Client<DemoContract>
  readonly #book: BookReader
  readonly #streams = loadStreams()
  readonly #up: ReadonlyMap<string, Flow>
  readonly #down: ReadonlyMap<string, Flow>
  readonly #requests = new Flow('requests', null)
  readonly #replies = new Flow('replies', null)
  #opened = 0
  #unsettled = 0
  #serverIsDone = false

  constructor(url: string, book: BookReader) {
    this.#book = book
    this.client = createClient({ url, contract, name: 'demo', ...patience })
    const named = (order: (name: string) => string): ReadonlyMap<string, Flow> =>
      new Map(this.#streams.map(({ name }) => [name, new Flow(name, order(name))]))
    this.#up = named((name) => `lane ${LANES[name] ?? 'normal'}`)
    this.#down = named(() => 'room')
    this.client.lifecycle.on('open', () => this.#opened++)
    this.client.lifecycle.on('gap', (gap) => this.failures.push(`a gap in ${gap.log}: ${gap.why}`))
    this.client.lifecycle.on('error', (error) => {
      if (!error.retryable) this.failures.push(error.message)
    })
  }

  get reconnects(): number {
    return Math.max(0, this.#opened - 1)
  }

  rows(ended: boolean): { up: Row[]; down: Row[] } {
    this.#readBook()
    const rows = (flows: Iterable<Flow>): Row[] => [...flows].map((flow) => flow.row(ended))
    return {
      up: rows([...this.#up.values(), this.#requests]),
      down: rows([...this.#down.values(), this.#replies]),
    }
  }

  /** Connects and follows the rooms from their start. */
  async open(signal: AbortSignal): Promise<void> {
    await this.client.connect({ signal })
    for (const { name } of this.#streams) await this.#follow(name)
  }

  /** Sends for so long. `onStep` is called all the while. */
  async run(forMs: number, signal: AbortSignal): Promise<void> {
    const startedAt = performance.now()
    for (let elapsedMs = 0; elapsedMs < forMs && !signal.aborted; ) {
      await sleep(STEP_MS)
      elapsedMs = Math.min(performance.now() - startedAt, forMs)
      for (const stream of this.#streams) this.#sendDue(stream, elapsedMs)
      this.#askDue(elapsedMs)
    }
  }

  /** The server has published all. */
  serverIsDone(): void {
    this.#serverIsDone = true
  }

  /** Waits until everything has arrived, or should have. */
  async settle(signal: AbortSignal): Promise<void> {
    const deadline = performance.now() + SETTLE_MS
    while (!this.#isSettled() && performance.now() < deadline && !signal.aborted) await sleep(STEP_MS)
    // A duplicate would come late: wait for it, rather than end before it can be seen.
    if (!signal.aborted) await sleep(200)
    if (this.#unsettled > 0) this.failures.push(`${this.#unsettled} messages were never settled`)
    if (!this.#serverIsDone) this.failures.push('the server did not finish')
  }

  #isSettled(): boolean {
    if (this.#unsettled > 0 || !this.#serverIsDone) return false
    const { up, down } = this.rows(false)
    return [...up, ...down].every(({ tally }) => tally.waiting === 0)
  }

  async #follow(name: string): Promise<void> {
    const flow = this.#down.get(name)
    const room = this.client.room(roomOf(name))
    room.on('record', ({ index }, { sentAt }) => {
      flow?.ledger.handle(index)
      flow?.latencies.push(Math.max(0, Date.now() - sentAt))
    })
    await room.join({ from: 'start' })
  }

  #sendDue(stream: Stream, elapsedMs: number): void {
    const flow = this.#up.get(stream.name)
    if (flow === undefined) return
    const priority = LANES[stream.name] ?? 'normal'
    for (let left = recordsDue(stream, elapsedMs) - flow.ledger.tally().sent; left > 0; left--) {
      const index = flow.ledger.send()
      const data = { stream: stream.name, index, record: recordAt(stream, index) }
      void this.#watch(flow, performance.now(), this.client.send('record', data, { priority }).settled)
    }
  }

  async #watch(flow: Flow, sentAt: number, settled: Promise<Outcome>): Promise<void> {
    this.#unsettled++
    const { outcome, message } = await settled
    this.#unsettled--
    if (outcome === 'accepted') flow.latencies.push(performance.now() - sentAt)
    else this.failures.push(`a message of ${flow.name} ended as ${outcome}: ${message ?? ''}`)
  }

  #askDue(elapsedMs: number): void {
    const due = Math.floor((elapsedMs * REQUESTS_PER_SECOND) / 1_000)
    while (this.#requests.ledger.tally().sent < due) void this.#ask(this.#requests.ledger.send())
  }

  async #ask(index: number): Promise<void> {
    const askedAt = performance.now()
    this.#unsettled++
    this.#replies.ledger.sentUpTo(index)
    try {
      const reply = await this.client.request('lookup', { stream: 'flights', index })
      this.#replies.latencies.push(performance.now() - askedAt)
      // The index of the answer, not of the question: an answer to another question would show as a duplicate.
      this.#replies.ledger.handle(reply.index)
    } catch (error) {
      this.failures.push(`request ${index} failed: ${error instanceof Error ? error.message : String(error)}`)
    } finally {
      this.#unsettled--
    }
  }

  #readBook(): void {
    for (const line of this.#book.read()) {
      if (line.what === 'published') this.#down.get(line.stream)?.ledger.sentUpTo(line.index)
      else if (line.stream === 'requests') this.#requests.ledger.handle(line.index, line.again)
      else this.#up.get(line.stream)?.ledger.handle(line.index, line.again)
    }
  }
}
