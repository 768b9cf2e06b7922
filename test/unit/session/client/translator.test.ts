import { describe, expect, it } from 'vitest'
import type { Translator } from '../../../../src/connection/dialect.js'
import { nativeDialect } from '../../../../src/dialects/native.js'
import { ProtocolError } from '../../../../src/protocol/errors.js'
import { FrameType } from '../../../../src/protocol/frames.js'
import { json } from '../../../../src/serializers/json.js'
import { SessionHarness } from '../../../support/session-harness.js'

/** Speaks natively, but for what a test has it do at a time of its own. */
function translatorWith(due: number, say: () => readonly unknown[]) {
  const ticks: number[] = []
  const translator = (): Translator => {
    let waiting = true
    return {
      ...nativeDialect(json()).translator(),
      deadline: () => (waiting ? due : null),
      tick: (now) => {
        waiting = false
        ticks.push(now)
        return say()
      },
    }
  }
  return { translator, ticks }
}

describe('a translator with a deadline of its own', () => {
  it('is called when it is due, and what it says is taken like what the server says', () => {
    const { translator, ticks } = translatorWith(1_500, () => [[FrameType.PING, 5]])
    const harness = new SessionHarness({ translator })
    harness.live()
    harness.takeFrames()
    harness.advance(499)
    expect(ticks).toEqual([])
    harness.advance(1)

    expect(ticks).toEqual([1_500])
    expect(harness.takeFrames()).toEqual([[FrameType.PONG, 5]])
  })

  it('ends the connection by throwing: the server did not do its part in time', () => {
    const { translator } = translatorWith(1_500, () => {
      throw new ProtocolError('the server did not answer the handshake')
    })
    const harness = new SessionHarness({ translator })
    harness.connect()
    harness.advance(500)

    expect(harness.violation).toMatch(/did not answer/)
  })

  it('belongs to one connection', () => {
    const { translator, ticks } = translatorWith(1_500, () => [])
    const harness = new SessionHarness({ translator })
    harness.live()
    harness.do({ type: 'disconnect' })
    harness.advance(10_000)

    expect(ticks).toEqual([])
    expect(harness.session.deadline()).toBeNull()
  })
})
