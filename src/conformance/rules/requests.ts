/** Checks of the rules about requests. */
import { CloseCode } from '../../protocol/close-codes.js'
import { FrameType, type ProducerOffer } from '../../protocol/frames.js'
import { holds, same } from '../failure.js'
import { type Kit, producer, requests } from '../kit.js'
import { rulesOf } from '../rule.js'

const { SEND, REQUEST, CANCEL, USE, ACCEPTED, ENTRY } = FrameType

/** Requests of a producer that the fixtures let run side by side. */
const MAX_REQUESTS = 16

/** How a connection ends that says this in a producer. */
async function end(kit: Kit, offer: ProducerOffer, frame: readonly unknown[]): Promise<number> {
  const { peer } = await kit.guest({ producers: [offer] })
  peer.send(frame)
  return (await peer.closing()).code
}

export const requestRules = [
  ...rulesOf('core', {
    'REQ-1': async (kit) => {
      const id = kit.name('r')
      const { peer, welcome } = await kit.guest({ producers: [requests(id)] })
      peer.send([REQUEST, 1, 'kit.echo', 42])
      const [, log, offset, type, data, meta] = await peer.find(ENTRY)
      same([log, offset], [`replies/${welcome.session.id}`, 1], 'log and offset')
      same([type, data, meta.re], ['kit.echo', 42, `${id}.1`], 'the reply')
      holds(meta.error !== true, 'it should not be an error')
      await peer.accepted(1)
    },

    'REQ-2': async (kit) => {
      const id = kit.name('r')
      const { peer } = await kit.guest({ producers: [requests(id)] })
      peer.send([REQUEST, 1, 'kit.fail', null], [REQUEST, 2, 'nobody knows this', null])
      const [, , , , data, meta] = await peer.find(ENTRY, (frame) => frame[5].re === `${id}.1`)
      same(meta.error, true, 'meta.error')
      const { code, message } = data as { code?: unknown; message?: unknown }
      same([typeof code, typeof message], ['string', 'string'], 'the types of code and message')
      holds(!JSON.stringify(data).includes('secret'), 'nothing of the inside of the server should be told')
      const unknown = await peer.find(ENTRY, (frame) => frame[5].re === `${id}.2`)
      same((unknown[4] as { code?: unknown }).code, 'unknown_type', 'the code for a type that nobody handles')
    },

    'REQ-3': async (kit) => {
      const [id, one, two] = [kit.name('r'), kit.name('key'), kit.name('key')]
      const desk = await kit.desk()
      const { peer } = await kit.guest({ producers: [requests(id)] })
      peer.send([REQUEST, 1, 'kit.hold', { key: one }], [REQUEST, 2, 'kit.hold', { key: two }])
      await desk.say('kit.release', { key: two })
      same((await peer.find(ENTRY))[5].re, `${id}.2`, 'the first reply')
      await desk.say('kit.release', { key: one })
      same((await peer.find(ENTRY))[5].re, `${id}.1`, 'the second reply')
    },

    'REQ-5': async (kit) => {
      const [a, r, key] = [kit.name('a'), kit.name('r'), kit.name('key')]
      const desk = await kit.desk()
      const { peer } = await kit.guest({ producers: [producer(a), requests(r)] })
      peer.send([SEND, 1, null, 'kit.hold', { key }], [USE, 1], [REQUEST, 1, 'kit.noted', { key }])
      await desk.notedAtLeast(key, 1)
      same(await peer.barrier(), [], 'what comes while the message is not committed')
      await desk.say('kit.release', { key })
      same((await peer.find(ENTRY))[5].re, `${r}.1`, 'the reply')
    },

    'REQ-6': async (kit) => {
      const [id, key] = [kit.name('r'), kit.name('key')]
      const desk = await kit.desk()
      const { peer } = await kit.guest({ producers: [requests(id)] })
      const hold = [REQUEST, 1, 'kit.hold', { key }]
      peer.send(hold)
      await desk.notedAtLeast(key, 1)
      await peer.accepted(1)
      peer.send(hold)
      same(await peer.next(ACCEPTED), [ACCEPTED, 0, 1], 'the acknowledgement of the same number')
      await desk.say('kit.release', { key })
      await peer.find(ENTRY)
      same([await peer.barrier(), (await desk.noted(key)).length], [[], 1], 'more replies, and the runs')
    },

    'REQ-8': async (kit) => {
      const key = kit.name('key')
      const among = {
        'SEND among requests': await end(kit, requests(kit.name('r')), [SEND, 1, null, 'kit.note', { key }]),
        'REQUEST among messages': await end(kit, producer(kit.name('a')), [REQUEST, 1, 'kit.echo', 0]),
        'CANCEL among messages': await end(kit, producer(kit.name('a')), [CANCEL, 1]),
      }
      for (const [what, code] of Object.entries(among)) same(code, CloseCode.PROTOCOL_ERROR, what)
    },

    'REQ-9': async (kit) => {
      const [id, room] = [kit.name('r'), kit.name('room')]
      const { peer } = await kit.reader(room, { producers: [requests(id)] })
      const post = { room, type: 'posted' }
      peer.send([REQUEST, 1, 'kit.post', { ...post, data: 'bad', fail: true }])
      same((await peer.find(ENTRY))[5].error, true, 'the error of the failed request')
      peer.send([REQUEST, 2, 'kit.post', { ...post, data: 'good', fail: false }])
      await peer.find(ENTRY, (frame) => frame[5].re === `${id}.2`)
      const told = await peer.find(ENTRY)
      same(told.slice(1, 5), [`room/${room}`, 1, 'posted', 'good'], 'the entry')
    },
  }),
  ...rulesOf('option', {
    'REQ-4': async (kit) => {
      const key = kit.name('key')
      const desk = await kit.desk()
      const { peer } = await kit.guest({ producers: [requests(kit.name('r'))] })
      peer.send(...Array.from({ length: MAX_REQUESTS + 4 }, (_, n) => [REQUEST, n + 1, 'kit.hold', { key }]))
      await desk.notedAtLeast(key, MAX_REQUESTS)
      await peer.barrier()
      same((await desk.noted(key)).length, MAX_REQUESTS, 'the number that runs side by side')
      await desk.say('kit.release', { key })
      await peer.findAll(ENTRY, MAX_REQUESTS + 4)
    },

    'REQ-7': async (kit) => {
      const [id, key] = [kit.name('r'), kit.name('key')]
      const desk = await kit.desk()
      const { peer } = await kit.guest({ producers: [requests(id)] })
      peer.send([REQUEST, 1, 'kit.hold', { key }])
      await desk.notedAtLeast(key, 1)
      peer.send([CANCEL, 1], [CANCEL, 7])
      const [, , , , data, meta] = await peer.find(ENTRY)
      same([meta.re, meta.error], [`${id}.1`, true], 'the request that failed')
      same((data as { code?: unknown }).code, 'cancelled', 'the code')
    },
  }),
]
