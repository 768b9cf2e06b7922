import { describe, expect, it, vi } from 'vitest'
import { FrameType } from '../../../src/protocol/frames.js'
import { entry, gap, joined, left, member } from '../../support/fake-server-frames.js'
import { ClientHarness, type FarEnd } from '../../support/client-harness.js'
import { collectGarbage } from '../../support/collect-garbage.js'

async function inLobby(): Promise<{ harness: ClientHarness; end: FarEnd }> {
  const harness = new ClientHarness()
  const joining = harness.client.room('lobby').join()
  const end = await harness.connect()
  end.send(joined(1, 'lobby', 5, [member('m1')]))
  await harness.pass()
  await joining
  return { harness, end }
}

describe('a room', () => {
  it('is the same object for the same name', () => {
    const { client } = new ClientHarness()

    expect(client.room('lobby')).toBe(client.room('lobby'))
    expect(client.room('lobby')).not.toBe(client.room('attic'))
    expect(client.room('lobby').id).toBe('lobby')
  })

  it.each([[''], [7], [null], ['x'.repeat(600)]])('needs a name: %s', (id) => {
    const { client } = new ClientHarness()

    expect(() => client.room(id as string)).toThrow(/room/)
  })

  it('is out until it is joined, and says where it stands', async () => {
    const { client } = new ClientHarness()
    expect(client.room('lobby').snapshot).toEqual({ status: 'out', cursor: null, members: 0, error: null })
    const { harness } = await inLobby()

    expect(harness.client.room('lobby').snapshot).toEqual({
      status: 'joined',
      cursor: { epoch: 'log-epoch', offset: 5 },
      members: 1,
      error: null,
    })
  })

  it('keeps one snapshot object until something changed, and tells subscribers', async () => {
    const { harness, end } = await inLobby()
    const room = harness.client.room('lobby')
    const listener = vi.fn<() => void>()
    const stop = room.subscribe(listener)
    const before = room.snapshot
    expect(room.snapshot).toBe(before)
    end.send([FrameType.PRESENCE, 'lobby', 1, 'join', [member('m2')]])
    await harness.pass()
    expect(listener).toHaveBeenCalledOnce()
    expect(room.snapshot).toMatchObject({ members: 2 })
    expect(room.snapshot).not.toBe(before)
    stop()
    end.send([FrameType.PRESENCE, 'lobby', 2, 'leave', [member('m2')]])
    await harness.pass()

    expect(listener).toHaveBeenCalledOnce()
  })

  it('has a cursor of what went through handlers, not of what merely arrived', async () => {
    const { harness, end } = await inLobby()
    const room = harness.client.room('lobby')
    let done = (): void => undefined
    room.on('said', () => new Promise<void>((resolve) => (done = resolve)))
    end.send(entry('room/lobby', 6), entry('room/lobby', 7))
    await harness.pass()
    expect(room.snapshot.cursor?.offset).toBe(5)
    done()
    await harness.pass()

    expect(room.snapshot.cursor?.offset).toBe(6)
  })

  it('joins from a cursor, and says whether everything since then came', async () => {
    const harness = new ClientHarness()
    const joining = harness.client.room('lobby').join({ from: { epoch: 'log-epoch', offset: 2 } })
    const end = await harness.connect()
    expect(end.all(FrameType.JOIN)).toEqual([[FrameType.JOIN, 1, 'lobby', 'log-epoch', 2, null]])
    end.send(joined(1, 'lobby', 2), gap('room/lobby', 3, 4))
    await harness.pass()

    await expect(joining).resolves.toEqual({
      cursor: { epoch: 'log-epoch', offset: 2 },
      recovered: false,
      members: [],
    })
    expect(harness.told('gap')).toMatchObject([{ room: 'lobby', from: 3, to: 4 }])
  })

  it.each([[{ epoch: 'e' }], [{ epoch: 1, offset: 1 }], [{ epoch: 'e', offset: -1 }], ['yesterday'], [null]])(
    'refuses to join from %j',
    (from) => {
      const { client } = new ClientHarness()

      expect(() => client.room('lobby').join({ from: from as never })).toThrow(/from/)
    },
  )

  it('that may not be joined rejects with the reason', async () => {
    const harness = new ClientHarness()
    const joining = harness.client.room('lobby').join()
    const refused = joining.catch((error: unknown) => error)
    const end = await harness.connect()
    end.send(left(1, 'lobby', 'forbidden'))
    await harness.pass()
    expect(await refused).toMatchObject({ name: 'DeliveryError', code: 'forbidden' })
    expect(harness.client.room('lobby').snapshot).toMatchObject({
      status: 'out',
      error: { code: 'forbidden' },
    })
  })

  it('is left when the server says so', async () => {
    const { harness, end } = await inLobby()
    const leaving = harness.client.room('lobby').leave()
    await harness.pass()
    expect(end.all(FrameType.LEAVE)).toEqual([[FrameType.LEAVE, 2, 'lobby']])
    end.send(left(2, 'lobby'))
    await harness.pass()
    await leaving

    expect(harness.client.room('lobby').snapshot).toMatchObject({ status: 'out', members: 0 })
  })

  it('whose subscriber throws goes on, and says so', async () => {
    const { harness, end } = await inLobby()
    const second = vi.fn<() => void>()
    harness.client.room('lobby').subscribe(() => {
      throw new Error('subscriber')
    })
    harness.client.room('lobby').subscribe(second)
    end.send([FrameType.PRESENCE, 'lobby', 1, 'join', [member('m2')]])
    await harness.pass()

    expect(second).toHaveBeenCalledOnce()
    expect(harness.told('error')).toMatchObject([{ code: 'listener_failed' }])
  })

  it('is out for good once the client is closed', async () => {
    const { harness } = await inLobby()
    const listener = vi.fn<() => void>()
    harness.client.room('lobby').subscribe(listener)
    void harness.client.close({ drainMs: 0 })
    await harness.pass()

    expect(harness.client.room('lobby').snapshot.status).toBe('out')
    expect(listener).toHaveBeenCalled()
  })

  it('stays joined and heard when nobody holds it', async () => {
    const { harness, end } = await inLobby()
    const heard: unknown[] = []
    const use = () => {
      const room = harness.client.room('lobby')
      room.on('said', (data) => void heard.push(data))
      return new WeakRef(room)
    }
    const used = use()
    for (let index = 0; index < 3_000; index++) harness.client.room(`room ${index}`)
    await collectGarbage()
    expect(used.deref()).toBe(undefined)
    end.send(entry('room/lobby', 6, 1))
    await harness.pass()

    expect(heard).toEqual([1])
    expect(harness.client.room('lobby').snapshot).toMatchObject({ status: 'joined', cursor: { offset: 6 } })
  })

  it('hears on after one who was unsubscribed twice', async () => {
    const { harness, end } = await inLobby()
    const room = harness.client.room('lobby')
    const heard: unknown[] = []
    const stop = room.on('said', () => undefined)
    stop()
    room.on('said', (data) => void heard.push(data))
    stop()
    end.send(entry('room/lobby', 6, 1))
    await harness.pass()

    expect(heard).toEqual([1])
  })
})

