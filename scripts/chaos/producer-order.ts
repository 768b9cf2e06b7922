/**
 * The order of a producer's messages, as one server process saw it.
 */

/** Within one life the numbers of a producer never go down (I2), of runs as of effects. One that comes again is I1's. */
export class ProducerOrder {
  readonly #last = new Map<string, number>()

  isNext(of: 'runs' | 'effects', id: string): boolean {
    const dot = id.lastIndexOf('.')
    const producer = `${of} ${id.slice(0, dot)}`
    const seq = Number(id.slice(dot + 1))
    const isInOrder = seq >= (this.#last.get(producer) ?? 0)
    this.#last.set(producer, seq)
    return isInOrder
  }
}
