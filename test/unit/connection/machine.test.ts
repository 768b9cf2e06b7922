import { beforeEach, describe, expect, it } from 'vitest'
import { Connection, type ConnectionConfig } from '../../../src/connection/machine.js'
import type { ReconnectConfig } from '../../../src/connection/reconnect.js'
import type { ConnectionEffect, ConnectionInput, ConnectionState } from '../../../src/connection/state.js'
import { AuthError, ConnectError, ProtocolError, SurewireError } from '../../../src/protocol/errors.js'

const RECONNECT: ReconnectConfig = {
  initialDelayMs: 500,
  maxDelayMs: 30_000,
  factor: 2,
  jitter: 'none',
  maxAttempts: Number.POSITIVE_INFINITY,
  stableAfterMs: 10_000,
}

const CONFIG: ConnectionConfig = {
  connectTimeoutMs: 20_000,
  heartbeat: { intervalMs: 25_000, timeoutMs: 10_000 },
  reconnect: RECONNECT,
  freshCredentials: false,
}

const cause = { code: 'test', message: 'a test wanted it' }
const retryable = new ConnectError('no answer')
const violation = new ProtocolError('nonsense')

/** A connection, the time, and what it wanted done. */
class Harness {
  readonly effects: ConnectionEffect[] = []
  now = 1_000
  random = 0.5
  readonly connection: Connection

  constructor(config: Partial<ConnectionConfig> = {}) {
    this.connection = new Connection(
      { ...CONFIG, ...config },
      () => this.random,
      (effect) => this.effects.push(effect),
    )
  }

  get state(): ConnectionState {
    return this.connection.state
  }

  get dial(): number {
    return this.all('dial').at(-1)?.dial ?? 0
  }

  do(...inputs: ConnectionInput[]): this {
    for (const input of inputs) this.connection.handle(input, this.now)
    return this
  }

  /** Lets time pass, with ticks when they are due. */
  advance(ms: number): this {
    const until = this.now + ms
    for (let steps = 0; ; steps++) {
      if (steps > 1_000) throw new Error('the machine asks for ticks without end')
      const due = this.connection.deadline()
      if (due === null || due > until) break
      this.now = Math.max(due, this.now)
      this.do({ type: 'tick' })
    }
    this.now = until
    return this
  }

  connect(): this {
    return this.do({ type: 'connect' })
  }

  opened(): this {
    return this.do({ type: 'opened', dial: this.dial })
  }

  live(pingMs = 25_000): this {
    return this.opened().do({ type: 'welcomed', dial: this.dial, pingMs })
  }

  closed(code: number, reason = ''): this {
    return this.do({ type: 'closed', dial: this.dial, code, reason })
  }

  failed(error: SurewireError = retryable): this {
    return this.do({ type: 'failed', dial: this.dial, error })
  }

  all<Type extends ConnectionEffect['type']>(type: Type): Extract<ConnectionEffect, { type: Type }>[] {
    return this.effects.filter(
      (effect): effect is Extract<ConnectionEffect, { type: Type }> => effect.type === type,
    )
  }

  get errors(): string[] {
    return this.all('error').map(({ error }) => error.code)
  }
}

/** How to come into each state. */
const BRING = {
  idle: (harness: Harness) => harness,
  dialing: (harness: Harness) => harness.connect(),
  handshaking: (harness: Harness) => harness.connect().opened(),
  live: (harness: Harness) => harness.connect().live(),
  waiting: (harness: Harness) => harness.connect().failed(),
  advised: (harness: Harness) =>
    harness.connect().failed(new ConnectError('busy', { status: 503, retryAfterMs: 5_000 })),
  ended: (harness: Harness) => harness.connect().live().closed(4400),
  closed: (harness: Harness) => harness.do({ type: 'close', code: 1000, reason: '' }),
} as const
type Start = keyof typeof BRING
const nameOf = (start: Start): ConnectionState['name'] =>
  start === 'advised' ? 'waiting' : start === 'ended' ? 'closed' : start

