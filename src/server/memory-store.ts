/**
 * The memory store: the default, for one process.
 *
 * Owns: producers, sessions and logs in maps; atomic because it is synchronous. Everything is bounded: history by
 * count, size and age; sessions and producers by time after their connection is gone, and by number, the oldest that
 * are gone first; logs by number, the longest untouched first, empty ones before others.
 * Does not own: timers. What has expired is dropped when it is touched, and by a sweep that other calls pay for.
 */
import { repliesLog, sessionLog } from '../protocol/logs.js'
import { systemRandom } from '../runtime/system.js'
import type {
  Append,
  AppendListener,
  AttachRequest,
  AttachResult,
  Commit,
  CommitResult,
  LogEntry,
  LogPage,
  LogState,
  SessionRequest,
  SessionResult,
  Store,
} from './core/store.js'
import { type History, MemoryLog } from './memory-log.js'
import { MemoryProducers } from './memory-producers.js'
import { MemorySessions } from './memory-sessions.js'

/** Options of {@link memoryStore}. Durations in ms. */
export interface MemoryStoreOptions {
  /** Entries kept of each log. @default 1_000 */
  historyMessages?: number
  /** Bytes, estimated, kept of each log. @default 16_777_216 */
  historyBytes?: number
  /** Age at which an entry is forgotten. @default 3_600_000 */
  historyMs?: number
  /** How long a session outlives its connection. @default 120_000 */
  sessionMs?: number
  /** How long a producer's record outlives its connection. @default 86_400_000 */
  producerMs?: number
  /** Refusals are remembered for so many numbers; at least the server's `limits.maxInFlight`, or it does not start. @default 1_024 */
  maxInFlight?: number
  /**
   * Producer records; beyond it the one that was detached first goes. Not `limits.maxProducers`, which is of one
   * connection. @default 100_000
   */
  maxProducerRecords?: number
  /** Session records; beyond it the one that was detached first goes. @default 100_000 */
  maxSessions?: number
  /**
   * Logs; beyond it those untouched for longest go, empty ones first. A reader of one that went is told that it began
   * anew. @default 100_000
   */
  maxLogs?: number
  /** Monotonic time in ms. @default the machine's */
  clock?: { now(): number }
  /** Gives the epochs of logs. @default the machine's */
  random?: { id(): string }
}

/** Sweeping looks at every record: seldom enough to cost nothing, often enough that nothing lingers for long. */
const SWEEP_MS = 30_000

/** When there are too many logs, so many more go that the next time is far. */
const EVICTED_SHARE = 0.1

/**
 * The default store. It forgets everything when the process ends; clients are told by a new epoch.
 *
 * @example
 * createServer({ store: memoryStore({ historyMessages: 10_000 }) })
 */
export function memoryStore(options: MemoryStoreOptions = {}): Store {
  return new MemoryStore(options)
}

class MemoryStore implements Store {
  readonly name = 'memory'
  readonly maxInFlight: number
  readonly #now: () => number
  readonly #random: { id(): string }
  readonly #history: History
  readonly #maxLogs: number
  readonly #producers: MemoryProducers
  readonly #sessions: MemorySessions
  readonly #logs = new Map<string, MemoryLog>()
  readonly #listeners = new Set<AppendListener>()
  #sweptAt: number

