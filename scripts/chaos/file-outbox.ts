/**
 * An outbox in a file, for pages that are killed: the next page of the client finds what the last one had stored.
 *
 * Owns: appending changes, reading them again. A change is in the file when `apply` resolves; SIGKILL takes nothing back.
 * Does not own: locks. The supervisor runs one page of a client at a time.
 */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import {
  outboxStorage,
  type StorageChange,
  type StoredMessage,
  type StoredProducer,
} from '../../src/index.js'

interface Outbox {
  producer: StoredProducer
  readonly messages: Map<number, StoredMessage>
}

export class FileOutbox {
  readonly storage = outboxStorage({ name: 'file', open: () => Promise.resolve(this.#open()) })
  readonly #path: string
  readonly #outboxes = new Map<string, Outbox>()

  constructor(path: string) {
    this.#path = path
  }

  /** Messages that nobody has settled. */
  get size(): number {
    return [...this.#outboxes.values()].reduce((sum, { messages }) => sum + messages.size, 0)
  }

  #open() {
    this.#outboxes.clear()
    const text = existsSync(this.#path) ? readFileSync(this.#path, 'utf8') : ''
    // The last line may have been cut; what it would have said was never confirmed.
    const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n')
    for (const line of lines) if (line !== '') this.#remember(JSON.parse(line, revive) as StorageChange)
    writeFileSync(this.#path, lines.join('\n'))
    const leftovers = [...this.#outboxes.values()].map(({ producer, messages }) => ({
      producer,
      messages: [...messages.values()].toSorted((a, b) => a.seq - b.seq),
    }))
    return {
      leftovers,
      apply: (changes: readonly StorageChange[]): Promise<void> => {
        appendFileSync(this.#path, changes.map((change) => `${JSON.stringify(change, replace)}\n`).join(''))
        for (const change of changes) this.#remember(change)
        return Promise.resolve()
      },
      release: (): void => undefined,
      close: (): Promise<void> => Promise.resolve(),
    }
  }

  #remember(change: StorageChange): void {
    switch (change.type) {
      case 'producer': {
        const known = this.#outboxes.get(change.producer.id)
        if (known === undefined)
          this.#outboxes.set(change.producer.id, { producer: change.producer, messages: new Map() })
        else known.producer = change.producer
        return
      }
      case 'append':
        this.#outboxes.get(change.message.producer)?.messages.set(change.message.seq, change.message)
        return
      case 'settle':
        this.#outboxes.get(change.producer)?.messages.delete(change.seq)
        return
      case 'forget':
        this.#outboxes.delete(change.producer)
    }
  }
}

/** MessagePack's bodies are bytes, which JSON does not know. */
function replace(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? { base64: Buffer.from(value).toString('base64') } : value
}

function revive(_key: string, value: unknown): unknown {
  const isBytes = typeof value === 'object' && value !== null && 'base64' in value
  return isBytes ? new Uint8Array(Buffer.from(String(value.base64), 'base64')) : value
}