/** What input of the current dial leads to, by state; what is not listed changes nothing. */
const INPUTS: Record<string, (harness: Harness) => ConnectionInput> = {
  connect: () => ({ type: 'connect' }),
  disconnect: () => ({ type: 'disconnect', cause }),
  close: () => ({ type: 'close', code: 1000, reason: '' }),
  restart: () => ({ type: 'restart', cause }),
  replace: (harness) => ({ type: 'replace', dial: harness.dial, cause }),
  wake: () => ({ type: 'wake', cause }),
  doubt: () => ({ type: 'doubt', cause }),
  opened: (harness) => ({ type: 'opened', dial: harness.dial }),
  failed: (harness) => ({ type: 'failed', dial: harness.dial, error: retryable }),
  received: (harness) => ({ type: 'received', dial: harness.dial }),
  welcomed: (harness) => ({ type: 'welcomed', dial: harness.dial, pingMs: 1_000 }),
  closed: (harness) => ({ type: 'closed', dial: harness.dial, code: 1006, reason: '' }),
  tick: () => ({ type: 'tick' }),
}
const TABLE: Record<Start, Partial<Record<string, ConnectionState['name']>>> = {
  idle: { connect: 'dialing', close: 'closed', restart: 'dialing' },
  dialing: {
    disconnect: 'idle',
    close: 'closed',
    restart: 'dialing',
    replace: 'waiting',
    opened: 'handshaking',
    failed: 'waiting',
    closed: 'waiting',
  },
  handshaking: {
    disconnect: 'idle',
    close: 'closed',
    restart: 'dialing',
    replace: 'waiting',
    failed: 'waiting',
    welcomed: 'live',
    closed: 'waiting',
  },
  live: {
    disconnect: 'idle',
    close: 'closed',
    restart: 'dialing',
    replace: 'waiting',
    failed: 'waiting',
    closed: 'waiting',
  },
  waiting: { connect: 'dialing', disconnect: 'idle', close: 'closed', restart: 'dialing', wake: 'dialing' },
  advised: { disconnect: 'idle', close: 'closed', restart: 'dialing' },
  ended: { connect: 'dialing', disconnect: 'idle', close: 'closed', restart: 'dialing' },
  closed: {},
}

describe.each(Object.keys(BRING) as Start[])('from %s', (start) => {
  let harness: Harness
  beforeEach(() => {
    harness = BRING[start](new Harness())
  })

  it('is where the way there leads', () => {
    expect(harness.state.name).toBe(nameOf(start))
  })

  it.each(Object.keys(INPUTS))('%s leads where the table says', (name) => {
    const input = INPUTS[name]
    if (input === undefined) throw new Error('no such input')
    harness.do(input(harness))

    expect(harness.state.name).toBe(TABLE[start][name] ?? nameOf(start))
  })

  it('input of another dial changes nothing', () => {
    const before = harness.effects.length
    const dial = harness.dial + 7
    harness.do(
      { type: 'opened', dial },
      { type: 'failed', dial, error: retryable },
      { type: 'received', dial },
      { type: 'welcomed', dial, pingMs: 1 },
      { type: 'closed', dial, code: 4400, reason: '' },
    )

    expect(harness.effects.length).toBe(before)
  })

  it('close ends for good: nothing but the first counts', () => {
    harness.do({ type: 'close', code: 1000, reason: '' })
    const before = harness.effects.length
    for (const input of Object.values(INPUTS)) harness.do(input(harness))

    expect(harness.state).toEqual({ name: 'closed', error: null, final: true })
    expect(harness.effects.length).toBe(before)
  })

  it('a link that was opened is let go of whenever it is left', () => {
    const hasLink = ['dialing', 'handshaking', 'live'].includes(harness.state.name)
    const dial = harness.dial
    const before = harness.all('drop').length
    harness.do({ type: 'disconnect', cause })

    expect(
      harness
        .all('drop')
        .slice(before)
        .map((drop) => drop.dial),
    ).toEqual(hasLink ? [dial] : [])
  })
})

it('has a deadline in every state that waits for something, and in no other', () => {
  const deadlines = (Object.keys(BRING) as Start[]).map((start) => [
    start,
    BRING[start](new Harness()).connection.deadline(),
  ])

  expect(Object.fromEntries(deadlines)).toEqual({
    idle: null,
    dialing: 21_000,
    handshaking: 21_000,
    live: 36_000,
    waiting: 1_500,
    advised: 6_500,
    ended: null,
    closed: null,
  })
})

