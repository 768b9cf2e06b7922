import { describe, expect, it } from 'vitest'
import { FrameType } from '../../src/protocol/frames.js'
import { inMemory, type Memory, type RawEnd } from '../support/memory.js'
import { producer } from '../support/raw-client.js'

const { ACCEPTED, ENTRY, SEND } = FrameType

/** Ada is connected, has sent one message and got one of her own. */
function victim(options: { byName: boolean }): {
  memory: Memory
  ada: RawEnd
  session: { id: string; key: string }
} {
  const memory = inMemory(options.byName ? { authenticate: ({ auth }) => ({ id: String(auth) }) } : {})
  memory.server.on('note', () => undefined)
  const ada = memory.raw()
  const { session } = ada.hello({ auth: 'ada', producers: [producer('pa')] })
  ada.send([SEND, 1, null, 'note', 'secret'])
  void memory.server.toSession(session.id).send('mail', 'for the session of ada')
  memory.clock.advance(1)
  return { memory, ada, session }
}

/** Ada noticed nothing and goes on. */
function expectUnharmed(ada: RawEnd, memory: Memory, session: { id: string }): void {
  expect(ada.ended).toBe(null)
  ada.send([SEND, 2, null, 'note', 'more'])
  expect(ada.all(ACCEPTED).at(-1)).toEqual([ACCEPTED, 0, 2])
  void memory.server.toSession(session.id).send('mail', 'still hers')
  memory.clock.advance(1)
  expect(ada.all(ENTRY).map((frame) => frame[4])).toEqual(['for the session of ada', 'still hers'])
}

describe('56: a session or a producer is taken up with the key of somebody else', () => {
  const wrong: [string, { auth: string; right: boolean; byName: boolean }, string][] = [
    ['a wrong key, both without a name', { auth: 'anyone', right: false, byName: false }, 'key'],
    ['a wrong key, by the same user', { auth: 'ada', right: false, byName: true }, 'key'],
    ['a wrong key, by another user', { auth: 'eve', right: false, byName: true }, 'key'],
    ['the right key, by another user', { auth: 'eve', right: true, byName: true }, 'user'],
  ]
  it.each(wrong)('gets nothing, neither messages nor numbers, and disturbs nobody: %s', (_, how, why) => {
    const { memory, ada, session } = victim(how)
    const eve = memory.raw()
    const key = how.right ? session.key : 'guessed'
    const welcome = eve.hello({
      auth: how.auth,
      session: { id: session.id, key, attach: 99 },
      producers: [
        producer('pa', { attach: 99, floor: 1, written: 1, ...(how.right ? {} : { key: 'guessed' }) }),
      ],
      cursors: {
        [`session/${session.id}`]: ['', 0],
        [`replies/${session.id}`]: ['', 0],
        'user/ada': ['', 0],
      },
    })
    expect(welcome.session).toMatchObject({ resumed: false, why })
    expect(welcome.session.id).not.toBe(session.id)
    expect(welcome.producers).toEqual([null])
    const own = how.auth === 'ada' ? ['user/ada'] : []
    expect(Object.keys(welcome.logs).filter((log) => log.includes(session.id) || log === 'user/ada')).toEqual(
      own,
    )
    expect(eve.all(ENTRY)).toEqual([])
    expectUnharmed(ada, memory, session)

    // Numbering in it all the same ends eve's connection, not ada's.
    eve.send([SEND, 3, null, 'note', 'in the name of ada'])
    expect(eve.ended).toMatchObject({ code: 1002 })
    expectNotFrom(memory, 'in the name of ada')
  })

  it('does not work by ATTACH either', () => {
    const { memory, ada, session } = victim({ byName: true })
    const eve = memory.raw()
    eve.hello({ auth: 'eve' })
    eve.send([FrameType.ATTACH, 0, producer('pa', { attach: 99, floor: 1, written: 1 })])
    expect(eve.all(FrameType.ATTACHED)).toEqual([[FrameType.ATTACHED, 0, null]])
    expectUnharmed(ada, memory, session)
  })

  it('works with the right key of the same user, which takes both over', () => {
    const { memory, ada, session } = victim({ byName: true })
    const back = memory.raw()
    const welcome = back.hello({
      auth: 'ada',
      session: { id: session.id, key: session.key, attach: 2 },
      producers: [producer('pa', { attach: 2, floor: 1, written: 1 })],
    })
    expect(welcome.session).toMatchObject({ id: session.id, resumed: true })
    expect(welcome.producers).toMatchObject([{ last: 1 }])
    expect(ada.ended).toMatchObject({ code: 4401 })
  })
})

function expectNotFrom(memory: Memory, text: string): void {
  const reader = memory.raw()
  reader.hello({ auth: 'ada', cursors: { 'user/ada': ['', 0] } })
  expect(JSON.stringify(reader.frames)).not.toContain(text)
}
