/**
 * Looking at decoded values without trusting them.
 *
 * Owns: depth, forbidden keys, foreign prototypes; and whether the language's own prototypes are as they were.
 */

/** What is wrong with a value that a codec gave; `null`: nothing. */
export function faultOf(value: unknown, maxDepth: number): string | null {
  const waiting: { value: unknown; depth: number }[] = [{ value, depth: 1 }]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { value: item, depth } = next
    if (typeof item === 'bigint') return 'a bigint'
    if (typeof item !== 'object' || item === null || item instanceof Uint8Array) continue
    if (depth > maxDepth) return `nested deeper than ${maxDepth}`
    const prototype: unknown = Object.getPrototypeOf(item)
    if (prototype !== Object.prototype && prototype !== Array.prototype) return 'a foreign prototype'
    if (Object.hasOwn(item, '__proto__')) return "the key '__proto__'"
    for (const inner of Object.values(item)) waiting.push({ value: inner, depth: depth + 1 })
  }
  return null
}

const PROTOTYPES: readonly object[] = [
  Object.prototype,
  Array.prototype,
  Function.prototype,
  String.prototype,
  Number.prototype,
  Map.prototype,
  Object,
]

const KEYS = PROTOTYPES.map((prototype) => Reflect.ownKeys(prototype).length)

/** `true`: something was added to, or taken from, a prototype of the language. */
export function prototypesChanged(): boolean {
  return PROTOTYPES.some((prototype, index) => Reflect.ownKeys(prototype).length !== KEYS[index])
}
