import { afterEach, describe, expect, it } from 'vitest'
import { FrameType } from '../../src/protocol/frames.js'
import { msgpack } from '../../src/serializers/msgpack.js'
import { json } from '../../src/serializers/json.js'
import { ClientHarness } from '../support/client-harness.js'
import { helloOf, producer } from '../support/raw-client.js'
import { inMemory } from '../support/memory.js'

const T = FrameType

const PROTO = ['"__proto__"', '"\\u005f_proto__"', '"__pr\\u006fto__"', '"\\u005F\\u005fproto\\u005f_"']

/** Names that every object seems to have. */
const inherited = [
  'constructor',
  'toString',
  'hasOwnProperty',
  'valueOf',
  '__proto__',
  'prototype',
  '__defineGetter__',
]

const places: [string, (key: string) => string][] = [
  ['data', (key) => `[[${T.SEND},1,null,"note",{${key}:{"polluted":true}}]]`],
  ['nested data', (key) => `[[${T.SEND},1,null,"note",{"a":[{${key} : {"polluted":true}}]}]]`],
  ['meta', (key) => `[[${T.SEND},1,null,"note",1,{${key}:{"echo":false,"polluted":true}}]]`],
  ['presence', (key) => `[[${T.JOIN},1,"lobby",null,null,{${key}:{"polluted":true}}]]`],
  ['a volatile message', (key) => `[[${T.VOLATILE},"lobby","typing",{${key}:{"polluted":true}}]]`],
  ['credentials', (key) => `[[${T.AUTH},{${key}:{"polluted":true}}]]`],
]

describe('44: keys that reach for the prototype', () => {
  afterEach(() => {
    if ('polluted' in {}) throw new Error('Object.prototype was changed')
  })

  it.each(places)('end the connection at a server, which runs nothing of it, in %s', (_, textOf) => {
    for (const key of PROTO) {
      const { server, raw } = inMemory({ authenticate: () => ({ id: 'ada' }) })
      const ran: unknown[] = []
      server.on('note', (data) => void ran.push(data))
      const client = raw()
      client.hello({ producers: [producer('a')] })
      client.sendRaw(textOf(key))
      expect(client.ended, key).toMatchObject({ code: 1002 })
      expect(client.all(T.FAIL), key).toMatchObject([[T.FAIL, 'forbidden_key', expect.any(String)]])
      expect(ran).toEqual([])
    }
  })

  it('end the connection in HELLO, too', () => {
    const hello = JSON.stringify(helloOf())
    for (const key of PROTO) {
      for (const field of ['"cursors":{', '"caps":{']) {
        const client = inMemory().raw()
        client.sendRaw(`[[${T.HELLO},${hello.replace(field, `${field}${key}:["e",1]`)}]]`)
        expect(client.ended, `${field} ${key}`).toMatchObject({ code: 1002 })
      }
    }
  })

  it.each(PROTO)('are a violation to a client: %s', async (key) => {
    const harness = new ClientHarness()
    const seen: unknown[] = []
    harness.client.on('said', (data) => void seen.push(data))
    await harness.connect()
    harness.end.peer.send(
      `[[${T.ENTRY},"user/user-1",1,"said",{${key}:{"polluted":true}},{"id":"m","from":null,"at":0}]]`,
    )
    await harness.pass()
    expect(seen).toEqual([])
    expect(harness.told('error')).toMatchObject([{ code: 'forbidden_key' }])
  })

  it('are refused in MessagePack both ways', () => {
    const data = Object.fromEntries([['__proto__', 1]])
    expect(() => msgpack().encode(data)).toThrow(/__proto__/)
    expect(() => json().encode(data)).toThrow(/__proto__/)
    const bytes = Uint8Array.from([0x81, 0xa9, ...new TextEncoder().encode('__proto__'), 0x01])
    expect(() => msgpack().decode(bytes, 10)).toThrow(/__proto__/)
  })

  it.each(inherited)('are names like any other where names are kept: %s', async (name) => {
    const memory = inMemory({ authenticate: () => ({ id: name }) })
    const { server } = memory
    const client = memory.client()
    const seen: unknown[] = []
    const room = client.room(name)
    room.on(name, (data) => void seen.push(data))
    client.on(name, (data) => void seen.push(data))
    void client.connect()
    let isJoined = false
    void room.join({ presence: {} }).then(() => (isJoined = true))
    await memory.pass(10)
    expect(isJoined).toBe(true)

    // Nobody handles it: it must not be taken for something that every object has.
    const nobody = client.send(name, 1)
    const asked = client.request(name, 1).then(
      () => 'answered',
      (error: { code: string }) => error.code,
    )
    await memory.pass(10)
    expect(await nobody.settled).toMatchObject({ outcome: 'rejected', code: 'unknown_type' })
    expect(await asked).toBe('unknown_type')

    server.on(name, (data, ctx) => ctx.toRoom(name).send(name, data))
    client.send(name, 'up and down')
    void server.toUser(name).send(name, 'to the user')
    await memory.pass(10)
    expect(seen.map(String).toSorted((a, b) => (a < b ? -1 : 1))).toEqual(['to the user', 'up and down'])
    expect(client.snapshot.status).toBe('connected')
    expect(await server.presence(name)).toMatchObject([{ userId: name }])
    expect([...room.presence.get().values()]).toMatchObject([{ userId: name }])

    // … also when it comes back with a cursor for it.
    for (const link of memory.network.links()) link.cut()
    await memory.pass(2_000)
    void server.toRoom(name).send(name, 'after the cut')
    await memory.pass(10)
    expect(seen.at(-1)).toBe('after the cut')
  })
})
