/**
 * What the application of one page does inside its callbacks: it calls back into the client, and handlers take their time.
 *
 * Owns: the draw of both.
 */
import type { Client } from '../../src/index.js'
import type { ManualClock, SeededRandom } from '../../src/testing/index.js'
import type { Books } from './books.js'
import type { Member } from './member.js'
import { ROOMS } from './parameters.js'

export interface CallbackParts {
  readonly member: Member
  readonly client: Client
  readonly clock: ManualClock
  readonly random: SeededRandom
  readonly books: Books
}

export class MemberCallbacks {
  readonly #parts: CallbackParts
  readonly #stops: (() => void)[] = []
  #reentry: number
  #slowness: number

  constructor(parts: CallbackParts) {
    const { reentry, slowness } = parts.member.habits
    this.#parts = parts
    this.#reentry = reentry
    this.#slowness = slowness.chance
  }

  /** Callbacks call back no more, and handlers hurry: a reader that lags far behind would be long in coming to rest. */
  calm(): void {
    this.#reentry = 0
    this.#slowness = 0
  }

  /** What a handler does; a promise if it takes its time. */
  handle(): void | Promise<void> {
    this.reenter()
    if (this.#parts.random.chance(this.#slowness)) return this.#takeTime()
  }

  /** Now and then because it asks the server something. */
  async #takeTime(): Promise<void> {
    const { member, random, clock, books } = this.#parts
    if (random.chance(0.2) && !member.closing) {
      books.sometimes('a handler awaited a request')
      await member.request('echo', 0, { timeoutMs: 2_000 })
      return
    }
    const ms = random.integer(1, member.habits.slowness.maxMs)
    await new Promise<void>((resolve) => void clock.setTimer(resolve, ms))
  }

  /** Callbacks may call back in. */
  reenter(): void {
    const { member, client, random, books } = this.#parts
    if (!random.chance(this.#reentry) || member.closing || !member.alive) return
    books.sometimes('a callback called back into its client')
    const room = random.pick(ROOMS)
    switch (random.integer(0, 9)) {
      case 0:
        return member.disconnect()
      case 1:
        // Its status may be of before the turn that calls back: what it gave up a moment ago is tried again.
        member.dials.asked()
        return member.connect()
      case 2:
        return member.join(room, { from: 'start' })
      case 3:
        return member.leave(room)
      case 4:
        return member.restart(true)
      case 5:
        return this.#stops.shift()?.()
      case 6:
        this.#stops.push(client.on('note', () => undefined))
        return
      case 7:
        return void member.send(null, 'plain', 0, {}).cancel()
      default:
        member.send(null, 'fan', 0, {})
    }
  }
}
