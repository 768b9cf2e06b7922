/**
 * The readers' half of the books: every log as its store appended it, and every reader held against it.
 *
 * Owns: I5 and I6. Delivered entries and gaps partition each log, in order; a gap for history's sake names only what history
 * had lost by then.
 */
import type { ClientLine, ServerLine, Timed } from './journal.js'
import { HISTORY_MESSAGES } from './traffic.js'
import type { PageJournal } from './verdict.js'

interface Appended {
  readonly id: string
  readonly at: number
}

/** Logs by name and epoch. */
export class LogTruth {
  readonly violations: string[] = []
  readonly #logs = new Map<string, Map<string, Appended[]>>()

  appended({ log, epoch, offset, id, at }: Timed<ServerLine> & { what: 'appended' }): void {
    const epochs = this.#logs.get(log) ?? new Map<string, Appended[]>()
    const entries = epochs.get(epoch) ?? []
    if (offset !== entries.length + 1) {
      this.violations.push(`I6: ${log}/${epoch}: entry ${offset} was appended after ${entries.length}`)
    }
    entries.push({ id, at })
    epochs.set(epoch, entries)
    this.#logs.set(log, epochs)
  }

  at(log: string, epoch: string, offset: number): Appended | undefined {
    return this.#logs.get(log)?.get(epoch)?.[offset - 1]
  }

  head(log: string, epoch: string): number {
    return this.#logs.get(log)?.get(epoch)?.length ?? 0
  }

  /** In the order in which they began: the last is the one that counts. */
  epochs(log: string): readonly string[] {
    return [...(this.#logs.get(log)?.keys() ?? [])]
  }
}

export interface ReadingVerdict {
  delivered: number
  gaps: number
  lost: number
  duplicated: number
  outOfOrder: number
  readonly violations: string[]
}

/** Judges every reader of every page. */
export function readAll(pages: readonly PageJournal[], truth: LogTruth): ReadingVerdict {
  const verdict = { delivered: 0, gaps: 0, lost: 0, duplicated: 0, outOfOrder: 0, violations: [] }
  for (const page of pages) {
    const readers = new Readers(page.name, truth, verdict)
    for (const line of page.lines) readers.read(line)
    if (!page.killed) readers.checkComplete()
  }
  return verdict
}

type Entry = Timed<ClientLine> & { what: 'got' }
type Gap = Timed<ClientLine> & { what: 'gap' }

/** All readers of one page: of the rooms it is in, and of its user's log from the first entry on. */
class Readers {
  readonly #readers = new Map<string, Reader>()

  constructor(
    readonly page: string,
    readonly truth: LogTruth,
    readonly verdict: ReadingVerdict,
  ) {}

  read(line: Timed<ClientLine>): void {
    switch (line.what) {
      case 'joined':
        this.#readers.set(line.log, this.#reader(line.log, [line.epoch], line.offset))
        return
      case 'left':
        this.#readers.delete(line.log)
        return
      case 'got':
        this.verdict.delivered++
        return this.#of(line.log)?.got(line)
      case 'gap':
        this.verdict.gaps++
        return this.#of(line.log)?.gap(line)
      default:
        return
    }
  }

  checkComplete(): void {
    for (const reader of this.#readers.values()) reader.checkComplete()
  }

  /** A user's log is read from its start, in an epoch that the application is not told: whichever fits. */
  #of(log: string): Reader | undefined {
    if (log.startsWith('user/') && !this.#readers.has(log)) {
      this.#readers.set(log, this.#reader(log, this.truth.epochs(log), 0))
    }
    return this.#readers.get(log)
  }

  #reader(log: string, epochs: readonly string[], offset: number): Reader {
    return new Reader(`${this.page} in ${log}`, log, epochs, offset, this.truth, this.verdict)
  }
}

class Reader {
  constructor(
    readonly name: string,
    readonly log: string,
    private epochs: readonly string[],
    private position: number,
    readonly truth: LogTruth,
    readonly verdict: ReadingVerdict,
  ) {}

  got({ offset, id }: Entry): void {
    const after = this.position
    if (offset === null) return this.#fail(`${id} has no offset`)
    if (offset <= after) {
      this.verdict.duplicated++
      this.#fail(`entry ${offset} after ${after}`)
    } else if (offset > after + 1) {
      this.verdict.lost += offset - after - 1
      this.#fail(`entry ${offset} after ${after}, and no gap was told`)
    }
    const fitting = this.epochs.filter((epoch) => this.truth.at(this.log, epoch, offset)?.id === id)
    if (fitting.length === 0) {
      this.verdict.outOfOrder++
      this.#fail(`delivered ${id} as entry ${offset} of ${this.epochs.join()}, which it is not`)
    } else this.epochs = fitting
    this.position = offset
  }

  gap(gap: Gap): void {
    if (gap.from !== this.position + 1)
      this.#fail(`a gap from ${gap.from}, but the reader stood at ${this.position}`)
    if (gap.to === null) {
      if (this.epochs.length === 1 && this.epochs[0] === gap.epoch)
        this.#fail('began anew without a new epoch')
      this.position = 0
    } else {
      this.#checkNeeded(gap, gap.to)
      this.position = gap.to
    }
    this.epochs = [gap.epoch]
  }

  /** History forgets an entry only when so many newer ones are there: a gap must not name what could still be read. */
  #checkNeeded({ epoch, from, to: _to, why, at }: Gap, to: number): void {
    if (to < from) this.#fail(`a gap from ${from} to ${to}`)
    if (!this.epochs.includes(epoch)) this.#fail(`a gap of ${epoch}, which is not read`)
    const pushedOutBy = this.truth.at(this.log, epoch, to + HISTORY_MESSAGES)
    if (pushedOutBy === undefined || pushedOutBy.at > at) {
      this.#fail(`a gap up to ${to} (${why}), which history still had`)
    }
  }

  /** At rest a reader has everything of the log as it is now. */
  checkComplete(): void {
    const now = this.truth.epochs(this.log).at(-1) ?? ''
    const head = this.truth.head(this.log, now)
    if (this.epochs.includes(now) && this.position === head) return
    this.verdict.lost += Math.max(0, head - this.position)
    this.#fail(`ended at ${this.epochs.join()}@${this.position}, the log at ${now}@${head}`)
  }

  #fail(detail: string): void {
    this.verdict.violations.push(`I5: ${this.name}: ${detail}`)
  }
}
