/**
 * The small frames of a live connection: ATTACH, AUTH, BYE.
 *
 * Owns: one more producer on a connection, new credentials on a connection, its orderly end.
 */
import { CloseCode } from '../../protocol/close-codes.js'
import { ProtocolError } from '../../protocol/errors.js'
import { type AttachFrame, type AuthFrame, FrameType } from '../../protocol/frames.js'
import type { Connections } from './connections.js'
import type { Authentication } from './effects.js'
import { identityOf } from './identity.js'
import type { Kernel } from './kernel.js'
import { type Peer, type Producer, peerOf } from './model.js'
import type { Presence } from './presence.js'
import type { Producers } from './producers.js'

export class SideFrames {
  readonly #kernel: Kernel
  readonly #connections: Connections
  readonly #producers: Producers
  readonly #presence: Presence

  constructor(kernel: Kernel, connections: Connections, producers: Producers, presence: Presence) {
    this.#kernel = kernel
    this.#connections = connections
    this.#producers = producers
    this.#presence = presence
  }

  attach(peer: Peer, [, index, offer]: AttachFrame): void {
    const { maxProducers } = this.#kernel.limits
    const { connection, producers, session } = peer
    if (index !== producers.length) {
      throw new ProtocolError(`ATTACH ${index}: the next index is ${producers.length}`, {
        code: 'wrong_index',
      })
    }
    if (index >= maxProducers) {
      throw new ProtocolError(`more than ${maxProducers} producers`, { code: 'too_many_producers' })
    }
    producers.push(null)
    const then = (producer: Producer | null): void => {
      if (peerOf(connection) !== peer) {
        if (producer !== null) this.#producers.detach(connection, producer)
        return
      }
      producers[index] = producer
      const state = producer === null ? null : this.#producers.introduce(producer, index)
      this.#connections.say(connection, [FrameType.ATTACHED, index, state])
    }
    this.#producers.attach(connection, offer, session.identity, then, () =>
      this.#end(peer, 1013, 'store_unavailable', 'the server cannot reach its memory; come back later'),
    )
  }

  /** New credentials. They may say more about the same user, but another user starts a session of their own. */
  auth(peer: Peer, [, token]: AuthFrame): void {
    this.#kernel.askUser(peer.connection.id, token, (answer) => {
      if (peerOf(peer.connection) === peer) this.#authenticated(peer, answer)
    })
  }

  bye(peer: Peer): void {
    this.#presence.leaveAll(peer.session.id)
    this.#connections.say(peer.connection, [FrameType.BYE])
    this.#connections.end(peer.connection, { code: CloseCode.NORMAL, reason: 'bye' })
  }

  #authenticated(peer: Peer, answer: Authentication): void {
    const { session, connection } = peer
    if (!answer.ok) {
      const closeCode = answer.code === 'auth_refused' ? CloseCode.AUTH_REFUSED : 1011
      this.#end(peer, closeCode, answer.code, answer.message)
    } else if (identityOf(answer.user) === session.identity) {
      session.user = answer.user ?? session.user
      this.#connections.say(connection, [FrameType.AUTHED, session.user])
    } else {
      // Nothing was refused: whoever it is now starts a session of its own.
      this.#end(peer, CloseCode.SESSION_UNKNOWN, 'user_changed', 'the new credentials are of another user')
    }
  }

  #end(peer: Peer, code: number, reason: string, message: string): void {
    this.#connections.end(peer.connection, { code, reason, say: { code: reason, message } })
  }
}
