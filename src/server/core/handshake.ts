/**
 * The handshake: from HELLO to WELCOME.
 *
 * Owns: its steps (who is it, session, producers, logs), what is refused and how, and what is given back when the
 * connection ends in between.
 *
 *   HELLO ─► user ─► session ─┬► producers ─┬► logs ─► WELCOME, GAPs, LEFTs, presence
 *                             └► rooms' permissions ─┘
 */
import { CloseCode } from '../../protocol/close-codes.js'
import { type Hello, PROTOCOL_VERSION, type User } from '../../protocol/frames.js'
import {
  ALL_LOG,
  OWN_USER_LOG,
  parseLogName,
  repliesLog,
  roomLog,
  sessionLog,
  userLog,
} from '../../protocol/logs.js'
import type { Connections } from './connections.js'
import type { Authentication } from './effects.js'
import type { Feeds, Wish } from './feeds.js'
import { ANONYMOUS, identityOf, wishFor } from './identity.js'
import type { Kernel } from './kernel.js'
import type { Connection, Greeting, Phase, Producer, Session } from './model.js'
import type { Producers } from './producers.js'
import type { SessionResult } from './store.js'

/** Logs besides rooms that a HELLO may have cursors for: old sessions' and users'. */
const OTHER_CURSORS = 16

export interface HandshakeHooks {
  /** All answers are in: make it live and say WELCOME. */
  complete(connection: Connection, session: Session, greeting: Greeting): void
}

export class Handshake {
  readonly #kernel: Kernel
  readonly #connections: Connections
  readonly #producers: Producers
  readonly #feeds: Feeds
  readonly #hooks: HandshakeHooks

  constructor(
    kernel: Kernel,
    connections: Connections,
    producers: Producers,
    feeds: Feeds,
    hooks: HandshakeHooks,
  ) {
    this.#kernel = kernel
    this.#connections = connections
    this.#producers = producers
    this.#feeds = feeds
    this.#hooks = hooks
  }

