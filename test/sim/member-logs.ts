/**
 * The logs that one client reads, and where the books say that it stands in each (I5, I8).
 *
 * Owns: a reader's book for every log that the client follows, from WELCOME and joins on; which handlers run.
 */
import type { Client, Message } from '../../src/index.js'
import type { Gap } from '../../src/protocol/messages.js'
import type { Welcome } from '../../src/protocol/frames.js'
import { Violation } from '../../src/testing/simulation/index.js'
import type { Books } from './books.js'
import type { LinkBook } from './books-link.js'
import { ReaderBook } from './books-logs.js'

/** What it needs of the books. */
export type LogBooks = Pick<Books, 'note' | 'sometimes' | 'guard' | 'truth'>

export class MemberLogs {
  readonly readers = new Map<string, ReaderBook>()
  readonly #name: string
  readonly #device: string
  readonly #books: LogBooks
  readonly #sessions: string[] = []
  /** Session logs whose last gap was told. */
  readonly #ended = new Set<string>()
  /** Log → offset of the entry whose handler runs. */
  readonly #busy = new Map<string, number>()
  /** Rooms that were asked for from a position. */
  readonly #asked = new Map<string, { readonly epoch: string | null; readonly offset: number }>()
  /** Rooms that the application turned away from: nothing of them is handled until they are joined anew. */
  readonly #left = new Set<string>()

  constructor(name: string, device: string, books: LogBooks) {
    this.#name = name
    this.#device = device
    this.#books = books
  }

  /** A session begins, or goes on. Logs that are followed already keep their place. */
  opened({ session, logs }: Welcome): void {
    if (this.#sessions.at(-1) !== session.id) this.#sessions.push(session.id)
    for (const [log, reader] of this.readers) {
      if (log.startsWith('room/') || log in logs) continue
      reader.retired = true
      if (log.startsWith('session/')) reader.mustEnd = !this.#ended.has(log)
    }
    for (const [log, [epoch, offset]] of Object.entries(logs)) {
      if (log.startsWith('room/') || log.startsWith('replies/')) continue
      const reader = this.readers.get(log)
      if (reader === undefined) this.readers.set(log, this.#newReader(log, epoch, offset, null))
      else if (reader.retired) reader.startsAgain(epoch, offset)
    }
  }

  gap(gap: Gap): void {
    this.#books.note(`${this.#name} gap ${gap.log} ${gap.epoch} ${gap.from} ${gap.to} ${gap.why}`)
    if (gap.why === 'history') this.#books.sometimes('a gap by history')
    if (gap.why === 'epoch') this.#books.sometimes('a gap by a new epoch')
    const reader = this.readers.get(gap.log)
    if (reader === undefined) return
    this.#books.guard(() => reader.gap(gap))
    if (!gap.log.startsWith('session/') || gap.why === 'epoch' || gap.to !== null) return
    this.#ended.add(gap.log)
    reader.mustEnd = false
  }

  /** An entry came to its handler; the function returned is to be called when that ends. */
  delivered(log: string, { id, offset }: Pick<Message, 'id' | 'offset'>, link: LinkBook | null): () => void {
    this.#books.note(`${this.#name} ${log}@${offset} ${id}`)
    if (offset === null) return () => undefined
    const reader = this.readers.get(log)
    const key = `${log}@${offset}`
    this.#books.guard(() => this.#checkTurn(log, key))
    if (reader !== undefined) this.#books.guard(() => reader.message({ id, offset }))
    if (link?.arrived.has(key) === true) link.running.add(key)
    this.#busy.set(log, offset)
    return () => {
      link?.running.delete(key)
      if (this.#busy.get(log) !== offset) return
      this.#busy.delete(log)
      // A reader that began anew meanwhile knows nothing of this entry.
      if (reader === undefined || this.readers.get(log) !== reader) return
      if (reader.position.offset >= offset) reader.finished = offset
    }
  }

  /** Handlers of one log run one after another (rule 11), of a room that was left none. */
  #checkTurn(log: string, entry: string): void {
    const busy = this.#busy.get(log)
    if (busy !== undefined)
      throw new Violation('I5', `${this.#name}: the handler of ${entry} began while that of ${busy} ran`)
    if (this.#left.has(log))
      throw new Violation('I5', `${this.#name}: ${entry} was handled after the room was left`)
  }

  /** A room was asked for. Without saying from where, it is from now on, unless another answer is waited for. */
  asks(
    room: string,
    from: 'now' | 'start' | { readonly epoch: string; readonly offset: number } | undefined,
    isWaited: boolean,
  ): void {
    if (typeof from === 'object') this.#asked.set(room, from)
    else if (from === 'start') this.#asked.set(room, { epoch: null, offset: 0 })
    else if (from === 'now' || !isWaited) this.#asked.delete(room)
  }

  /** The application turns away from a room, or joins it anew. */
  turnsAway(room: string): void {
    this.#left.add(`room/${room}`)
  }

  leaves(room: string): void {
    this.readers.delete(`room/${room}`)
  }

  /** A room's reader begins where a join says; its cursor is known before its first entry is handled. */
  watch(client: Client, id: string, changed: () => void): void {
    const room = client.room(id)
    const log = `room/${id}`
    let status = room.snapshot.status
    room.subscribe(() => {
      const before = status
      status = room.snapshot.status
      if (status !== 'joined') this.readers.delete(log)
      else if (before !== 'joined') {
        this.#left.delete(log)
        const { cursor } = room.snapshot
        const asked = this.#asked.get(id) ?? null
        if (cursor !== null && asked !== null) this.#books.guard(() => this.#checkStart(log, asked, cursor))
        if (cursor !== null)
          this.readers.set(log, this.#newReader(log, cursor.epoch, cursor.offset, asked?.offset ?? null))
      }
      changed()
    })
  }

  /** A room begins where it was last asked for: an answer to an earlier question does not count. */
  #checkStart(
    log: string,
    asked: { readonly epoch: string | null; readonly offset: number },
    { epoch, offset }: { readonly epoch: string; readonly offset: number },
  ): void {
    if ((asked.epoch !== null && asked.epoch !== epoch) || asked.offset === offset) return
    throw new Violation(
      'I5',
      `${this.#name}: ${log} was asked for from ${asked.offset}, and begins at ${offset}`,
    )
  }

  /** A room's cursor follows what was handled: never ahead, and not behind what has ended. */
  check(client: Client): void {
    for (const [log, reader] of this.readers) {
      if (!log.startsWith('room/')) continue
      const { cursor } = client.room(log.slice('room/'.length)).snapshot
      const { epoch, offset } = reader.position
      if (cursor === null || cursor.epoch !== epoch) continue
      const busy = this.#busy.get(log)
      const most = busy === undefined ? offset : busy - 1
      if (cursor.offset <= Math.max(most, reader.start) && cursor.offset >= reader.finished) continue
      const handled = `${reader.finished} to ${most}`
      throw new Violation(
        'I8',
        `${this.#name}: its cursor of ${log} is ${cursor.offset}; handled is ${handled}`,
      )
    }
  }

  #newReader(log: string, epoch: string, offset: number, asked: number | null): ReaderBook {
    const reading = { sessions: this.#sessions, device: this.#device }
    return new ReaderBook(log, epoch, offset, this.#books.truth, reading, asked)
  }
}
