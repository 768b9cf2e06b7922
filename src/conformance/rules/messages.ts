/** Checks of the rules about numbered messages: accepting, order, refusals. */
import { CloseCode } from '../../protocol/close-codes.js'
import { FrameType } from '../../protocol/frames.js'
import { holds, same } from '../failure.js'
import { producer } from '../kit.js'
import { rulesOf } from '../rule.js'

const { SEND, VOID, USE, ACCEPTED, REJECTED, ENTRY } = FrameType

/** A SEND of a note. */
const note = (seq: number, key: string): readonly unknown[] => [SEND, seq, null, 'kit.note', { key }]

export const messages = rulesOf('core', {
  'ACC-1': async (kit) => {
    const id = kit.name('a')
    const { peer } = await kit.guest({ producers: [producer(id)] })
    peer.send(note(1, id))
    same(await peer.next(ACCEPTED), [ACCEPTED, 0, 1], 'the acknowledgement')
    same(await (await kit.desk()).noted(id), [[`${id}.1`, false]], 'the run, with the id of the message')
  },

  'ACC-2': async (kit) => {
    const id = kit.name('a')
    const { peer } = await kit.guest({ producers: [producer(id)] })
    peer.send(note(1, id), note(2, id))
    await peer.accepted(2)
    await peer.barrier()
    peer.send(note(1, id))
    same(await peer.next(ACCEPTED), [ACCEPTED, 0, 2], 'the acknowledgement of what was committed before')
    same((await (await kit.desk()).noted(id)).length, 2, 'the number of runs')
  },

  'ACC-3': async (kit) => {
    const id = kit.name('a')
    const { peer } = await kit.guest({ producers: [producer(id)] })
    peer.send(note(2, id))
    same((await peer.closing()).code, CloseCode.PROTOCOL_ERROR, 'the close code')
    same(await (await kit.desk()).noted(id), [], 'the runs')
  },

  'ACC-4': async (kit) => {
    const id = kit.name('a')
    const { peer } = await kit.guest({ producers: [producer(id)] })
    peer.send(...Array.from({ length: 50 }, (_, index) => note(index + 1, id)))
    const heard: number[] = []
    while (heard.at(-1) !== 50) heard.push((await peer.next(ACCEPTED))[2])
    holds(heard.length < 50, 'fifty messages of one batch should not be acknowledged one by one')
    const isGrowing = heard.every((seq, at) => at === 0 || seq > (heard[at - 1] ?? 0))
    holds(isGrowing, `acknowledgements should grow: ${heard.join(', ')}`)
  },

  'ACC-5': async (kit) => {
    const room = kit.name('room')
    const { peer } = await kit.reader(room, { producers: [producer(kit.name('a'))] })
    const tell = [SEND, 1, null, 'kit.tell', { room, type: 'told', data: 'x' }]
    peer.send(tell)
    peer.send(tell)
    same((await peer.find(ENTRY)).slice(1, 5), [`room/${room}`, 1, 'told', 'x'], 'the entry')
    await peer.accepted(1)
    const more = (await peer.barrier()).filter(([type]) => type === ENTRY)
    same(more, [], 'entries after the first')
  },

  'ACC-6': async (kit) => {
    const room = kit.name('room')
    const { peer } = await kit.reader(room, { producers: [producer(kit.name('a'))] })
    peer.send(
      [SEND, 1, null, 'kit.tell-and-refuse', { room, type: 'told', data: 'bad' }],
      [SEND, 2, null, 'kit.tell', { room, type: 'told', data: 'good' }],
    )
    same((await peer.find(ENTRY)).slice(2, 5), [1, 'told', 'good'], 'the first entry')
    await peer.accepted(2)
  },

  'ACC-7': async (kit) => {
    const id = kit.name('a')
    const { peer } = await kit.guest({ producers: [producer(id)] })
    peer.send(note(1, id), [VOID, 2, 4], note(5, id))
    await peer.accepted(5)
    peer.send([VOID, 6, 7])
    await peer.accepted(7)
    const runs = (await (await kit.desk()).noted(id)).map(([message]) => message)
    same(runs, [`${id}.1`, `${id}.5`], 'the runs')
    peer.send([VOID, 9, 9])
    same(
      (await peer.closing()).code,
      CloseCode.PROTOCOL_ERROR,
      'the close code of a VOID that leaves one out',
    )
  },

  'ACC-8': async (kit) => {
    const key = kit.name('key')
    const desk = await kit.desk()
    const { peer } = await kit.guest({ producers: [producer(kit.name('a'))] })
    peer.send([SEND, 1, null, 'kit.hold', { key }])
    await desk.notedAtLeast(key, 1)
    same(await peer.barrier(), [], 'what comes while the handler runs')
    await desk.say('kit.release', { key })
    same(await peer.next(ACCEPTED), [ACCEPTED, 0, 1], 'the acknowledgement')
  },

  'ACC-9': async (kit) => {
    const key = kit.name('key')
    const desk = await kit.desk()
    const { peer } = await kit.guest({ producers: [producer(kit.name('a'))] })
    const hold = [SEND, 1, null, 'kit.hold', { key }]
    peer.send(hold)
    peer.send(hold)
    await desk.notedAtLeast(key, 1)
    same(await peer.barrier(), [], 'what comes while the handler runs')
    await desk.say('kit.release', { key })
    await peer.accepted(1)
    same(await peer.barrier(), [], 'what comes after the acknowledgement')
    same((await desk.noted(key)).length, 1, 'the number of runs')
  },

  'ACC-10': async (kit) => {
    const [a, b] = [kit.name('a'), kit.name('b')]
    const { peer } = await kit.guest({ producers: [producer(a), producer(b)] })
    peer.send([USE, 1], note(1, a))
    same(await peer.next(ACCEPTED), [ACCEPTED, 1, 1], 'the acknowledgement after USE 1')
    peer.send(note(1, a))
    same(await peer.next(ACCEPTED), [ACCEPTED, 0, 1], 'the acknowledgement in the next batch')
    const runs = (await (await kit.desk()).noted(a)).map(([message]) => message)
    same(runs, [`${b}.1`, `${a}.1`], 'the runs')
  },

  'ACC-11': async (kit) => {
    const { peer } = await kit.guest({ producers: [producer(kit.name('a'))] })
    peer.send([USE, 1], note(1, kit.name('key')))
    same((await peer.closing()).code, CloseCode.PROTOCOL_ERROR, 'the close code')
  },

  'ACC-12': async (kit) => {
    const id = kit.name('a')
    const key = kit.name('key')
    const { peer } = await kit.guest({ producers: [producer(id)] })
    peer.send([VOID, 1, 2], note(3, id))
    same(await peer.find(ACCEPTED), [ACCEPTED, 0, 3], 'the acknowledgement')
    peer.send([SEND, 4, null, 'kit.hold', { key }], [VOID, 5, 6])
    await (await kit.desk()).notedAtLeast(key, 1)
    const again = await kit.guest({ producers: [producer(id, { attach: 2, written: 6 })] })
    const [state] = again.welcome.producers
    same(
      [state?.last, state?.held, state?.refused.map((entry) => entry.slice(0, 2))],
      [3, 6, [1, 2, 5, 6].map((seq) => [seq, 'void'])],
      'last, held and refused',
    )
    await (await kit.desk()).say('kit.release', { key })
    await again.peer.accepted(6)
  },

  'ORD-1': async (kit) => {
    const [id, key] = [kit.name('a'), kit.name('key')]
    const desk = await kit.desk()
    const { peer } = await kit.guest({ producers: [producer(id)] })
    peer.send([SEND, 1, null, 'kit.hold', { key }], note(2, key), note(3, key))
    await desk.notedAtLeast(key, 1)
    await peer.barrier()
    same((await desk.noted(key)).length, 1, 'the number of runs while the first has not ended')
    await desk.say('kit.release', { key })
    await peer.accepted(3)
    const runs = (await desk.noted(key)).map(([message]) => message)
    same(runs, [`${id}.1`, `${id}.2`, `${id}.3`], 'the runs')
  },

  'ORD-2': async (kit) => {
    const key = kit.name('key')
    const { peer } = await kit.guest({ producers: [producer(kit.name('a')), producer(kit.name('b'))] })
    peer.send([SEND, 1, null, 'kit.hold', { key }], [USE, 1], note(1, key))
    same(await peer.next(ACCEPTED), [ACCEPTED, 1, 1], 'the acknowledgement of the other producer')
    await (await kit.desk()).say('kit.release', { key })
    same(await peer.next(ACCEPTED), [ACCEPTED, 0, 1], 'the acknowledgement of the held one')
  },

  'ORD-3': async (kit) => {
    const key = kit.name('key')
    const { peer } = await kit.guest({ producers: [producer(kit.name('a'))] })
    peer.send(note(1, key), [SEND, 2, null, 'kit.refuse', { key }], note(3, key))
    const [, index, seq, code, message] = await peer.find(REJECTED, () => {
      const [first] = peer.unread
      // An ACCEPTED of 1 alone may come first, one that covers 2 may not.
      return first?.[0] !== ACCEPTED || first[2] < 2
    })
    same([index, seq], [0, 2], 'index and number of the refused message')
    holds(code !== '', 'the refusal should have a code')
    holds(!message.includes('secret'), 'the sentence should tell nothing of the inside of the server')
    await peer.accepted(3)
  },

  'ORD-4': async (kit) => {
    const key = kit.name('key')
    const { peer } = await kit.guest({ producers: [producer(kit.name('a'))] })
    peer.send([SEND, 1, null, 'kit.hold', { key }], note(2, key))
    const [, , seq, code] = await peer.next(REJECTED)
    same([seq, code], [1, 'handler_timeout'], 'the refusal')
    await peer.accepted(2)
  },

  'ORD-5': async (kit) => {
    const id = kit.name('a')
    const { peer } = await kit.guest({ producers: [producer(id)] })
    const refused = [SEND, 1, null, 'kit.refuse', { key: id }]
    peer.send(refused)
    const [, , , code] = await peer.find(REJECTED)
    await peer.accepted(1)
    const again = await kit.guest({ producers: [producer(id, { attach: 2, written: 1 })] })
    const [state] = again.welcome.producers
    same(
      [state?.last, state?.refused.map((entry) => entry.slice(0, 2))],
      [1, [[1, code]]],
      'last and refused',
    )
    again.peer.send(refused)
    same(await again.peer.next(ACCEPTED), [ACCEPTED, 0, 1], 'the acknowledgement')
    same((await (await kit.desk()).noted(id)).length, 1, 'the number of runs')
  },

  'ORD-6': async (kit) => {
    const room = kit.name('room')
    const { peer } = await kit.reader(room, { producers: [producer(kit.name('a'))] })
    peer.send([SEND, 1, null, 'chat', 0])
    same((await peer.find(REJECTED)).slice(1, 4), [0, 1, 'unknown_type'], 'the refusal')
    await peer.accepted(1)
    peer.send([SEND, 2, room, 'chat', 'hi'])
    same((await peer.find(ENTRY)).slice(1, 5), [`room/${room}`, 1, 'chat', 'hi'], 'the entry')
  },
})
