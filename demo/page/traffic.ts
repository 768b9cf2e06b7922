/**
 * The page's traffic: one surewire client, what it sends, what it is sent, and the page's own count of both.
 *
 * Owns: client and ledgers. Does not own: what is shown (view.ts, timeline.ts).
 */
import { type Client, createClient } from '../../src/index.js'
import { contract, type DemoContract, type DemoRecord, roomOf } from '../contract.js'
import { Ledger, quantile } from '../ledger.js'
import { patience } from '../patience.js'

/** Records a second that the page sends by itself. */
const PER_SECOND = 20
/** Latest acceptances that the quantiles are taken from. */
const MAX_SAMPLES = 2_000

export class Traffic {
  readonly client: Client<DemoContract>
  readonly down = new Ledger()
  sent = 0
  accepted = 0
  /** Receipts that ended otherwise, each of which said so. */
  refused = 0
  opened = 0
  lastRecord: DemoRecord | null = null
  readonly #name: string
  readonly #records: readonly DemoRecord[]
  readonly #samples: number[] = []
  #timer: ReturnType<typeof setInterval> | null = null

  constructor(name: string, url: string, records: readonly DemoRecord[]) {
    this.#name = name
    this.#records = records
    this.client = createClient({ url, contract, ...patience })
    this.client.lifecycle.on('open', () => this.opened++)
    this.client.lifecycle.on('gap', ({ from, to }) => this.down.tell(to === null ? undefined : to - from + 1))
  }

  async start(): Promise<void> {
    const room = this.client.room(roomOf(this.#name))
    room.on('record', ({ index, record }) => {
      this.down.handle(index)
      this.lastRecord = record
    })
    this.paused = false
    await this.client.connect()
    await room.join({ from: 'start' })
  }

  get paused(): boolean {
    return this.#timer === null
  }

  set paused(paused: boolean) {
    if (paused === this.paused) return
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = paused ? null : setInterval(() => this.send(1), 1_000 / PER_SECOND)
  }

  send(count: number): void {
    for (let left = count; left > 0; left--) {
      this.sent++
      const record = this.#records[(this.sent - 1) % this.#records.length] ?? {}
      const sentAt = performance.now()
      const { settled } = this.client.send('record', { stream: this.#name, index: this.sent, record })
      void settled.then(({ outcome }) => {
        if (outcome === 'accepted') this.#accept(performance.now() - sentAt)
        else this.refused++
      })
    }
  }

  quantile(share: number): number | null {
    return quantile(this.#samples, share)
  }

  #accept(tookMs: number): void {
    this.#samples[this.accepted % MAX_SAMPLES] = tookMs
    this.accepted++
  }
}
