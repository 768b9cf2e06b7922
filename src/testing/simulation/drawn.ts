/**
 * What a world draws by name: its sizes, limits and habits.
 *
 * Owns: drawing them from the seed, or taking them from a plan that was kept, and what such a plan lacks.
 * Does not own: streams (`random.fork`), which the seed alone decides.
 */
import type { SeededRandom } from '../seeded-random.js'

export class Drawn {
  readonly #random: SeededRandom
  readonly #kept: Readonly<Record<string, unknown>> | undefined
  readonly #values = new Map<string, unknown>()

  constructor(random: SeededRandom, kept: Readonly<Record<string, unknown>> | undefined) {
    this.#random = random
    this.#kept = kept
  }

  draw<Value>(name: string, draw: (random: SeededRandom) => Value, quiet?: Value): Value {
    const value = this.#take(name, draw, quiet)
    this.#values.set(name, value)
    return value
  }

  /** All that was drawn so far, by name. */
  values(): Record<string, unknown> {
    return Object.fromEntries(this.#values)
  }

  #take<Value>(name: string, draw: (random: SeededRandom) => Value, quiet: Value | undefined): Value {
    const kept = this.#kept?.[name]
    if (kept !== undefined) return completed(kept, quiet) as Value
    // A plan that was kept is to stay the same run, whatever the draw has become since.
    if (this.#kept !== undefined && quiet !== undefined) return quiet
    return draw(this.#random.fork(name))
  }
}

/** `kept`, with what it lacks taken from `quiet`, at every depth of plain objects. */
export function completed(kept: unknown, quiet: unknown): unknown {
  if (kept === undefined) return quiet
  if (!isTable(kept) || !isTable(quiet)) return kept
  const names = new Set([...Object.keys(quiet), ...Object.keys(kept)])
  return Object.fromEntries([...names].map((name) => [name, completed(kept[name], quiet[name])]))
}

/** A plain object; no array, and nothing with a class. */
export function isTable(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
