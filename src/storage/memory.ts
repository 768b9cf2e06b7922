/**
 * Outboxes kept in memory.
 *
 * Owns: the reference implementation of the storage port: what survives a client, but not the process. Several clients
 * that share one storage behave like several pages that share a disk; the tests of rules 6 and 7 do.
 */
import { outboxStorage } from '../client/outbox-storage.js'
import type { OutboxStorage } from '../client/types.js'
import type { StorageChange, StoredMessage, StoredOutbox, StoredProducer } from '../protocol/storage.js'
import type { OutboxHandle } from '../runtime/ports.js'

interface KeptOutbox {
  producer: StoredProducer
  readonly messages: Map<number, StoredMessage>
  /** The handle whose page uses it; `null`: its page is gone. */
  holder: object | null
}

/**
 * A storage that outlives its clients, within this process.
 *
 * @example
 * const storage = memoryStorage()
 * createClient({ url, queue: { storage } })
 */
export function memoryStorage(): OutboxStorage {
  const outboxes = new Map<string, KeptOutbox>()
  return outboxStorage({ name: 'memory', open: async () => openHandle(outboxes) })
}

/** What nobody holds is held by `holder` from now on. */
function claim(outboxes: Map<string, KeptOutbox>, holder: object): StoredOutbox[] {
  const leftovers: StoredOutbox[] = []
  for (const outbox of outboxes.values()) {
    if (outbox.holder !== null) continue
    outbox.holder = holder
    const messages = [...outbox.messages.values()].sort((a, b) => a.seq - b.seq)
    leftovers.push({ producer: outbox.producer, messages })
  }
  return leftovers
}

function openHandle(outboxes: Map<string, KeptOutbox>): OutboxHandle {
  const holder = {}
  return {
    leftovers: claim(outboxes, holder),
    claim: async () => claim(outboxes, holder),
    apply: async (changes) => {
      for (const change of changes) apply(outboxes, holder, change)
    },
    release: (producer) => {
      const outbox = outboxes.get(producer)
      if (outbox?.holder === holder) outbox.holder = null
    },
    close: async () => {
      for (const outbox of outboxes.values()) if (outbox.holder === holder) outbox.holder = null
    },
  }
}

function apply(outboxes: Map<string, KeptOutbox>, holder: object, change: StorageChange): void {
  switch (change.type) {
    case 'producer': {
      const known = outboxes.get(change.producer.id)
      if (known !== undefined) known.producer = change.producer
      else outboxes.set(change.producer.id, { producer: change.producer, messages: new Map(), holder })
      return
    }
    case 'append':
      outboxes.get(change.message.producer)?.messages.set(change.message.seq, change.message)
      return
    case 'settle':
      outboxes.get(change.producer)?.messages.delete(change.seq)
      return
    case 'forget':
      outboxes.delete(change.producer)
      return
  }
}
