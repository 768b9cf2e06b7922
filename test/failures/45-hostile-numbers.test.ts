import { describe, expect, it } from 'vitest'
import { FrameType } from '../../src/protocol/frames.js'
import { ClientHarness } from '../support/client-harness.js'
import { entry, SESSION, state, USER } from '../support/fake-server-frames.js'
import { inMemory } from '../support/memory.js'
import { helloOf, producer } from '../support/raw-client.js'

const T = FrameType

/** As JSON text, because `JSON.stringify` makes `null` of some of them. `1e400` is read as Infinity. */
const hostile = [
  '-1',
  '-9007199254740991',
  '0.5',
  '1e400',
  '-1e400',
  'NaN',
  '9007199254740992',
  '"1"',
  'true',
  '[]',
]

/** `#` stands for the number. */
const fromClients: [string, string][] = [
  ['SEND.seq', `[${T.SEND},#,null,"note",0]`],
  ['REQUEST.seq', `[${T.USE},1],[${T.REQUEST},#,"ask",0]`],
  ['CANCEL.seq', `[${T.USE},1],[${T.CANCEL},#]`],
  ['VOID.from', `[${T.VOID},#,9]`],
  ['VOID.to', `[${T.VOID},1,#]`],
  ['USE.index', `[${T.USE},#]`],
  ['ATTACH.index', `[${T.ATTACH},#,${JSON.stringify(producer('c'))}]`],
  ['ATTACH.floor', `[${T.ATTACH},2,{"id":"c","key":"k","kind":"messages","attach":1,"floor":#,"written":9}]`],
  ['HANDLED.messages', `[${T.HANDLED},#,0]`],
  ['HANDLED.bytes', `[${T.HANDLED},0,#]`],
  ['JOIN.n', `[${T.JOIN},#,"lobby"]`],
  ['JOIN.offset', `[${T.JOIN},1,"lobby",null,#]`],
  ['LEAVE.n', `[${T.LEAVE},#,"lobby"]`],
  ['PING.t', `[${T.PING},#]`],
]

/** Acknowledgements and positions that are whole numbers, and lies. */
const liesOfClients: [string, string][] = [
  ['a number skipped', `[${T.SEND},2,null,"note",0]`],
  ['a number beyond the window', `[${T.VOID},1,5000],[${T.SEND},5001,null,"note",0]`],
  ['a range backwards', `[${T.VOID},3,1]`],
  ['more handled than was sent', `[${T.HANDLED},1,0]`],
  ['more bytes handled than were sent', `[${T.HANDLED},0,1]`],
]

const REFUSALS = [1002, 1003, 1007]

