/**
 * A page: one client's clock, network, storage and signals, which can be frozen, throttled, and gone at any moment.
 *
 * Owns: what the platform of one client is; what it still holds of it (I12). What was stored stays when the page goes,
 * and its locks are free.
 */
import type { OutboxStorage, Transport } from '../../src/index.js'
import type { StoredOutbox } from '../../src/protocol/storage.js'
import type { Clock, LinkEvents, Signal, Signals } from '../../src/runtime/ports.js'
import type { ManualClock, TestNetwork } from '../../src/testing/index.js'
import type { Disk } from './disk.js'
import { DiskHold, type Holder } from './disk-hold.js'

type State = 'running' | 'frozen' | 'gone'

export class Page {
  readonly #clock: ManualClock
  readonly #network: TestNetwork<ManualClock>
  #state: State = 'running'
  #throttleMs = 0
  /** What came while the page was frozen. */
  #backlog: (() => void)[] = []
  #timers = 0
  readonly #links = new Set<number>()
  readonly #listeners = new Set<(signal: Signal) => void>()
  readonly #holds = new Set<DiskHold>()
  readonly #cuts = new Set<() => void>()
  /** Tells of each dial, before it happens. */
  dialed: (link: number) => void = () => undefined
  /** Waits may end early or late from now on; `hereafter`: those to come as well, for a timer that was set stays late. */
  disturbed: (hereafter?: boolean) => void = () => undefined
  /** Of what is on the disk something is locked by another page. */
  locked: () => void = () => undefined
  /** Its client took a message off the disk. */
  removed: (id: string) => void = () => undefined
  /** Its client let go of an outbox. */
  released: (producer: string) => void = () => undefined
  /** Its client got outboxes that had been let go of since it opened its storage. */
  claimed: (outboxes: readonly StoredOutbox[]) => void = () => undefined
  /** A link that the client had let go of still spoke. */
  lateEvent: () => void = () => undefined

  constructor(
    readonly name: string,
    clock: ManualClock,
    network: TestNetwork<ManualClock>,
  ) {
    this.#clock = clock
    this.#network = network
  }

  get alive(): boolean {
    return this.#state !== 'gone'
  }

  get throttled(): boolean {
    return this.#throttleMs > 0
  }

  get frozen(): boolean {
    return this.#state === 'frozen'
  }

  /** What the client holds of its platform. */
  get held(): { timers: number; listeners: number; handles: number; links: number } {
    return {
      timers: this.#timers,
      listeners: this.#listeners.size,
      handles: this.#holds.size,
      links: this.#links.size,
    }
  }

  /** What it was given of other pages' outboxes, in order. */
  get given(): readonly string[] {
    return [...this.#holds].flatMap(({ given }) => given)
  }

  /** The process, the tab or the machine is gone from one moment to the next. */
  kill(): void {
    this.#state = 'gone'
    this.#backlog = []
    for (const cut of this.#cuts) cut()
    for (const hold of [...this.#holds]) void hold.close()
  }

  freeze(): void {
    this.disturbed()
    if (this.#state === 'running') this.#state = 'frozen'
  }

  thaw(): void {
    if (this.#state !== 'frozen') return
    this.#state = 'running'
    this.signal('resumed')
    for (const happened of this.#backlog.splice(0)) happened()
    this.disturbed()
  }

  throttle(ms: number): void {
    this.disturbed(true)
    this.#throttleMs = ms
  }

  signal(signal: Signal): void {
    if (this.#state !== 'running') return
    this.disturbed()
    for (const listener of [...this.#listeners]) listener(signal)
  }

  readonly clock: Clock = {
    now: () => this.#clock.now(),
    wall: () => this.#clock.wall(),
    setTimer: (callback, delayMs) => this.#setTimer(callback, delayMs),
    endOfTurn: (callback) => this.#clock.endOfTurn(() => this.#happen(callback)),
  }

  readonly signals: Signals = {
    listen: (callback) => {
      this.#listeners.add(callback)
      return () => this.#listeners.delete(callback)
    },
  }

  transport(): Transport {
    const inner = this.#network.transport()
    return {
      name: inner.name,
      open: (target, events) => {
        const id = this.#network.stats.dials + 1
        this.dialed(id)
        this.#links.add(id)
        const link = inner.open(target, this.#heard(id, events))
        this.#cuts.add(() => link.close(1001, 'page gone'))
        return {
          send: (data) => link.send(data),
          close: (code, reason) => {
            this.#links.delete(id)
            link.close(code, reason)
          },
          get bufferedAmount() {
            return link.bufferedAmount
          },
        }
      },
    }
  }

  storage(disk: Disk): OutboxStorage {
    return {
      ...disk.storage,
      open: async () => {
        const hold = new DiskHold(await disk.storage.open(), disk, this.#holder)
        this.#holds.add(hold)
        if (hold.isShared) this.locked()
        if (!this.alive) void hold.close()
        return hold
      },
    }
  }

  get #holder(): Holder {
    const isAlive = (): boolean => this.alive
    return {
      clock: this.#clock,
      get alive() {
        return isAlive()
      },
      removed: (id) => this.removed(id),
      released: (producer) => this.released(producer),
      claimed: (outboxes) => this.claimed(outboxes),
      closed: (hold) => void this.#holds.delete(hold),
    }
  }

  #setTimer(callback: () => void, delayMs: number): () => void {
    const now = this.#clock.now()
    const at = now + Math.max(0, delayMs)
    const late = this.#throttleMs > 0 ? Math.ceil(at / this.#throttleMs) * this.#throttleMs : at
    let pending = true
    this.#timers++
    const over = (): void => {
      if (pending) this.#timers--
      pending = false
    }
    const cancel = this.#clock.setTimer(() => {
      this.#happen(() => {
        if (!pending) return
        over()
        callback()
      })
    }, late - now)
    return () => {
      over()
      cancel()
    }
  }

  /** Now, or when it is thawed, in the order of what came; never, once it is gone. */
  whenAwake(what: () => void): void {
    this.#happen(what)
  }

  #happen(what: () => void): void {
    if (this.#state === 'running') what()
    else if (this.#state === 'frozen') this.#backlog.push(what)
  }

  #heard(id: number, events: LinkEvents): LinkEvents {
    const happen = (what: () => void): void => {
      if (this.alive && !this.#links.has(id)) this.lateEvent()
      this.#happen(what)
    }
    return {
      opened: (protocol) => happen(() => events.opened(protocol)),
      received: (data) => happen(() => events.received(data)),
      closed: (code, reason) =>
        happen(() => {
          this.#links.delete(id)
          events.closed(code, reason)
        }),
      failed: (error) =>
        happen(() => {
          this.#links.delete(id)
          events.failed(error)
        }),
    }
  }
}
