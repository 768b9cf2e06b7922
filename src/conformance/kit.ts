/**
 * What a rule's check works with: connections, names that nobody else has, and the fixtures' desk.
 *
 * Owns: what one check opened, and clearing it away.
 * Does not own: what is checked (rules/), which checks run when (run.ts).
 */
import { FrameType, type Hello, type ProducerOffer, type Welcome } from '../protocol/frames.js'
import { Failure } from './failure.js'
import { Peer } from './peer.js'
import type { KitCodec, KitWebSocket } from './socket.js'

export interface KitOptions {
  readonly url: string
  readonly WebSocket: KitWebSocket
  readonly codec: KitCodec
  readonly patienceMs: number
}

/** A connection with its WELCOME. */
export interface Guest {
  readonly peer: Peer
  readonly welcome: Welcome
}

export class Kit {
  readonly codec: KitCodec
  /** The user that this check's connections are of, unless they say otherwise. */
  readonly user: string
  readonly #options: KitOptions
  readonly #peers: Peer[] = []

  constructor(options: KitOptions) {
    this.codec = options.codec
    this.#options = options
    this.user = this.name('user')
  }

  /** A name that no other check uses. */
  name(what: string): string {
    return `${what}-${Math.random().toString(36).slice(2, 12)}`
  }

  async connect(): Promise<Peer> {
    const { url, WebSocket, codec, patienceMs } = this.#options
    const peer = new Peer(new WebSocket(url, [`surewire.1.${codec.name}`]), codec, patienceMs)
    this.#peers.push(peer)
    await peer.opened()
    return peer
  }

  /** Connects and says HELLO. */
  async guest(hello: Partial<Hello> = {}): Promise<Guest> {
    const peer = await this.connect()
    return { peer, welcome: await peer.hello({ auth: this.user, ...hello }) }
  }

  /** Connects and follows a room. */
  async reader(room: string, hello: Partial<Hello> = {}): Promise<Guest & { readonly epoch: string }> {
    const guest = await this.guest(hello)
    guest.peer.send([FrameType.JOIN, 1, room])
    const joined = await guest.peer.find(FrameType.JOINED)
    return { ...guest, epoch: joined[3] }
  }

  /** A connection of somebody else, for what a check needs the server to do. */
  async desk(): Promise<Desk> {
    const desk = new Desk(this.name('desk'))
    const { peer } = await this.guest({ auth: this.name('clerk'), producers: desk.offers })
    desk.peer = peer
    return desk
  }

  /** Time passes. For what only time can show. */
  pass(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms))
  }

  clear(): void {
    for (const peer of this.#peers) peer.drop()
  }
}

/** Sends the fixtures' messages and requests. */
export class Desk {
  peer: Peer | null = null
  readonly offers: readonly ProducerOffer[]
  #messages = 0
  #requests = 0

  constructor(id: string) {
    this.offers = [producer(id), requests(`${id}-requests`)]
  }

  /** Sends a message and waits until it is committed. */
  async say(type: string, data: unknown): Promise<void> {
    const seq = ++this.#messages
    this.#open().send([FrameType.SEND, seq, null, type, data])
    await this.#open().accepted(seq)
    const refusal = this.#open().unread.find((frame) => frame[0] === FrameType.REJECTED)
    if (refusal !== undefined)
      throw new Failure(`the fixture ${type} was refused: ${JSON.stringify(refusal)}`)
  }

  /** Sends a request and waits for the reply. */
  async ask(type: string, data: unknown): Promise<unknown> {
    const seq = ++this.#requests
    const id = `${this.offers[1]?.id ?? ''}.${seq}`
    this.#open().send([FrameType.USE, 1], [FrameType.REQUEST, seq, type, data])
    const [, , , , reply, meta] = await this.#open().find(FrameType.ENTRY, (frame) => frame[5].re === id)
    if (meta.error === true) throw new Failure(`the fixture ${type} failed: ${JSON.stringify(reply)}`)
    return reply
  }

  /** What was noted under a key: message ids and whether they were redelivered. */
  async noted(key: string): Promise<readonly (readonly [id: string, redelivered: boolean])[]> {
    const list = await this.ask('kit.noted', { key })
    if (Array.isArray(list)) return list as (readonly [string, boolean])[]
    throw new Failure('the fixture kit.noted does not reply with a list')
  }

  /** Waits until so much was noted. */
  async notedAtLeast(key: string, count: number): Promise<readonly (readonly [string, boolean])[]> {
    for (let tries = 0; ; tries++) {
      const list = await this.noted(key)
      if (list.length >= count) return list
      if (tries > 100) throw new Failure(`${count} runs should have been noted, ${list.length} were`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  #open(): Peer {
    if (this.peer === null) throw new Error('the desk is not open')
    return this.peer
  }
}

/** What a fresh producer offers, but for what is named. */
export function producer(id: string, overrides: Partial<ProducerOffer> = {}): ProducerOffer {
  return { id, key: `key of ${id}`, kind: 'messages', attach: 1, floor: 0, written: 0, ...overrides }
}

/** A fresh producer of requests. */
export function requests(id: string, overrides: Partial<ProducerOffer> = {}): ProducerOffer {
  return producer(id, { kind: 'requests', ...overrides })
}