describe('the deadline of an attempt', () => {
  it('ends a dial that never opens', () => {
    const harness = new Harness().connect().advance(19_999)
    expect(harness.state.name).toBe('dialing')
    harness.advance(1)

    expect(harness.state.name).toBe('waiting')
    expect(harness.all('drop')).toMatchObject([{ dial: 1 }])
    expect(harness.all('error')).toMatchObject([
      { error: { code: 'connect_timeout', message: expect.stringContaining('did not open') } },
    ])
  })

  it('holds for dial and welcome together', () => {
    const harness = new Harness().connect().advance(15_000).opened().advance(4_999)
    expect(harness.state.name).toBe('handshaking')
    harness.advance(1)

    expect(harness.state.name).toBe('waiting')
    expect(harness.all('error')).toMatchObject([{ error: { message: expect.stringContaining('welcome') } }])
  })

  it('is over with the welcome', () => {
    expect(new Harness().connect().live().advance(20_001).state.name).toBe('live')
  })
})

describe('retries', () => {
  it('wait longer each time, and never longer than the longest', () => {
    const harness = new Harness().connect()
    const waits = Array.from({ length: 9 }, () => {
      harness.failed()
      const { state } = harness
      const wait = state.name === 'waiting' ? state.until - harness.now : 0
      harness.advance(wait)
      return wait
    })

    expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
    expect(harness.connection.attempt).toBe(10)
  })

  it('start over only after a connection that held', () => {
    const harness = new Harness().connect().failed().advance(500).failed().advance(1_000)
    harness.live().advance(9_999).closed(1006)
    expect(harness.state).toMatchObject({ until: harness.now + 2_000 })
    harness.advance(2_000).live().advance(10_000).closed(1006)

    expect(harness.state).toMatchObject({ until: harness.now + 500 })
  })

  it('count attempts since the last success', () => {
    const harness = new Harness().connect()
    expect(harness.connection.attempt).toBe(1)
    harness.failed().advance(500)
    expect(harness.connection.attempt).toBe(2)
    harness.live()
    expect(harness.connection.attempt).toBe(0)
    harness.closed(1006)
    expect(harness.connection.attempt).toBe(0)
  })

  it('end after as many as are allowed, with what to do then', () => {
    const harness = new Harness({ reconnect: { ...RECONNECT, maxAttempts: 2 } })
      .connect()
      .failed()
      .advance(500)
      .failed()

    expect(harness.state).toMatchObject({
      name: 'closed',
      final: false,
      error: { code: 'gave_up', message: expect.stringContaining('connect()') },
    })
    expect(harness.connection.deadline()).toBeNull()
  })

  it('end with the status and the cause of the last failure', () => {
    const last = new ConnectError('refused with HTTP 404', { status: 404 })
    const harness = new Harness({ reconnect: { ...RECONNECT, maxAttempts: 1 } }).connect().failed(last)

    expect(harness.state).toMatchObject({ error: { code: 'gave_up', status: 404, cause: last } })
  })

  it('are as many again after a success', () => {
    const harness = new Harness({ reconnect: { ...RECONNECT, maxAttempts: 2 } })
      .connect()
      .failed()
      .advance(500)
    harness.live().closed(1006).advance(1_000).failed()

    expect(harness.state.name).toBe('waiting')
  })

  it('do not happen when that is switched off', () => {
    expect(new Harness({ reconnect: null }).connect().failed().state).toMatchObject({ name: 'closed' })
    expect(new Harness({ reconnect: null }).connect().live().closed(1006).state).toMatchObject({
      name: 'closed',
      error: { code: 'close_1006' },
    })
  })
})

describe('credentials that are refused', () => {
  const bySocket = (harness: Harness): Harness =>
    harness.opened().do({ type: 'fail', code: 'auth_refused', message: 'the token is old' }).closed(4300)
  const byHttp = (harness: Harness): Harness => harness.failed(new ConnectError('401', { status: 401 }))
  const byApplication = (harness: Harness): Harness => harness.failed(new AuthError('signed out'))

  it.each([
    ['by the server', bySocket],
    ['by HTTP 401', byHttp],
    ['by HTTP 403', (harness: Harness) => harness.failed(new ConnectError('403', { status: 403 }))],
    ['by the application', byApplication],
    ['by close code 1008', (harness: Harness) => harness.opened().closed(1008)],
  ])('%s end it at once if they are fixed', (_who, refuse) => {
    const harness = refuse(new Harness().connect())

    expect(harness.state).toMatchObject({
      name: 'closed',
      error: { name: 'AuthError', code: 'auth_refused' },
    })
    expect(harness.errors).toEqual(['auth_refused'])
  })

  it.each([
    ['by the server', bySocket],
    ['by HTTP', byHttp],
    ['by the application', byApplication],
  ])('%s get one more dial at once if they can be read anew, and no second', (_who, refuse) => {
    const harness = refuse(new Harness({ freshCredentials: true }).connect())
    expect(harness.state).toMatchObject({ name: 'waiting', until: harness.now })
    harness.advance(0)
    expect(harness.dial).toBe(2)
    refuse(harness)

    expect(harness.state).toMatchObject({ name: 'closed', error: { code: 'auth_refused' } })
  })

  it('get one more dial again after a welcome', () => {
    const harness = byHttp(new Harness({ freshCredentials: true }).connect())
      .advance(0)
      .live()
    harness.closed(4301).advance(0)

    expect(harness.state.name).toBe('dialing')
  })

  it('give the reason that the server stated', () => {
    const harness = bySocket(new Harness().connect())

    expect(harness.all('error')).toMatchObject([
      { error: { message: 'the token is old', reason: 'auth_refused' } },
    ])
  })
})