describe('presence', () => {
  it('shows who is there and tells when that changes, and only then', async () => {
    const { harness, end } = await inLobby()
    const { presence } = harness.client.room('lobby')
    const listener = vi.fn<() => void>()
    presence.subscribe(listener)
    const before = presence.get()
    expect([...before.keys()]).toEqual(['m1'])
    end.send(entry('room/lobby', 6))
    await harness.pass()
    expect(listener).not.toHaveBeenCalled()
    end.send([FrameType.PRESENCE, 'lobby', 1, 'update', [member('m1', { typing: true })]])
    await harness.pass()

    expect(listener).toHaveBeenCalledOnce()
    expect(presence.get()).not.toBe(before)
    expect(presence.get().get('m1')?.state).toEqual({ typing: true })
  })

  it('of one’s own is sent, with the join and after', async () => {
    const harness = new ClientHarness()
    const room = harness.client.room('lobby')
    void room.join({ presence: { name: 'Ada' } })
    const end = await harness.connect()
    end.send(joined(1, 'lobby', 0))
    await harness.pass()
    room.presence.update({ name: 'Ada', typing: true })
    await harness.pass()

    expect(end.all(FrameType.JOIN)[0]).toEqual([FrameType.JOIN, 1, 'lobby', null, null, { name: 'Ada' }])
    expect(end.all(FrameType.PRESENCE)[0]?.[4]).toEqual([{ name: 'Ada', typing: true }])
  })

  it('must be an object that can be encoded', async () => {
    const { client } = new ClientHarness()
    const room = client.room('lobby')

    expect(() => room.presence.update('busy' as never)).toThrow(/presence/)
    expect(() => room.presence.update({ n: 1n })).toThrow(/bigint/i)
    expect(() => room.join({ presence: 7 as never })).toThrow(/presence/)
    await expect(room.join({ presence: { n: 1n } })).rejects.toThrow(/bigint/i)
  })
})