  constructor(options: MemoryStoreOptions) {
    const { clock, random = systemRandom() } = options
    this.#random = random
    this.#now = clock === undefined ? () => performance.now() : () => clock.now()
    this.#history = {
      messages: options.historyMessages ?? 1_000,
      bytes: options.historyBytes ?? 16_777_216,
      ms: options.historyMs ?? 3_600_000,
    }
    this.#maxLogs = options.maxLogs ?? 100_000
    this.maxInFlight = options.maxInFlight ?? 1_024
    const { producerMs = 86_400_000, maxProducerRecords = 100_000 } = options
    this.#producers = new MemoryProducers(
      { keptMs: producerMs, maxRecords: maxProducerRecords },
      this.maxInFlight,
    )
    this.#sessions = new MemorySessions({
      keptMs: options.sessionMs ?? 120_000,
      maxRecords: options.maxSessions ?? 100_000,
      dropped: (id) => this.#dropSessionLogs(id),
    })
    this.#sweptAt = this.#now()
  }

  attachProducer(request: AttachRequest): AttachResult {
    this.#sweep()
    return this.#producers.attach(request, this.#now())
  }

  commit(commit: Commit): CommitResult {
    this.#sweep()
    const refusal = this.#producers.commit(commit)
    if (refusal !== null) return refusal
    const appended = commit.appends.map((append) => this.#append(append))
    // Listeners hear of a commit once all of it happened.
    for (const { log, epoch, entry } of appended) this.#tell(log, epoch, entry)
    return { ok: true, offsets: appended.map(({ entry }) => entry.offset) }
  }

  append(append: Append): { epoch: string; offset: number } {
    const now = this.#sweep()
    const log = this.#log(append.log)
    const { epoch } = log
    const entry = log.append(append, this.#history, now)
    this.#tell(append.log, epoch, entry)
    return { epoch, offset: entry.offset }
  }

  logState(log: string): LogState {
    return this.#touch(log).state()
  }

  read(log: string, after: number, limit: number): LogPage {
    return this.#touch(log).read(after, limit)
  }

  attachSession(request: SessionRequest): SessionResult {
    this.#sweep()
    return this.#sessions.attach(request, this.#now())
  }

  detachSession(id: string, owner: string, ended: boolean): void {
    this.#sessions.detach(id, owner, ended, this.#now())
  }

  detachProducer(id: string, owner: string): void {
    this.#producers.detach(id, owner, this.#now())
  }

  listen(listener: AppendListener): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  close(): void {
    this.#listeners.clear()
  }

  #append(append: Append): { log: string; epoch: string; entry: LogEntry } {
    const log = this.#log(append.log)
    return { log: append.log, epoch: log.epoch, entry: log.append(append, this.#history, this.#now()) }
  }

  #tell(log: string, epoch: string, entry: LogEntry): void {
    for (const listener of this.#listeners) listener(log, epoch, entry)
  }

  #touch(name: string): MemoryLog {
    const log = this.#log(name)
    log.trim(this.#history, this.#now())
    log.touchedAt = this.#now()
    return log
  }

  #log(name: string): MemoryLog {
    const known = this.#logs.get(name)
    if (known !== undefined) return known
    if (this.#logs.size >= this.#maxLogs) this.#evictLogs()
    const log = new MemoryLog(this.#random.id(), this.#now())
    this.#logs.set(name, log)
    return log
  }

  #evictLogs(): void {
    const rank = (log: MemoryLog): number => log.touchedAt - (log.isEmpty ? Number.MAX_SAFE_INTEGER : 0)
    const oldestFirst = [...this.#logs].sort(([, a], [, b]) => rank(a) - rank(b))
    const surplus = this.#logs.size - this.#maxLogs + Math.max(1, Math.floor(this.#maxLogs * EVICTED_SHARE))
    for (const [name] of oldestFirst.slice(0, surplus)) this.#logs.delete(name)
  }

  #dropSessionLogs(id: string): void {
    this.#logs.delete(sessionLog(id))
    this.#logs.delete(repliesLog(id))
  }

  /** Expired entries go, but a log's epoch and head stay: whoever follows it has missed nothing. Returns the time. */
  #sweep(): number {
    const now = this.#now()
    if (now - this.#sweptAt < SWEEP_MS) return now
    this.#sweptAt = now
    this.#sessions.sweep(now)
    this.#producers.sweep(now)
    for (const log of this.#logs.values()) log.trim(this.#history, now)
    return now
  }
}
