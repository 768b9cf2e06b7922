/**
 * The book of logs: what the store appended, and what each reader got of it (I5, I6).
 *
 * Owns: the truth that readers are held against, entry by entry.
 */
import type { Gap, Message } from '../../src/index.js'
import type { Audience, LogEntry } from '../../src/server/core/store.js'
import { Violation } from '../../src/testing/simulation/index.js'

export interface TrueEntry {
  readonly id: string
  readonly audience: Audience | null
}

/** All logs of all epochs, as the store appended them. */
export class LogTruth {
  readonly #logs = new Map<string, Map<string, TrueEntry[]>>()
  readonly #replied = new Set<string>()

  constructor(readonly historyMessages: number) {}

  appended(log: string, epoch: string, { offset, meta, audience }: LogEntry): void {
    const epochs = this.#logs.get(log) ?? new Map<string, TrueEntry[]>()
    const entries = epochs.get(epoch) ?? []
    if (offset !== entries.length + 1)
      throw new Violation('I6', `${log}/${epoch}: ${offset} after ${entries.length}`)
    entries.push({ id: meta.id, audience })
    epochs.set(epoch, entries)
    this.#logs.set(log, epochs)
    if (meta.re === undefined) return
    const key = `${log} ${epoch} ${meta.re}`
    if (this.#replied.has(key)) throw new Violation('I10', `request ${meta.re} was answered twice`)
    this.#replied.add(key)
  }

  at(log: string, epoch: string, offset: number): TrueEntry | undefined {
    return this.#logs.get(log)?.get(epoch)?.[offset - 1]
  }

  head(log: string, epoch: string): number {
    return this.#logs.get(log)?.get(epoch)?.length ?? 0
  }

  names(): Iterable<string> {
    return this.#logs.keys()
  }

  /** Whether a message of this id is in a log, in any epoch. */
  holds(log: string, id: string): boolean {
    for (const entries of this.#logs.get(log)?.values() ?? []) {
      if (entries.some((entry) => entry.id === id)) return true
    }
    return false
  }

  /** A log holds no more than it may (I7). */
  checkHeld(log: string, first: number, head: number): void {
    const held = head - first + 1
    if (held > this.historyMessages)
      throw new Violation('I7', `${log} holds ${held} entries; its history takes ${this.historyMessages}`)
  }

  /** A gap of history may name only what is no longer held. */
  checkTrimmed(log: string, epoch: string, to: number): void {
    const oldest = this.head(log, epoch) - this.historyMessages + 1
    if (to >= oldest) {
      throw new Violation(
        'I5',
        `${log}/${epoch}: a gap up to ${to}, but the log holds everything from ${oldest} on`,
      )
    }
  }
}

/** Who reads: sessions that it had, the newest last, and the kind of its device. */
export interface Reading {
  readonly sessions: readonly string[]
  readonly device: string
}

/** Whether an entry is left out for a reader. */
export function isForOthers({ audience }: TrueEntry, { sessions, device }: Reading): boolean {
  if (audience === null) return false
  if (audience.devices !== undefined && !audience.devices.includes(device)) return true
  return audience.exceptSessions?.some((id) => sessions.includes(id)) ?? false
}

/** One reader of one log: delivered entries and gaps have to partition it, in order. */
export class ReaderBook {
  #epoch: string
  #position: number
  /** The log was followed anew while older entries still waited for their handlers. */
  #later: { readonly epoch: string; readonly offset: number }[] = []
  /** Its session ended: a last gap has to say so. */
  mustEnd = false
  /** Nobody follows it any more; what was received before is still handled. */
  retired = false
  /** Offset of the last entry whose handler ended, in this epoch. */
  finished = 0
  /** It was asked for from here; a gap says if that was not to be had. */
  #asked: number | null

  constructor(
    readonly log: string,
    epoch: string,
    readonly start: number,
    readonly truth: LogTruth,
    readonly reading: Reading,
    asked: number | null = null,
  ) {
    this.#asked = asked
    this.#epoch = epoch
    this.#position = start
  }

  get position(): { readonly epoch: string; readonly offset: number } {
    return { epoch: this.#epoch, offset: this.#position }
  }

  startsAgain(epoch: string, offset: number): void {
    this.retired = false
    this.#later.push({ epoch, offset })
  }

  message({ offset, id }: Pick<Message, 'offset' | 'id'>): void {
    this.#asked = null
    this.#restartUntil(() => this.#isNext(offset ?? 0, id))
    this.#skipOthers(offset ?? 0)
    const place = `${this.log}/${this.#epoch}`
    if (offset !== this.#position + 1) {
      throw new Violation('I5', `${place}: entry ${offset} after ${this.#position}, no gap told`)
    }
    const truth = this.truth.at(this.log, this.#epoch, offset)
    if (truth?.id !== id) throw new Violation('I5', `${place}@${offset} is ${truth?.id}, delivered ${id}`)
    this.#position = offset
  }

  gap({ from, to, epoch, why }: Pick<Gap, 'from' | 'to' | 'epoch' | 'why'>): void {
    const asked = this.#asked
    this.#asked = null
    if (asked !== null && to === null && from === asked + 1) {
      this.#position = 0
      this.#epoch = epoch
      return
    }
    this.#restartUntil(() => this.#reaches(from))
    this.#skipOthers(from)
    if (from !== this.#position + 1) {
      throw new Violation('I5', `${this.log}: gap from ${from}, but the reader stood at ${this.#position}`)
    }
    if (to === null && epoch === this.#epoch && why === 'epoch') {
      throw new Violation('I5', `${this.log}: it is said to have begun anew, in the same epoch`)
    }
    if (why === 'history' && to !== null) this.truth.checkTrimmed(this.log, epoch, to)
    if (to === null) this.finished = 0
    this.#position = to ?? 0
    this.#epoch = epoch
  }

  /** At rest the reader has everything. */
  checkComplete(): void {
    const head = this.truth.head(this.log, this.#epoch)
    this.#skipOthers(head + 1)
    if (this.#later.length > 0) return
    if (this.#position !== head) {
      throw new Violation(
        'I5',
        `${this.log}/${this.#epoch}: the reader ended at ${this.#position}, the log at ${head}`,
      )
    }
  }

  #isNext(offset: number, id: string): boolean {
    return this.#reaches(offset) && this.truth.at(this.log, this.#epoch, offset)?.id === id
  }

  /** Whether everything between here and an offset is for others. */
  #reaches(offset: number): boolean {
    for (let at = this.#position + 1; at < offset; at++) {
      const entry = this.truth.at(this.log, this.#epoch, at)
      if (entry === undefined || !isForOthers(entry, this.reading)) return false
    }
    return offset > this.#position
  }

  /** It may have been followed anew several times before anything came. */
  #restartUntil(fits: () => boolean): void {
    while (!fits()) {
      const start = this.#later.shift()
      if (start === undefined) return
      this.#epoch = start.epoch
      this.#position = start.offset
    }
  }

  #skipOthers(before: number): void {
    for (let at = this.#position + 1; at < before; at++) {
      const entry = this.truth.at(this.log, this.#epoch, at)
      if (entry === undefined || !isForOthers(entry, this.reading)) return
      this.#position = at
    }
  }
}
