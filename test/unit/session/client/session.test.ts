import { describe, expect, it } from 'vitest'
import type { Translator } from '../../../../src/connection/dialect.js'
import { nativeDialect } from '../../../../src/dialects/native.js'
import { SurewireError } from '../../../../src/protocol/errors.js'
import { FrameType } from '../../../../src/protocol/frames.js'
import { json } from '../../../../src/serializers/json.js'
import { entry, joined, left } from '../../../support/fake-server-frames.js'
import { SessionHarness } from '../../../support/session-harness.js'

function live(...config: ConstructorParameters<typeof SessionHarness>): SessionHarness {
  const harness = new SessionHarness(...config)
  harness.live()
  harness.takeFrames()
  return harness
}

/** Speaks natively until it is told to fail at what comes in. */
function failing(error: unknown) {
  const reading = { fails: false }
  const translator = (): Translator => {
    const native = nativeDialect(json()).translator()
    return {
      ...native,
      incoming: (data) => {
        if (reading.fails) throw error
        return native.incoming(data)
      },
    }
  }
  return { translator, reading }
}

describe('a dialect that fails at what the server says', () => {
  it.each([
    ['an error of the language', new TypeError('x is undefined'), 'malformed', 'cannot be read'],
    ['an error of its own', new SurewireError('no such verb', { code: 'verb' }), 'verb', 'no such verb'],
  ])('with %s ends the connection as a violation of the protocol', (_what, error, code, message) => {
    const { translator, reading } = failing(error)
    const harness = live({ translator })
    reading.fails = true
    harness.receive([FrameType.PING, 1])

    expect(harness.all('drop')).toMatchObject([{ code: 1002, reason: expect.stringContaining(message) }])
    expect(harness.all('error')).toMatchObject([{ error: { code } }])
  })
})

describe('causes of lost connections', () => {
  it('are counted by name up to a bound, for some names come from the server', () => {
    const harness = new SessionHarness()
    harness.live()
    for (let n = 0; n < 150; n++) {
      harness.receive([FrameType.FAIL, `whim ${n}`, 'go away'])
      harness.relive()
    }
    harness.receive([FrameType.FAIL, 'whim 7', 'go away'])
    harness.lose(1006)
    const { causes } = harness.session.counters

    expect(causes.size).toBe(101)
    expect(causes.get('whim 7')).toBe(2)
    expect(causes.get('whim 149')).toBeUndefined()
    expect(causes.get('other')).toBe(50)
  })
})

describe('new credentials on a live connection', () => {
  it.each([
    ['token', 'token'],
    [undefined, null],
  ])('%j are sent as %j', (auth, sent) => {
    const harness = live()
    harness.do({ type: 'authenticate', auth })

    expect(harness.takeFrames()).toEqual([[FrameType.AUTH, sent]])
  })

  it('wait for the next HELLO where there is no connection', () => {
    const harness = new SessionHarness()
    harness.do({ type: 'authenticate', auth: 'token' })

    expect(harness.takeFrames()).toEqual([])
  })
})

describe('the cursor of a room', () => {
  it('is what went through its handlers, and null for a room nobody is in', () => {
    const harness = live()
    harness.join('lobby')
    harness.receive(joined(1, 'lobby', 4), entry('room/lobby', 5), entry('room/lobby', 6))
    const [first] = harness.all('deliver')
    if (first === undefined) throw new Error('nothing was delivered')
    harness.handled(first.delivery)

    expect(harness.session.roomCursor('lobby')).toMatchObject({ offset: 5 })
    expect(harness.session.roomCursor('never')).toBeNull()
  })
})

describe('a server that speaks of a room nobody asked for', () => {
  it('by LEFT is not listened to', () => {
    const harness = live()
    harness.receive(left(0, 'never', 'kicked'), left(3, 'never'))

    expect(harness.violation).toBeNull()
    expect(harness.all('room-changed')).toEqual([])
  })
})