describe('a dial that fails', () => {
  it.each([[404], [500], [null]])('with HTTP status %s is retried with backoff', (status) => {
    const harness = new Harness().connect().failed(new ConnectError('no', { status }))

    expect(harness.state).toMatchObject({ name: 'waiting', until: harness.now + 500, advised: false })
    expect(harness.errors).toEqual(['connect_failed'])
  })

  it.each([[429], [503]])('with HTTP %s waits for what Retry-After says, and a little more', (status) => {
    const harness = new Harness().connect().failed(new ConnectError('busy', { status, retryAfterMs: 7_000 }))

    expect(harness.state).toMatchObject({ name: 'waiting', until: harness.now + 7_500, advised: true })
  })

  it('waits no longer than an hour, whatever Retry-After says', () => {
    const busy = new ConnectError('busy', { status: 503, retryAfterMs: 999_999_999_000 })
    const harness = new Harness().connect().failed(busy)

    expect(harness.state).toMatchObject({ name: 'waiting', until: harness.now + 3_600_500 })
  })

  it('for a reason that will not go away is not retried', () => {
    const harness = new Harness().connect().failed(new SurewireError('no', { code: 'config_invalid' }))

    expect(harness.state).toMatchObject({ name: 'closed', final: false })
  })
})

describe('a close', () => {
  it.each([
    [1000, 'waiting'],
    [1001, 'waiting'],
    [1005, 'waiting'],
    [1006, 'waiting'],
    [1009, 'waiting'],
    [1011, 'waiting'],
    [1012, 'waiting'],
    [1013, 'waiting'],
    [1014, 'waiting'],
    [1015, 'waiting'],
    [1002, 'waiting'],
    [1003, 'waiting'],
    [1007, 'waiting'],
    [1008, 'closed'],
    [3000, 'waiting'],
    [4000, 'waiting'],
    [4001, 'waiting'],
    [4099, 'waiting'],
    [4100, 'waiting'],
    [4199, 'waiting'],
    [4200, 'waiting'],
    [4202, 'waiting'],
    [4203, 'waiting'],
    [4300, 'closed'],
    [4399, 'closed'],
    [4400, 'closed'],
    [4401, 'closed'],
    [4402, 'closed'],
    [4499, 'closed'],
    [4999, 'waiting'],
  ])('with %i leads to %s', (code, name) => {
    const harness = new Harness().connect().live().closed(code)

    expect(harness.state.name).toBe(name)
    expect(harness.all('lost')).toMatchObject([{ code }])
  })

  it.each([[4200], [4202], [4203], [1002], [1007]])('with %i asks for a new session', (code) => {
    expect(new Harness().connect().live().closed(code).all('forget-session')).toHaveLength(1)
  })

  it.each([[1006], [4000], [4100], [1009]])('with %i keeps the session', (code) => {
    expect(new Harness().connect().live().closed(code).all('forget-session')).toEqual([])
  })

  it('with 1009 says that something was too large', () => {
    expect(new Harness().connect().live().closed(1009).all('too-large')).toHaveLength(1)
  })

  it('with 1000 after BYE is the end', () => {
    const harness = new Harness().connect().live().do({ type: 'bye' }).closed(1000)

    expect(harness.state).toMatchObject({ name: 'closed', final: false, error: { name: 'ClosedError' } })
  })

  it('with 4401 says that another connection took over', () => {
    expect(new Harness().connect().live().closed(4401).errors).toEqual(['superseded'])
  })

  it('of an attempt is an error, that of a live connection is a loss', () => {
    expect(new Harness().connect().opened().closed(1006).errors).toEqual(['close_1006'])
    expect(new Harness().connect().live().closed(1006).errors).toEqual([])
  })

  it('after FAIL has its code and message as cause, on this connection only', () => {
    const harness = new Harness().connect().live()
    harness.do({ type: 'fail', code: 'busy', message: 'too many' }).closed(1013)
    expect(harness.all('lost')).toMatchObject([
      { cause: { code: 'busy', message: expect.stringContaining('too many') } },
    ])
    harness.advance(60_000).live().closed(1013)

    expect(harness.all('lost')[1]).toMatchObject({ cause: { code: 'close_1013' } })
  })
})

