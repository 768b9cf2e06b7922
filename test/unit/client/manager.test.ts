import { describe, expect, it } from 'vitest'
import { createManager } from '../../../src/client/manager.js'
import type { Transport } from '../../../src/runtime/ports.js'

/** A transport that dials and never hears anything. */
const nowhere: Transport = {
  name: 'nowhere',
  open: () => ({ send: () => undefined, close: () => undefined, bufferedAmount: 0 }),
}
const options = { url: 'ws://server.test/ws', transports: [nowhere], signals: false }

describe('a manager', () => {
  it('adds clients under names, gives and lists them', async () => {
    const manager = createManager()
    const kitchen = manager.add('kitchen', options)
    manager.add('garden', options)

    expect(manager.get('kitchen')).toBe(kitchen)
    expect(manager.get('attic')).toBeUndefined()
    expect(kitchen.name).toBe('kitchen')
    expect(manager.list()).toMatchObject([
      { name: 'kitchen', snapshot: { status: 'idle' } },
      { name: 'garden', snapshot: { status: 'idle' } },
    ])
    await manager.closeAll()
  })

  it('refuses a name twice, and adds nothing for wrong options', () => {
    const manager = createManager()
    manager.add('kitchen', options)

    expect(() => manager.add('kitchen', options)).toThrow(/name that is not in use/)
    expect(() => manager.add('garden', { ...options, url: 'nonsense' })).toThrow(/url/)
    expect(manager.list()).toHaveLength(1)
  })

  it('removes and closes', async () => {
    const manager = createManager()
    const kitchen = manager.add('kitchen', options)
    await manager.remove('kitchen')

    expect(kitchen.snapshot.status).toBe('closed')
    expect(manager.list()).toEqual([])
    await expect(manager.remove('kitchen')).rejects.toMatchObject({ field: 'name' })
    manager.add('kitchen', options)
  })

  it('restarts one by name, and says which there are', async () => {
    const manager = createManager()
    const kitchen = manager.add('kitchen', options)
    const restarting = manager.restart('kitchen', { force: true })
    await Promise.resolve()
    expect(kitchen.snapshot.status).toBe('connecting')
    const ended = restarting.catch((error: unknown) => error)

    await expect(manager.restart('attic')).rejects.toThrow(/kitchen/)
    await manager.closeAll()
    expect(await ended).toMatchObject({ code: 'closed' })
  })

  it('closes all', async () => {
    const manager = createManager()
    const clients = ['a', 'b'].map((name) => manager.add(name, options))
    await manager.closeAll({ drainMs: 0 })

    expect(clients.map(({ snapshot }) => snapshot.status)).toEqual(['closed', 'closed'])
    expect(manager.list()).toEqual([])
  })
})
