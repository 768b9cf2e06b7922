import { describe, expect, it } from 'vitest'
import type { Client } from '../../src/index.js'
import type { Gap } from '../../src/protocol/messages.js'
import type { Welcome } from '../../src/protocol/frames.js'
import { LinkBook } from './books-link.js'
import { LogTruth } from './books-logs.js'
import { broken, page } from './books-support.js'
import { MemberLogs } from './member-logs.js'

const entry = (offset: number) => ({ id: `m${offset}`, offset })

/** One page's logs; of each of them the store has entries 1 to 4, and violations are thrown. */
function member() {
  const truth = new LogTruth(100)
  for (const log of ['all', 'session/s1', 'session/s2', 'room/red']) {
    for (let offset = 1; offset <= 4; offset++) {
      const meta = { id: `m${offset}`, from: null, at: 0 }
      truth.appended(log, 'e1', { ...entry(offset), type: 'note', data: null, meta, audience: null })
    }
  }
  const noted: string[] = []
  const logs = new MemberLogs('ada1', 'mobile', {
    truth,
    note: (text: string) => void noted.push(text),
    sometimes: (situation: string) => void noted.push(situation),
    guard: (check: () => void) => check(),
  })
  return { logs, noted }
}

const welcome = (session: string, logs: Welcome['logs']): Welcome =>
  ({ session: { id: session, key: 'k', resumed: false }, logs }) as Welcome

/** A client that is in room red, or not, and stands at a position. */
function inRoom() {
  let changed: () => void = () => undefined
  const room = {
    snapshot: { status: 'left', cursor: null as { epoch: string; offset: number } | null },
    subscribe: (listener: () => void) => {
      changed = listener
    },
  }
  const at = (status: string, offset: number): void => {
    room.snapshot = { status, cursor: { epoch: 'e1', offset } }
    changed()
  }
  return { client: { room: () => room } as unknown as Client, at }
}

describe('the logs of one page', () => {
  it('begin where WELCOME says, rooms and replies aside, and keep their place at the next', () => {
    const { logs } = member()
    logs.opened(welcome('s1', { all: ['e1', 1], 'room/red': ['e1', 0], 'replies/s1': ['e1', 0] }))
    expect([...logs.readers.keys()]).toEqual(['all'])
    logs.delivered('all', entry(2), null)()
    logs.opened(welcome('s1', { all: ['e1', 4] }))
    expect(broken(() => logs.delivered('all', entry(4), null))).toBe('I5')
  })

  it('begin anew where they are named again after a WELCOME that left them out', () => {
    const { logs } = member()
    logs.opened(welcome('s1', { all: ['e1', 0] }))
    logs.opened(welcome('s1', {}))
    logs.opened(welcome('s1', { all: ['e1', 3] }))
    expect(broken(() => logs.delivered('all', entry(4), null))).toBe('none')
  })

  it('want a last gap of a session that is over, once', () => {
    const gap = (log: string): Gap => ({ room: null, log, epoch: 'e1', from: 1, to: null, why: 'session' })
    const { logs } = member()
    logs.opened(welcome('s1', { 'session/s1': ['e1', 0] }))
    logs.opened(welcome('s2', { 'session/s2': ['e1', 0] }))
    const ended = logs.readers.get('session/s1')
    expect(ended?.mustEnd).toBe(true)
    logs.gap(gap('session/s1'))
    expect(ended?.mustEnd).toBe(false)
    logs.opened(welcome('s2', { 'session/s2': ['e1', 0] }))
    expect(ended?.mustEnd).toBe(false)
  })

  it('notice a handler that begins while another of its log runs; another log’s may', () => {
    const { logs } = member()
    logs.opened(welcome('s1', { all: ['e1', 0], 'session/s1': ['e1', 0] }))
    const ends = logs.delivered('all', entry(1), null)
    expect(broken(() => logs.delivered('session/s1', entry(1), null))).toBe('none')
    expect(broken(() => logs.delivered('all', entry(2), null))).toBe('I5')
    ends()
    expect(broken(() => logs.delivered('all', entry(2), null))).toBe('none')
    expect(logs.readers.get('all')?.finished).toBe(1)
  })

  it('count an entry as running on the link that it arrived on, until its handler ends', () => {
    const { logs } = member()
    const link = new LinkBook(1, page())
    link.arrived.add('all@1')
    const ends = logs.delivered('all', entry(1), link)
    expect([...link.running]).toEqual(['all@1'])
    ends()
    expect([...link.running]).toEqual([])
    logs.delivered('all', entry(2), link)
    expect([...link.running]).toEqual([])
  })

  it('tell the trace of gaps and entries, and which gaps there were', () => {
    const { logs, noted } = member()
    logs.gap({ room: null, log: 'all', epoch: 'e1', from: 1, to: 2, why: 'history' })
    logs.delivered('all', entry(3), null)
    expect(noted).toEqual(['ada1 gap all e1 1 2 history', 'a gap by history', 'ada1 all@3 m3'])
  })
})

describe('the log of a room', () => {
  it('begins where the join says; asked for from a position, it has to begin there', () => {
    const { logs } = member()
    const { client, at } = inRoom()
    logs.watch(client, 'red', () => undefined)
    logs.asks('red', { epoch: 'e1', offset: 2 }, false)
    expect(broken(() => at('joined', 3))).toBe('I5')
    at('left', 0)
    at('joined', 2)
    expect(logs.readers.get('room/red')?.start).toBe(2)
    expect(broken(() => logs.delivered('room/red', entry(3), null))).toBe('none')
  })

  it('asked for from nowhere, or from now, it begins anywhere', () => {
    const { logs } = member()
    const { client, at } = inRoom()
    logs.watch(client, 'red', () => undefined)
    logs.asks('red', 'start', false)
    logs.asks('red', undefined, true)
    expect(broken(() => at('joined', 3))).toBe('I5')
    at('left', 0)
    logs.asks('red', 'now', true)
    expect(broken(() => at('joined', 3))).toBe('none')
  })

  it('is over for handlers once the application turns away, until it is joined anew', () => {
    const { logs } = member()
    const { client, at } = inRoom()
    logs.watch(client, 'red', () => undefined)
    at('joined', 0)
    logs.turnsAway('red')
    expect(broken(() => logs.delivered('room/red', entry(1), null))).toBe('I5')
    at('left', 0)
    expect(logs.readers.has('room/red')).toBe(false)
    at('joined', 0)
    expect(broken(() => logs.delivered('room/red', entry(1), null))).toBe('none')
  })

  it('has its cursor between what has ended and what was handled', () => {
    const { logs } = member()
    const { client, at } = inRoom()
    logs.watch(client, 'red', () => undefined)
    at('joined', 0)
    const ends = logs.delivered('room/red', entry(1), null)
    expect(broken(() => logs.check(client))).toBe('none')
    at('joined', 1)
    expect(broken(() => logs.check(client))).toBe('I8')
    ends()
    expect(broken(() => logs.check(client))).toBe('none')
    at('joined', 0)
    expect(broken(() => logs.check(client))).toBe('I8')
  })
})