describe('a close because of a protocol violation', () => {
  it.each([
    ['', 'a protocol violation (close code 1002)'],
    ['too many frames', 'a protocol violation (close code 1002): too many frames'],
  ])('with the reason %j says all that is known of it', (reason, expected) => {
    const harness = new Harness().connect().live().closed(1002, reason)

    expect(harness.all('error')[0]?.error.message).toContain(expected)
  })
})

describe('AWAY', () => {
  const away = (url?: string): ConnectionInput => ({
    type: 'away',
    notice: { afterMs: 3_000, spreadMs: 2_000, reason: 'deploy', ...(url === undefined ? {} : { url }) },
  })

  it('says when to come back, spread evenly', () => {
    const harness = new Harness().connect().live().do(away()).closed(4100)

    expect(harness.state).toMatchObject({ name: 'waiting', until: harness.now + 4_000, advised: true })
  })

  it('is obeyed whatever ends the connection then, and whatever the platform says', () => {
    const harness = new Harness()
      .connect()
      .live()
      .do(away())
      .closed(1006)
      .do({ type: 'wake', cause }, { type: 'connect' })

    expect(harness.state).toMatchObject({ name: 'waiting', until: harness.now + 4_000 })
  })

  it('is obeyed when the link is replaced, as the one that brought it does not serve', () => {
    const harness = new Harness().connect().live().do(away())
    harness.do({ type: 'replace', dial: harness.dial, cause })

    expect(harness.all('lost')).toHaveLength(1)
    expect(harness.state).toMatchObject({ name: 'waiting', until: harness.now + 4_000, advised: true })
  })

  it('that advises no time does not make a client dial without end', () => {
    const now: ConnectionInput = { type: 'away', notice: { afterMs: 0, spreadMs: 0, reason: 'deploy' } }
    const harness = new Harness().connect().live()
    const waits: number[] = []
    for (let round = 0; round < 4; round++) {
      harness.do(now).closed(4100)
      const { state } = harness
      const wait = state.name === 'waiting' ? state.until - harness.now : Number.NaN
      waits.push(wait)
      harness.advance(wait).live()
    }

    expect(waits).toEqual([0, 1_000, 2_000, 4_000])
  })

  it('is obeyed for an hour at most, spread over an hour at most', () => {
    const notice = { afterMs: Number.MAX_SAFE_INTEGER, spreadMs: Number.MAX_SAFE_INTEGER, reason: 'deploy' }
    const harness = new Harness().connect().live().do({ type: 'away', notice }).closed(4100)

    expect(harness.state).toMatchObject({ until: harness.now + 3_600_000 * 1.5 })
  })

  it('may say where, for one dial', () => {
    const harness = new Harness().connect().live().do(away('wss://elsewhere.test')).closed(4100)
    harness.advance(4_000).failed().advance(60_000)

    expect(
      harness
        .all('dial')
        .slice(1, 3)
        .map(({ url }) => url),
    ).toEqual(['wss://elsewhere.test', null])
  })

  it('holds for the connection that brought it', () => {
    const harness = new Harness().connect().live().do(away()).closed(4100).advance(4_000).live().closed(1006)

    expect(harness.state).toMatchObject({ advised: false })
  })
})

describe('a violation', () => {
  const violate: ConnectionInput = { type: 'violation', error: violation, closeCode: 1002 }

  it('closes with its code, asks for a new session, and dials once afresh', () => {
    const harness = new Harness().connect().live().do(violate)

    expect(harness.all('drop')).toMatchObject([{ code: 1002, reason: 'nonsense' }])
    expect(harness.all('forget-session')).toHaveLength(1)
    expect(harness.state).toMatchObject({ name: 'waiting', until: harness.now })
  })

  it('a second time ends it', () => {
    const harness = new Harness().connect().live().do(violate).advance(0).live().do(violate)

    expect(harness.state).toMatchObject({ name: 'closed', error: { name: 'ProtocolError' } })
  })

  it('counts as the first again after a connection that held', () => {
    const harness = new Harness().connect().live().do(violate).advance(0).live().advance(10_000).do(violate)

    expect(harness.state.name).toBe('waiting')
  })

  it('and refused credentials in turn do not go on for ever', () => {
    const harness = new Harness({ freshCredentials: true }).connect()
    for (let round = 0; round < 5 && harness.state.name !== 'closed'; round++) {
      harness.opened().do(violate).advance(0)
      if (harness.state.name === 'dialing') harness.opened().closed(4300).advance(0)
    }

    expect(harness.state.name).toBe('closed')
    expect(harness.dial).toBeLessThanOrEqual(3)
  })
})

