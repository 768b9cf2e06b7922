/**
 * The plug between a server and its store, which a crash pulls.
 *
 * Owns: that a process that died can do nothing more: its calls end nowhere, its listeners hear nothing.
 * Does not own: what is stored.
 */
import type { AppendListener, Store } from '../server/core/store.js'

/**
 * A call that was under way when the process died has no answer. A promise for each: one for all would keep whoever
 * waits for it in memory for ever.
 */
const never = (): Promise<never> => new Promise(() => undefined)

export class StorePlug implements Store {
  readonly name: string
  readonly #store: Store
  readonly #stops: (() => void)[] = []
  #pulled = false

  constructor(store: Store) {
    this.name = store.name
    this.#store = store
  }

  /** The process dies. */
  pull(): void {
    this.#pulled = true
    for (const stop of this.#stops.splice(0)) stop()
  }

  attachProducer(...call: Parameters<Store['attachProducer']>): ReturnType<Store['attachProducer']> {
    return this.#pulled ? never() : this.#store.attachProducer(...call)
  }

  commit(...call: Parameters<Store['commit']>): ReturnType<Store['commit']> {
    return this.#pulled ? never() : this.#store.commit(...call)
  }

  append(...call: Parameters<Store['append']>): ReturnType<Store['append']> {
    return this.#pulled ? never() : this.#store.append(...call)
  }

  logState(...call: Parameters<Store['logState']>): ReturnType<Store['logState']> {
    return this.#pulled ? never() : this.#store.logState(...call)
  }

  read(...call: Parameters<Store['read']>): ReturnType<Store['read']> {
    return this.#pulled ? never() : this.#store.read(...call)
  }

  attachSession(...call: Parameters<Store['attachSession']>): ReturnType<Store['attachSession']> {
    return this.#pulled ? never() : this.#store.attachSession(...call)
  }

  detachSession(...call: Parameters<Store['detachSession']>): ReturnType<Store['detachSession']> {
    return this.#pulled ? never() : this.#store.detachSession(...call)
  }

  detachProducer(...call: Parameters<Store['detachProducer']>): ReturnType<Store['detachProducer']> {
    return this.#pulled ? never() : this.#store.detachProducer(...call)
  }

  listen(listener: AppendListener): () => void {
    const stop = this.#store.listen(listener)
    this.#stops.push(stop)
    return stop
  }

  /** The store outlives the server: the testing kit closes it. */
  close(): void {
    this.pull()
  }
}
