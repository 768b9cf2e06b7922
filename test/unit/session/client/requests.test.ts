import { describe, expect, it } from 'vitest'
import { FrameType } from '../../../../src/protocol/frames.js'
import { SurewireError } from '../../../../src/protocol/errors.js'
import { accepted, entry, rejected, reply } from '../../../support/fake-server-frames.js'
import { SessionHarness } from '../../../support/session-harness.js'

/** A live session with one request on the wire. */
function asked(timeoutMs = 15_000) {
  const harness = new SessionHarness()
  const request = harness.request('question', timeoutMs)
  harness.live()
  harness.takeFrames()
  return { harness, ...request }
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