describe('the heartbeat', () => {
  it('replaces a silent connection at once and does not wait for its close', () => {
    const harness = new Harness().connect().live(25_000).advance(35_000)

    expect(harness.all('drop')).toMatchObject([{ dial: 1, code: 4000 }])
    expect(harness.all('lost')).toMatchObject([{ cause: { code: 'heartbeat_timeout' } }])
    expect(harness.state).toMatchObject({ name: 'dialing', dial: 2 })
  })

  it('uses what the server agreed to', () => {
    expect(new Harness().connect().live(1_000).advance(10_999).state.name).toBe('live')
    expect(new Harness().connect().live(1_000).advance(11_000).state.name).toBe('dialing')
  })

  it('asks first when the check itself is late: this side slept', () => {
    const harness = new Harness().connect().live(25_000)
    harness.now += 3_600_000
    harness.do({ type: 'tick' })
    expect(harness.all('ping')).toHaveLength(1)
    expect(harness.state.name).toBe('live')
    harness.advance(2_999)
    expect(harness.state.name).toBe('live')
    harness.advance(1)
    expect(harness.state.name).toBe('dialing')
  })

  it('is content with any byte as an answer', () => {
    const harness = new Harness().connect().live(25_000).do({ type: 'doubt', cause })
    harness.do({ type: 'received', dial: harness.dial }).advance(30_000)

    expect(harness.state.name).toBe('live')
  })

  it('asks once for many doubts', () => {
    const harness = new Harness()
      .connect()
      .live()
      .do({ type: 'doubt', cause }, { type: 'doubt', cause }, { type: 'wake', cause })

    expect(harness.all('ping')).toHaveLength(1)
  })

  it('probes even where it is switched off', () => {
    const harness = new Harness({ heartbeat: null }).connect().live(25_000)
    expect(harness.connection.deadline()).toBeNull()
    harness.do({ type: 'wake', cause }).advance(3_000)

    expect(harness.state.name).toBe('dialing')
  })
})

describe('a server that does not ping', () => {
  it('is asked at the interval of this side', () => {
    const harness = new Harness().connect().live(0).advance(24_999)
    expect(harness.all('ping')).toEqual([])
    harness.advance(1)

    expect(harness.all('ping')).toHaveLength(1)
  })

  it('is not asked without a heartbeat, however long it is silent', () => {
    const harness = new Harness({ heartbeat: null }).connect().live(0).advance(1_000_000)
    harness.do({ type: 'tick' })

    expect(harness.all('ping')).toEqual([])
    expect(harness.state.name).toBe('live')
  })
})

describe('restart', () => {
  it('replaces the link and starts counting anew', () => {
    const harness = new Harness().connect().failed().advance(500).failed().advance(1_000).live()
    harness.do({ type: 'restart', cause })

    expect(harness.all('drop').at(-1)).toMatchObject({ dial: 3, code: 4001 })
    expect(harness.all('lost')).toHaveLength(1)
    harness.failed()
    expect(harness.state).toMatchObject({ name: 'waiting', until: harness.now + 500 })
  })
})

describe('configure', () => {
  it('holds from the next deadline on', () => {
    const harness = new Harness().connect().live()
    harness.connection.configure({ ...CONFIG, reconnect: { ...RECONNECT, initialDelayMs: 77 } })
    harness.closed(1006)

    expect(harness.state).toMatchObject({ until: harness.now + 77 })
  })
})

it('tells of every change of state with what it was before and why', () => {
  const harness = new Harness().connect().live().closed(1006)

  expect(
    harness.all('state').map(({ previous, next, cause: { code } }) => [previous.name, next.name, code]),
  ).toEqual([
    ['idle', 'dialing', 'connect'],
    ['dialing', 'handshaking', 'opened'],
    ['handshaking', 'live', 'welcome'],
    ['live', 'waiting', 'close_1006'],
  ])
})
