import { describe, expect, it } from 'vitest'
import { FrameType } from '../../../../src/protocol/frames.js'
import { SurewireError } from '../../../../src/protocol/errors.js'
import { Outbox } from '../../../../src/delivery/outbox.js'
import { endedBadly, Requests } from '../../../../src/session/client/requests.js'
import { accepted, entry, gap, rejected, reply, SESSION } from '../../../support/fake-server-frames.js'
import { SessionHarness } from '../../../support/session-harness.js'

/** A live session with one request on the wire. */
function asked(timeoutMs = 15_000) {
  const harness = new SessionHarness()
  const request = harness.request('question', timeoutMs)
  harness.live()
  harness.takeFrames()
  return { harness, ...request }
}

const question = { lane: 'requests', body: '[]', size: 2, ttlMs: null, replaces: null } as const

/** Requests without a session around them. */
function bare(): { outbox: Outbox; requests: Requests } {
  let ids = 0
  const limits = { maxMessages: 10_000, maxBytes: 1_000_000, overflow: 'reject' } as const
  const outbox = new Outbox(
    limits,
    () => `id${++ids}`,
    () => {},
  )
  return { outbox, requests: new Requests(outbox, () => {}) }
}

const aborted = new SurewireError('the operation was aborted', { code: 'aborted' })

describe('a request', () => {
  it('has numbers of its own and says how long it will wait', () => {
    const harness = new SessionHarness()
    harness.request('question', 4_000)
    const hello = harness.live()

    expect(hello.producers).toMatchObject([{ kind: 'requests' }])
    expect(harness.takeFrames()).toEqual([[FrameType.REQUEST, 1, 'ask', 'question', 4_000]])
  })

  it('is answered by its reply, not by its acceptance', () => {
    const { harness, entry: request, results } = asked()
    harness.receive(accepted(0, 1))
    expect(results).toEqual([])
    harness.receive(reply(1, request.id, { answer: 42 }))

    expect(results).toEqual([{ ok: true, data: { answer: 42 } }])
  })

  it('is answered by a reply that comes before its acceptance', () => {
    const { harness, entry: request, results } = asked()
    harness.receive(reply(1, request.id, 42), accepted(0, 1))

    expect(results).toEqual([{ ok: true, data: 42 }])
  })

  it('is answered once', () => {
    const { harness, entry: request, results } = asked()
    harness.receive(accepted(0, 1), reply(1, request.id, 1), reply(2, request.id, 2))
    harness.relive()
    harness.receive(reply(1, request.id, 3))

    expect(results).toEqual([{ ok: true, data: 1 }])
  })

  it('fails with the server’s code and message', () => {
    const { harness, entry: request, results } = asked()
    harness.receive(accepted(0, 1), reply(1, request.id, { code: 'too_late', message: 'come back' }, true))

    expect(results).toMatchObject([
      {
        ok: false,
        error: { name: 'DeliveryError', code: 'too_late', message: 'come back', outcome: 'rejected' },
      },
    ])
  })

  it.each([[null], ['text'], [{ code: 7 }], [[]]])('fails sensibly whatever the error is: %j', (data) => {
    const { harness, entry: request, results } = asked()
    harness.receive(reply(1, request.id, data, true))

    expect(results).toMatchObject([{ ok: false, error: { code: 'handler_failed', outcome: 'rejected' } }])
  })

  it('whose outcome the server no longer knows is unknown', () => {
    const { harness, entry: request, results } = asked()
    harness.receive(reply(1, request.id, { code: 'unknown', message: 'the server was restarted' }, true))

    expect(results).toMatchObject([{ ok: false, error: { outcome: 'unknown' } }])
  })

  it('that is refused fails with the reason', () => {
    const { harness, results } = asked()
    harness.receive(rejected(0, 1, 'forbidden', 'no'), accepted(0, 1))

    expect(results).toMatchObject([{ ok: false, error: { code: 'forbidden', outcome: 'rejected' } }])
  })

  it('without an answer in time fails and asks the server to stop', () => {
    const { harness, results } = asked(4_000)
    harness.advance(4_000)

    expect(results).toMatchObject([{ ok: false, error: { name: 'TimeoutError' } }])
    expect(harness.takeFrames()).toContainEqual([FrameType.CANCEL, 1])
  })

  it('past its time is not written', () => {
    const harness = new SessionHarness()
    const { results } = harness.request('question', 1_000)
    const hello = harness.connect()
    harness.now += 5_000
    harness.welcome(hello)

    expect(results).toMatchObject([{ ok: false, error: { name: 'TimeoutError' } }])
    expect(harness.takeSent()).toEqual([])
  })

  it('that was never written is taken back when it is given up', () => {
    const harness = new SessionHarness()
    const { entry: request, results } = harness.request('question')
    harness.session.abortRequest(request, aborted)
    harness.live()

    expect(results).toEqual([{ ok: false, error: aborted }])
    expect(request.state).toBe('cancelled')
    expect(harness.takeFrames()).toEqual([])
  })

  it('that was written is cancelled at the server, in its own numbers', () => {
    const harness = new SessionHarness()
    harness.queue('a message')
    const { entry: request, results } = harness.request('question')
    harness.live()
    harness.takeFrames()
    harness.session.abortRequest(request, aborted)
    harness.turn()

    expect(results).toEqual([{ ok: false, error: aborted }])
    expect(harness.takeFrames()).toEqual([
      [FrameType.USE, 1],
      [FrameType.CANCEL, 1],
    ])
  })

  it('is answered by a log of replies that begins anew in the same message', () => {
    const { harness, entry: request, results } = asked()
    const lost = harness.request('lost')
    harness.takeFrames()
    harness.receive(
      accepted(0, 2),
      gap(`replies/${SESSION}`, 1, null, 'epoch', 'log-epoch-2'),
      reply(1, request.id, 42),
    )

    expect(results).toEqual([{ ok: true, data: 42 }])
    expect(lost.results).toMatchObject([{ ok: false, error: { code: 'unknown', outcome: 'unknown' } }])
  })

  it('given up twice, or after its answer, changes nothing', () => {
    const { harness, entry: request, results } = asked()
    harness.receive(reply(1, request.id, 1))
    harness.session.abortRequest(request, aborted)
    harness.session.abortRequest(request, aborted)
    harness.turn()

    expect(results).toEqual([{ ok: true, data: 1 }])
    expect(harness.takeFrames()).toEqual([])
  })

  it('for which there is no room in the queue fails at once', () => {
    const harness = new SessionHarness({ outbox: { maxMessages: 1, maxBytes: 1_000, overflow: 'reject' } })
    harness.queue('full')
    const { results } = harness.request('question')

    expect(results).toMatchObject([{ ok: false, error: { code: 'queue_full', outcome: 'dropped' } }])
  })

  it('is answered though the receive window is full of messages that wait for their handlers', () => {
    const { harness, entry: request, results } = asked()
    for (let offset = 1; offset <= 20; offset++) harness.receive(entry('all', offset))
    harness.receive(reply(1, request.id, 'through'))

    expect(results).toEqual([{ ok: true, data: 'through' }])
  })

  it('that waits survives a reconnect and is answered afterwards', () => {
    const { harness, entry: request, results } = asked()
    harness.receive(accepted(0, 1))
    harness.relive()
    harness.receive(reply(1, request.id, 'later'))

    expect(results).toEqual([{ ok: true, data: 'later' }])
    expect(harness.takeSent()).toEqual([])
  })
})

