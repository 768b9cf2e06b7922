import { describe, expect, it } from 'vitest'
import { ConnectError } from '../../src/index.js'
import { FrameType } from '../../src/protocol/frames.js'
import { SessionHarness } from '../support/session-harness.js'

const close = (drainMs: number) => ({ type: 'close', drainMs, code: 1000, reason: '' }) as const
const because = { code: 'test', message: 'the test says so' }

/** Ways into every state of a connection. */
const states: Record<string, (session: SessionHarness) => void> = {
  idle: () => undefined,
  dialing: (session) => session.do({ type: 'connect' }),
  handshaking: (session) => void session.connect(),
  live: (session) => void session.live(),
  'live with messages under way': (session) => {
    session.live()
    session.send('one')
    session.request('two')
  },
  draining: (session) => {
    session.live()
    session.send('one')
    session.do(close(1_000))
  },
  waiting: (session) => {
    session.live()
    session.lose(1006)
  },
  'disconnected again': (session) => {
    session.live()
    session.do({ type: 'disconnect' })
  },
  'ended by the server': (session) => {
    session.live()
    session.lose(4400)
  },
  closed: (session) => {
    session.live()
    session.do(close(0))
  },
}

/** Everything that can happen to a session; of the current link and of the one before. */
const events: Record<string, (session: SessionHarness) => void> = {
  connect: (session) => session.do({ type: 'connect' }),
  disconnect: (session) => session.do({ type: 'disconnect' }),
  'close at once': (session) => session.do(close(0)),
  'close with a drain': (session) => session.do(close(500)),
  restart: (session) => session.do({ type: 'restart', cause: because }),
  wake: (session) => session.do({ type: 'wake', cause: because }),
  authenticate: (session) => session.do({ type: 'authenticate', auth: 'token' }),
  send: (session) => void session.send('more'),
  request: (session) => void session.request('question'),
  join: (session) => void session.join('lobby'),
  'the end of a turn': (session) => session.turn(),
  'a minute': (session) => session.advance(60_000),
  ...ofLink('the link', (session) => session.dial),
  ...ofLink('the link before', (session) => session.dial - 1),
}

function ofLink(
  name: string,
  dialOf: (session: SessionHarness) => number,
): Record<string, (session: SessionHarness) => void> {
  const error = new ConnectError('it failed')
  const data = `[[${FrameType.PING},1],[${FrameType.ACCEPTED},0,0]]`
  return {
    [`${name} opens`]: (session) => session.do({ type: 'opened', dial: dialOf(session), auth: undefined }),
    [`${name} fails`]: (session) => session.do({ type: 'failed', dial: dialOf(session), error }),
    [`${name} speaks`]: (session) => session.do({ type: 'received', dial: dialOf(session), data }),
    [`${name} speaks nonsense`]: (session) =>
      session.do({ type: 'received', dial: dialOf(session), data: '{' }),
    ...Object.fromEntries(
      [1000, 1002, 1006, 1009, 4001, 4100, 4200, 4300, 4401].map((code) => [
        `${name} closes with ${code}`,
        (session: SessionHarness) => session.do({ type: 'closed', dial: dialOf(session), code, reason: '' }),
      ]),
    ),
  }
}

/** Closes, and waits until an earlier close has drained. */
function end(session: SessionHarness): void {
  session.do(close(0))
  session.advance(1_000)
}

/** A client refuses calls once it is closed, so that its session never hears of them. */
const calls = new Set(['send', 'request', 'join'])

describe('12: close in every state, at every event', () => {
  it.each(Object.entries(states))('%s: whatever happens, close() ends it for good', (state, enter) => {
    for (const [event, raise] of Object.entries(events)) {
      if (state === 'closed' && calls.has(event)) continue
      const session = new SessionHarness()
      enter(session)
      raise(session)
      const { connection } = session.session
      const current = 'dial' in connection ? [connection.dial] : []
      end(session)

      const where = `${state}, ${event}`
      expect(session.session.connection, where).toMatchObject({ name: 'closed', final: true })
      expect(session.all('finished'), where).toHaveLength(1)
      expect(session.session.queued + session.session.inFlight, where).toBe(0)
      const dropped = session.all('drop').map(({ dial }) => dial)
      expect(dropped, where).toEqual(expect.arrayContaining(current))
      expect(new Set(dropped).size, where).toBe(dropped.length)
    }
  })

  it.each(Object.entries(states))('%s: after close() no event wakes it up', (_state, enter) => {
    for (const [event, raise] of Object.entries(events)) {
      if (calls.has(event)) continue
      const session = new SessionHarness()
      enter(session)
      end(session)
      const before = session.effects.length
      raise(session)
      session.advance(86_400_000)
      const after = session.effects.slice(before).map(({ type }) => type)
      expect(after, event).toEqual([])
      expect(session.session.connection, event).toMatchObject({ final: true })
    }
  })
})
