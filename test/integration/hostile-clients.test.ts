import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Client, createClient, json } from '../../src/index.js'
import { FrameType, type Welcome } from '../../src/protocol/frames.js'
import { msgpack } from '../../src/serializers/msgpack.js'
import type { AfterAttacks } from '../support/attacked-server.js'
import { Attacker } from '../support/attacker.js'
import { ATTACKED_LIMITS, SERVER_ATTACKS, type ServerAttack } from '../support/attacks.js'
import { nextMessage, startProcess } from '../support/child.js'
import { flawless, Ledger, until } from '../support/ledger.js'
import { producer } from '../support/raw-client.js'
import { type SocketServer, socketServer } from '../support/socket-server.js'

let attackers = 0

/** Attacks; resolves with how the connection ended. */
async function attackWith({ codec, hello, act }: ServerAttack, url: string) {
  const attacker = new Attacker(url, `attacker ${++attackers}`, codec)
  await (hello === false ? attacker.open() : attacker.hello())
  await act(attacker)
  return attacker.ended()
}

const MESSAGES = 10_000
const PER_ATTACK = 50

describe('a client that attacks the server', () => {
  const handled = new Ledger(MESSAGES)
  const echoed = new Ledger(MESSAGES)
  const prototypeKeys = Reflect.ownKeys(Object.prototype)
  let served: SocketServer
  let bystander: Client
  let sent = 0

  beforeAll(async () => {
    served = await socketServer({ serializers: [json(), msgpack()], limits: ATTACKED_LIMITS })
    const { server, url } = served
    server.on('count', (data, ctx) => {
      handled.handled(data as number)
      ctx.toRoom('hall').send('counted', data)
    })
    server.on('note', (_, ctx) => ctx.toRoom('lobby').send('noted', 0))
    server.on('stuck', () => new Promise(() => {}))
    bystander = createClient({ url })
    const hall = bystander.room('hall')
    hall.on('counted', (data) => echoed.handled(data as number))
    await bystander.connect()
    await hall.join()
  })
  afterAll(async () => {
    await bystander.close({ drainMs: 0 })
    await served.server.close({ drainMs: 0 })
  })

  /** What a well-behaved client does meanwhile. */
  function talk(): Promise<unknown> {
    const receipts = Array.from({ length: PER_ATTACK }, () => bystander.send('count', sent++))
    return Promise.all(receipts.map(({ settled }) => settled))
  }

  async function expectUnharmed(): Promise<void> {
    await talk()
    await until('the bystander heard all', () => echoed.missing === MESSAGES - sent, 5_000)
    for (const ledger of [handled, echoed]) {
      expect(ledger.tally()).toEqual({ ...flawless(MESSAGES), handledOnce: sent, lost: MESSAGES - sent })
    }
    expect(bystander.stats().reconnects).toBe(0)
    expect(served.errors).toEqual([])
    expect(Reflect.ownKeys(Object.prototype)).toEqual(prototypeKeys)
  }

  it.each(SERVER_ATTACKS)('is told why it is sent away, and nobody else notices: $name', async (attack) => {
    const talking = talk()
    expect(await attackWith(attack, served.url)).toEqual({ code: attack.code, fail: attack.fail })
    await talking
    await expectUnharmed()
  })

  it("does not get another's session or producer with keys of its own", async () => {
    const session = bystander.snapshot.session?.id ?? ''
    const [id = ''] = bystander.send('count', sent++).id.split('.')
    const thief = new Attacker(served.url, 'thief')
    await thief.hello({
      session: { id: session, key: 'a guess', attach: 99 },
      producers: [producer(id, { key: 'a guess', attach: 99, floor: 0, written: 9_000 })],
      cursors: { [`session/${session}`]: ['', 0], [`replies/${session}`]: ['', 0] },
    })
    const welcome = (await thief.find(FrameType.WELCOME))[1] as Welcome
    expect(welcome.session.resumed).toBe(false)
    expect(welcome.session.id).not.toBe(session)
    expect(welcome.producers).toEqual([null])
    expect(Object.keys(welcome.logs).filter((log) => log.endsWith(session))).toEqual([])
    thief.send([FrameType.SEND, sent + 1, null, 'count', 0])
    expect(await thief.ended()).toEqual({ code: 1002, fail: 'unknown_producer' })
    await expectUnharmed()
  })
})

describe('thousands of attacks', () => {
  const ROUNDS = 60
  const WARM_UP = 15
  /** Of heap after collection, from the 15th to the 60th round of all attacks. */
  const MAX_GROWTH_BYTES = 4_194_304
  /** One takes as long as the server waits for HELLO. */
  const quick = SERVER_ATTACKS.filter(({ fail }) => fail !== 'hello_timeout')

  it('leave nothing in the memory of the server', { timeout: 120_000 }, async () => {
    const child = startProcess('test/support/attacked-server.ts')
    try {
      const { url } = await nextMessage<{ type: string; url: string }>(
        child,
        ({ type }) => type === 'listening',
      )
      const bystander = createClient({ url })
      await bystander.connect()
      const measure = (): Promise<AfterAttacks> => {
        child.send('measure')
        return nextMessage<AfterAttacks>(child, ({ type }) => type === 'measured')
      }
      const before = await measure()
      let warm = before
      for (let round = 1; round <= ROUNDS; round++) {
        const ends = await Promise.all(quick.map((attack) => attackWith(attack, url)))
        expect(ends).toEqual(quick.map(({ code, fail }) => ({ code, fail })))
        await bystander.send('count', round)
        if (round === WARM_UP) warm = await measure()
      }
      const after = await measure()
      expect(after.heapBytes - warm.heapBytes).toBeLessThan(MAX_GROWTH_BYTES)
      expect(after).toMatchObject({
        connections: 1,
        handled: ROUNDS,
        prototypeKeys: before.prototypeKeys,
      })
      expect(bystander.stats().reconnects).toBe(0)
      await bystander.close({ drainMs: 0 })
    } finally {
      if (child.connected) child.disconnect()
    }
  })
})