describe('a request that is over', () => {
  it('is not given up a second time when its deadline passes', () => {
    const { harness, entry: request, results } = asked(4_000)
    harness.receive(accepted(0, 1), reply(1, request.id, 42))
    harness.advance(10_000)

    expect(results).toEqual([{ ok: true, data: 42 }])
    expect(harness.takeFrames()).toEqual([])
  })

  it('leaves no deadline behind, however many there were', () => {
    const { outbox, requests } = bare()
    for (let n = 1; n <= 1_000; n++) {
      const request = outbox.enqueue(question, 0)
      requests.add(request, n, () => {})
      requests.reply(request.id, 'answer', false)
    }

    expect(requests.deadline()).toBeGreaterThan(800)
  })

  it('without an end that was told counts as unknown', () => {
    expect(endedBadly({ state: 'queued', extra: null })).toMatchObject({
      outcome: 'unknown',
      code: 'unknown',
      message: 'the message ended as unknown',
    })
  })
})

describe('a reply', () => {
  it('to nothing in particular is nobody’s, and not a violation', () => {
    const { harness, results } = asked()
    harness.receive(accepted(0, 1), entry(`replies/${SESSION}`, 1, 42))

    expect(results).toEqual([])
    expect(harness.violation).toBeNull()
  })
})

describe('a request given up without a connection', () => {
  it('asks the server to stop once there is one', () => {
    const { harness, entry: request } = asked()
    harness.lose(1006)
    harness.session.abortRequest(request, aborted)
    harness.relive()

    expect(harness.takeFrames()).toContainEqual([FrameType.CANCEL, 1])
  })

  it('asks nothing of a server that refuses the sequence it was numbered in', () => {
    const { harness, entry: request, results } = asked()
    harness.lose(1006)
    harness.session.abortRequest(request, aborted)
    harness.relive({ producers: [null] })

    expect(harness.takeFrames()).toEqual([])
    expect(results).toMatchObject([{ ok: false, error: { code: 'aborted' } }])
  })
})