describe('45: numbers of the other side are hostile', () => {
  const fromClient = fromClients
    .flatMap(([place, text]) =>
      hostile.map((value): [string, string] => [`${place} ${value}`, text.replace('#', value)]),
    )
    .concat(liesOfClients)
  it.each(fromClient)('a server ends the connection for %s, runs nothing, and serves on', (_, frames) => {
    const { server, raw } = inMemory()
    const ran: unknown[] = []
    server.on('note', (data) => void ran.push(data))
    server.onRequest('ask', (data) => ran.push(data))
    const client = raw()
    client.hello({ producers: [producer('a'), producer('b', { kind: 'requests' })] })
    client.sendRaw(`[${frames}]`)
    expect(REFUSALS).toContain(client.ended?.code)
    expect(client.all(T.ACCEPTED)).toEqual([])
    const other = raw()
    other.hello({ producers: [producer('d')] })
    other.send([T.SEND, 1, null, 'note', 'fine'])
    expect(ran).toEqual(['fine'])
  })

  it.each(hostile)('a server refuses %s in HELLO', (value) => {
    const text = JSON.stringify(helloOf({ producers: [producer('a')], cursors: { 'room/a': ['e', 1] } }))
    for (const field of [
      '"floor":0',
      '"written":0',
      '"attach":1',
      '["e",1]',
      '"messages":10000',
      '"maxFrame":1048576',
    ]) {
      const bad = field === '["e",1]' ? `["e",${value}]` : `${field.slice(0, field.indexOf(':'))}:${value}`
      const client = inMemory().raw()
      client.sendRaw(`[[${T.HELLO},${text.replace(field, bad)}]]`)
      expect(client.ended?.code, bad).toSatisfy((code: number) => REFUSALS.includes(code))
    }
  })

  const user = `user/${USER}`
  const entryText = JSON.stringify(entry(user, 77)).replace('77,77', '#,0')
  const fromServers: [string, string][] = [
    ['ACCEPTED.seq', `[${T.ACCEPTED},0,#]`],
    ['ACCEPTED.index', `[${T.ACCEPTED},#,1]`],
    ['REJECTED.seq', `[${T.REJECTED},0,#,"no","no"]`],
    ['ENTRY.offset', entryText],
    ['SKIP.to', `[${T.SKIP},"${user}",#]`],
    ['GAP.from', `[${T.GAP},"${user}","log-epoch",#,9,"history"]`],
    ['GAP.to', `[${T.GAP},"${user}","log-epoch",1,#,"history"]`],
    ['JOINED.offset', `[${T.JOINED},1,"lobby","e",#,[]]`],
    ['PING.t', `[${T.PING},#]`],
  ]
  const liesOfServers: [string, string][] = [
    ['an acknowledgement of what was never sent', `[${T.ACCEPTED},0,3]`],
    ['a refusal of what was never sent', `[${T.REJECTED},0,3,"no","no"]`],
    ['an acknowledgement for a producer that is not attached', `[${T.ACCEPTED},7,1]`],
    ['an offset that jumps', JSON.stringify(entry(user, 5))],
    ['a gap that does not join on', `[${T.GAP},"${user}","log-epoch",5,9,"history"]`],
    ['a second WELCOME', `[${T.WELCOME},{}]`],
  ]
  const fromServer = fromServers
    .flatMap(([place, text]) =>
      hostile.map((value): [string, string] => [`${place} ${value}`, text.replace('#', value)]),
    )
    .concat(liesOfServers)
  it.each(fromServer)(
    'a client starts afresh for %s, believes nothing of it, and stops if it comes again',
    async (_, frames) => {
      const harness = new ClientHarness()
      const seen: unknown[] = []
      harness.client.on('said', (data) => void seen.push(data))
      const receipts = [1, 2].map((data) => harness.client.send('note', data))
      await harness.connect()
      harness.end.peer.send(`[${frames}]`)
      await harness.pass(100)
      expect(receipts.map((receipt) => receipt.state)).toEqual(['written', 'written'])
      expect(seen).toEqual([])
      expect(harness.ends).toHaveLength(2)
      expect(harness.client.snapshot.status).toBe('connected')

      harness.end.peer.send(`[${frames}]`)
      await harness.pass(60_000)
      expect(harness.ends).toHaveLength(2)
      expect(harness.client.snapshot).toMatchObject({ status: 'closed', queued: 0, inFlight: 2 })
      expect(harness.client.snapshot.error?.name).toBe('ProtocolError')
    },
  )

  it.each<[string, object]>([
    ['last beyond what was written', { last: 9, held: 9 }],
    ['held beyond what was written', { last: 0, held: 9 }],
    ['held below last', { last: 1, held: 0 }],
    ['last below what was acknowledged', { last: 0, held: 0 }],
    ['last below zero', { last: -1, held: 0 }],
  ])('a client refuses a WELCOME with %s', async (_, lie) => {
    const harness = new ClientHarness()
    const receipts = [1, 2].map((data) => harness.client.send('note', data))
    await harness.connect()
    harness.end.send([T.ACCEPTED, 0, 1])
    await harness.pass()
    harness.welcome = () => ({ producers: [{ ...state(1), ...lie }] })
    harness.end.peer.link.cut()
    await harness.pass(60_000)
    expect(receipts.map((receipt) => receipt.state)).toEqual(['accepted', 'written'])
    expect(harness.client.snapshot.status).toBe('closed')
    expect(harness.client.snapshot.error?.name).toBe('ProtocolError')
    expect(harness.ends.length).toBe(3)
    expect(harness.ends.at(-1)?.hello.session?.id).not.toBe(SESSION)
  })
})