  hello(connection: Connection, waiting: Extract<Phase, { is: 'waiting' }>, hello: Hello): void {
    const { now, limits, deadlines } = this.#kernel
    deadlines.cancel(waiting.until)
    const until = deadlines.arm(now + limits.helloMs, () =>
      this.#refuse(
        connection,
        1013,
        'handshake_timeout',
        'the server could not attach the connection in time',
      ),
    )
    const greeting: Greeting = {
      hello,
      session: null,
      sessionKey: '',
      resumed: false,
      notResumed: null,
      producers: hello.producers.map(() => null),
      follows: [],
      refusedRooms: [],
      pending: 0,
    }
    connection.phase = { is: 'greeting', until, greeting }
    if (this.#isAcceptable(connection, hello)) {
      this.#kernel.askUser(connection.id, hello.auth, (answer) =>
        this.#authenticated(connection, greeting, answer),
      )
    }
  }

  /** The connection ended before WELCOME: what it held is given back. */
  abandon(connection: Connection, greeting: Greeting): void {
    for (const { follower } of greeting.follows) this.#feeds.unfollow(follower)
    for (const producer of greeting.producers) {
      if (producer !== null) this.#producers.detach(connection, producer)
    }
    const { session } = greeting
    if (session !== null) {
      this.#kernel.tellStore({ method: 'detachSession', id: session.id, owner: session.owner, ended: false })
    }
  }

  #isAcceptable(connection: Connection, hello: Hello): boolean {
    const { maxProducers, maxRooms } = this.#kernel.limits
    const ids = new Set(hello.producers.map(({ id }) => id))
    if (hello.v !== PROTOCOL_VERSION) {
      const message = `this server speaks version ${PROTOCOL_VERSION} of the protocol, not ${hello.v}`
      return this.#refuse(connection, CloseCode.VERSION, 'version', message)
    }
    if (hello.producers.length > maxProducers) {
      return this.#refuse(
        connection,
        CloseCode.PROTOCOL_ERROR,
        'too_many_producers',
        `at most ${maxProducers} producers`,
      )
    }
    if (ids.size < hello.producers.length) {
      return this.#refuse(connection, CloseCode.PROTOCOL_ERROR, 'malformed', 'HELLO names a producer twice')
    }
    if (Object.keys(hello.cursors).length > maxRooms + OTHER_CURSORS) {
      return this.#refuse(connection, CloseCode.PROTOCOL_ERROR, 'too_many_rooms', `at most ${maxRooms} rooms`)
    }
    return true
  }

  #refuse(connection: Connection, closeCode: number, code: string, message: string): false {
    this.#connections.end(connection, { code: closeCode, reason: code, say: { code, message } })
    return false
  }

  #storeFailed(connection: Connection): void {
    this.#refuse(connection, 1013, 'store_unavailable', 'the server cannot reach its memory; come back later')
  }

  #authenticated(connection: Connection, greeting: Greeting, answer: Authentication): void {
    if (!isGreeting(connection, greeting)) return
    if (!answer.ok) {
      const closeCode = answer.code === 'auth_refused' ? CloseCode.AUTH_REFUSED : 1011
      this.#refuse(connection, closeCode, answer.code, answer.message)
      return
    }
    const { chance } = this.#kernel
    const { hello } = greeting
    const identity = identityOf(answer.user)
    const owner = chance.id()
    const request = {
      offer: hello.session ?? null,
      user: identity,
      device: hello.device ?? {},
      owner,
      newId: chance.id(),
      newKey: chance.id(),
    }
    this.#kernel.askStoreOnce(
      { method: 'attachSession', request },
      (result) => this.#sessionAttached(connection, greeting, { user: answer.user, identity, owner }, result),
      () => this.#storeFailed(connection),
    )
  }

  #sessionAttached(
    connection: Connection,
    greeting: Greeting,
    who: { readonly user: User | null; readonly identity: string; readonly owner: string },
    { record, resumed, why }: SessionResult,
  ): void {
    const { identity, owner } = who
    if (!isGreeting(connection, greeting)) {
      this.#kernel.tellStore({ method: 'detachSession', id: record.id, owner, ended: false })
      return
    }
    const user = who.user ?? { id: `${ANONYMOUS}:${record.id}` }
    const device = greeting.hello.device ?? {}
    greeting.session = { id: record.id, owner, identity, user, device, since: this.#kernel.wall() }
    greeting.sessionKey = record.key
    greeting.resumed = resumed
    greeting.notResumed = why
    greeting.pending = 1
    this.#attachProducers(connection, greeting, identity)
    this.#follow(connection, greeting, user, record.id)
    this.#answered(connection, greeting)
  }

  #attachProducers(connection: Connection, greeting: Greeting, identity: string): void {
    for (const [index, offer] of greeting.hello.producers.entries()) {
      greeting.pending++
      const then = (producer: Producer | null): void => {
        if (isGreeting(connection, greeting)) {
          greeting.producers[index] = producer
          this.#answered(connection, greeting)
        } else if (producer !== null) this.#producers.detach(connection, producer)
      }
      this.#producers.attach(connection, offer, identity, then, () => this.#storeFailed(connection))
    }
  }

  #follow(connection: Connection, greeting: Greeting, user: User, sessionId: string): void {
    const { cursors } = greeting.hello
    const fresh: Wish = greeting.resumed ? null : { epoch: null, offset: 0 }
    const own = userLog(user.id)
    this.#followLog(connection, greeting, own, wishFor(cursors, own) ?? wishFor(cursors, OWN_USER_LOG))
    for (const log of [sessionLog(sessionId), repliesLog(sessionId)]) {
      this.#followLog(connection, greeting, log, wishFor(cursors, log) ?? fresh)
    }
    this.#followLog(connection, greeting, ALL_LOG, wishFor(cursors, ALL_LOG))
    for (const log of Object.keys(cursors)) {
      const name = parseLogName(log)
      if (name?.kind === 'room') this.#askForRoom(connection, greeting, user, name.id)
    }
  }

  /** Every room in HELLO is authorised like a join (rule 15). */
  #askForRoom(connection: Connection, greeting: Greeting, user: User, room: string): void {
    greeting.pending++
    this.#kernel.askPermission({ kind: 'join', room, type: null, user }, (answer) => {
      if (!isGreeting(connection, greeting)) return
      const log = roomLog(room)
      if (answer === 'unavailable') {
        this.#refuse(connection, 1011, 'authorize_unavailable', 'the server could not check what is allowed')
        return
      }
      if (answer === 'allowed')
        this.#followLog(connection, greeting, log, wishFor(greeting.hello.cursors, log))
      else greeting.refusedRooms.push({ room, why: answer })
      this.#answered(connection, greeting)
    })
  }

  #followLog(connection: Connection, greeting: Greeting, log: string, wish: Wish): void {
    greeting.pending++
    const wanted = (): boolean => isGreeting(connection, greeting)
    this.#feeds.follow(connection, log, wish, wanted, (follower, start) => {
      greeting.follows.push({ follower, start })
      this.#answered(connection, greeting)
    })
  }

  #answered(connection: Connection, greeting: Greeting): void {
    greeting.pending--
    const { phase } = connection
    const { pending, session } = greeting
    if (pending === 0 && phase.is === 'greeting' && session !== null) {
      this.#kernel.deadlines.cancel(phase.until)
      this.#hooks.complete(connection, session, greeting)
    }
  }
}

/** The connection is still at this handshake. */
function isGreeting({ phase }: Connection, greeting: Greeting): boolean {
  return phase.is === 'greeting' && phase.greeting === greeting
}
