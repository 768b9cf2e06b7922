import { describe, expect, it } from 'vitest'
import { outboxStorage } from '../../../src/client/outbox-storage.js'
import { checkUpdate, resolveOptions } from '../../../src/client/options.js'
import type { ClientOptions } from '../../../src/client/types.js'
import type { StorageAdapter } from '../../../src/runtime/ports.js'
import { memoryStorage } from '../../../src/storage/memory.js'

const url = 'wss://example.com/ws'
const ownStorage: StorageAdapter = { name: 'own', open: () => Promise.reject(new Error('not opened here')) }

describe('queue.storage', () => {
  it('may be a storage of the package, or one of your own by way of outboxStorage()', () => {
    expect(() => resolveOptions({ url, queue: { storage: memoryStorage() } })).not.toThrow()
    expect(() => resolveOptions({ url, queue: { storage: outboxStorage(ownStorage) } })).not.toThrow()
  })

  it('that does not say how to use it is refused with the way out', () => {
    const options = { url, queue: { storage: ownStorage } } as unknown as ClientOptions
    expect(() => resolveOptions(options)).toThrow(/'queue\.storage'.*outboxStorage\(\)/)
  })

  it('keeps its name, and is opened as what it was', async () => {
    class Disk implements StorageAdapter {
      readonly name = 'disk'
      open(): Promise<never> {
        return Promise.reject(new Error(`${this.name} is full`))
      }
    }
    const storage = outboxStorage(new Disk())
    expect(storage.name).toBe('disk')
    await expect(storage.open()).rejects.toThrow('disk is full')
  })
})

describe('update()', () => {
  it.each([
    ['update', 7],
    ['heartbeat.intervalMs', { heartbeat: { intervalMs: 0 } }],
    ['url', { url: 'ftp://example.com' }],
    ['queue', { queue: {} }],
  ])('names what is wrong as createClient does: %s', (field, update) => {
    expect(() => checkUpdate(update as object)).toThrow(expect.objectContaining({ field }))
  })

  it('leaves alone what is absent', () => {
    expect(() => checkUpdate({})).not.toThrow()
    expect(() => checkUpdate({ heartbeat: false, reconnect: {} })).not.toThrow()
  })
})
