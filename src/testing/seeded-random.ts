/**
 * Chance that a seed can replay.
 *
 * Owns: the generator (sfc32 by Chris Doty-Humphrey: small, fast, passes PractRand) and what tests draw from it.
 * Does not own: secrets. Never use it where an id must be unguessable.
 */
import type { Random } from '../runtime/ports.js'

const URL_SAFE = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz-'
/** 22 characters of 6 bits: 132 bits, as the port asks for at least 126. */
const ID_LENGTH = 22
/** Rounds after which the seed has reached every bit of the state. */
const WARM_UP_ROUNDS = 15

/** A {@link Random} with a memory of its seed. */
export interface SeededRandom extends Random {
  readonly seed: bigint
  /** An integer from `min` to `max`, both included. */
  integer(min: number, max: number): number
  /** True with probability `probability`. Always draws, so that a change of odds does not shift what follows. */
  chance(probability: number): boolean
  /** One of the items. */
  pick<Item>(items: readonly Item[]): Item
  /** A stream of its own, the same for the same seed and label, whatever was drawn here before. */
  fork(label: string): SeededRandom
}

/**
 * Makes a generator from a seed of 64 bits. The same seed gives the same numbers, on every platform.
 *
 * @example
 * const random = seededRandom(42);
 * random.next(); // the same at every run
 */
export function seededRandom(seed: number | bigint): SeededRandom {
  if (typeof seed === 'number' && !Number.isSafeInteger(seed)) {
    throw new TypeError(`seededRandom: ${seed} is not an integer; pass a safe integer or a bigint`)
  }
  return new Sfc32(BigInt.asUintN(64, BigInt(seed)))
}

class Sfc32 implements SeededRandom {
  readonly seed: bigint
  #a: number
  #b: number
  #c = 0
  #counter = 1

  constructor(seed: bigint) {
    this.seed = seed
    this.#a = Number(seed & 0xffff_ffffn) | 0
    this.#b = Number(seed >> 32n) | 0
    for (let round = 0; round < WARM_UP_ROUNDS; round++) this.#bits()
  }

  next(): number {
    // 21 + 32 bits: as fine as a double in [0, 1) can be.
    return ((this.#bits() >>> 11) * 0x1_0000_0000 + this.#bits()) / 0x20_0000_0000_0000
  }

  id(): string {
    let id = ''
    for (let length = 0; length < ID_LENGTH; length++) id += URL_SAFE[this.#bits() & 63]
    return id
  }

  integer(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1))
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<Item>(items: readonly Item[]): Item {
    if (items.length === 0) throw new RangeError('pick: there is nothing to pick from')
    return items[this.integer(0, items.length - 1)] as Item
  }

  fork(label: string): SeededRandom {
    return new Sfc32(mix(label, this.seed))
  }

  #bits(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (this.#c << 21) | (this.#c >>> 11)
    this.#c = (this.#c + sum) | 0
    return sum >>> 0
  }
}

/** FNV-1a in 64 bits, started from the seed. */
function mix(label: string, seed: bigint): bigint {
  let hash = 0xcbf2_9ce4_8422_2325n ^ seed
  for (const character of `${label}.`) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(character.codePointAt(0) ?? 0)) * 0x100_0000_01b3n)
  }
  return hash
}
