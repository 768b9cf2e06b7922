/**
 * The production code in the place of the model: the same actions, done by the server's core, the memory store's producers, and
 * the client's outbox and uplink.
 *
 * Owns: carrying frames, questions and answers between them when an action says so, and telling what can be seen.
 * Does not own: which actions come (refinement.test.ts).
 */
import { Outbox } from '../../src/delivery/outbox.js'
import type { OutboxEntry } from '../../src/delivery/producer.js'
import { FrameType, type Welcome } from '../../src/protocol/frames.js'
import { json } from '../../src/serializers/json.js'
import { ServerNode, type Waiting } from './production-node.js'
import { MemoryProducers } from '../../src/server/memory-producers.js'
import { newCounters } from '../../src/session/client/inputs.js'
import { RoundTrip } from '../../src/session/client/round-trip.js'
import { Uplink } from '../../src/session/client/uplink.js'
import type { Action } from './actions.js'
import type { Request, State } from './state.js'

const newProducers = (): MemoryProducers =>
  new MemoryProducers({ keptMs: 86_400_000, maxRecords: 100 }, 1_000)

/** A connection, as both ends know it. */
interface Wire {
  readonly attach: number
  readonly node: ServerNode
  readonly connection: number
  readonly up: string[]
  readonly down: (readonly unknown[])[]
}

export class Production {
  readonly #serializer = json()
  readonly #outbox: Outbox
  readonly #uplink: Uplink
  readonly #entries: OutboxEntry[] = []
  readonly #wires: Wire[] = []
  #attach = 0
  #wire: Wire | null = null
  #live = false
  #producers = newProducers()
  #nodes: [ServerNode, ServerNode]
  /** What died processes had asked. */
  #orphans: Waiting[] = []
  /** The model's owner tokens, in production's words. */
  readonly #owners = new Map<number, string>()
  #ids = 0

  constructor(onUnknown: 'resend' | 'reject') {
    const limits = { maxMessages: 100, maxBytes: 1_000_000, overflow: 'reject' } as const
    this.#outbox = new Outbox(
      limits,
      () => this.#id(),
      () => {},
    )
    const config = { serializer: this.#serializer, onUnknown }
    this.#uplink = new Uplink(config, this.#outbox, newCounters(), new RoundTrip())
    this.#nodes = [this.#newNode(), this.#newNode()]
    this.#send()
  }

  /** Does what the model does; `before` tells which question a place among the model's requests means. */
  perform(action: Action, before: State): void {
    switch (action.is) {
      case 'send':
        return this.#send()
      case 'cancel':
        this.#outbox.cancel(this.#entries[action.seq - 1] as OutboxEntry, 'cancelled', '')
        return
      case 'dial':
        return this.#dial(this.#nodes[action.node as 0 | 1])
      case 'write':
        for (let batch = this.#uplink.nextBatch([]); batch !== null; batch = this.#uplink.nextBatch([])) {
          for (const frame of batch.frames) this.#wire?.up.push(`[${String(frame)}]`)
        }
        return
      case 'client receives':
        return this.#clientReceives(this.#wire?.down.shift())
      case 'client loses':
        this.#uplink.lost()
        this.#wire = null
        this.#live = false
        return
      case 'server receives': {
        const { node, connection, up } = this.#wireOf(action.link)
        return node.receive(connection, up.shift() ?? '')
      }
      case 'server loses': {
        const { node, connection } = this.#wireOf(action.link)
        return node.lose(connection)
      }
      case 'handler ends':
        return this.#nodes[action.node as 0 | 1].endHandler()
      case 'commit':
      case 'acknowledge':
        // Production does both at the end of every turn.
        return
      case 'store executes':
      case 'answer arrives':
        return this.#answer(action.is, before.requests[action.request] as Request)
      case 'crash':
        this.#orphans.push(...this.#nodes[action.node as 0 | 1].waiting)
        this.#nodes[action.node as 0 | 1] = this.#newNode()
        return
      case 'amnesia':
        this.#producers = newProducers()
        return
      case 'answer is lost':
        throw new Error('a lost answer needs time to pass')
    }
  }

  /** What can be seen from outside, in the words of the model. */
  observe(): unknown {
    const producer = this.#outbox.lane('normal')
    return {
      outcomes: this.#entries.map(({ state }) => state),
      floor: producer?.floor,
      written: producer?.written,
      live: this.#live,
      wire: this.#live ? producer?.wireSeq : 0,
      down: this.#wire?.down.map(([type, first, seq]) => {
        if (type === FrameType.ACCEPTED) return seq
        const state = (first as Welcome).producers[0]
        return state == null ? null : [state.last, state.held]
      }),
      running: this.#nodes.map((node) => node.running),
    }
  }

  #send(): void {
    const draft = { lane: 'normal', body: '[null,"note",0]', size: 15, ttlMs: null, replaces: null } as const
    this.#entries.push(this.#outbox.enqueue(draft, 0))
  }

  #dial(node: ServerNode): void {
    this.#attach++
    this.#uplink.beforeDial()
    const producers = this.#uplink.offer().map((producer) => producer.offer())
    const window = { messages: 100, bytes: 1_000_000 }
    const hello = { v: 1, producers, cursors: {}, window, maxFrame: 1_000_000, caps: {} }
    const down: Wire['down'] = []
    const connection = node.open((frame) => {
      if (this.#wire?.down === down) down.push(frame)
    })
    const up = [JSON.stringify([[FrameType.HELLO, hello]])]
    this.#wire = { attach: this.#attach, node, connection, up, down }
    this.#wires.push(this.#wire)
  }

  #clientReceives(frame: readonly unknown[] | undefined): void {
    if (frame?.[0] === FrameType.ACCEPTED) return this.#uplink.accepted(0, frame[2] as number, 0)
    const welcome = frame?.[1] as Welcome
    for (const { fate } of this.#uplink.welcomed(welcome, 0)) {
      if (fate !== 'attached') throw new Error(`the producer was ${fate}`)
    }
    this.#live = true
  }

  #answer(what: 'store executes' | 'answer arrives', request: Request): void {
    const waiting = [...this.#orphans, ...this.#nodes.flatMap((node) => node.waiting)]
    const found = waiting.find((one) => this.#isMeant(one, request))
    if (found === undefined) throw new Error(`nothing was asked like ${JSON.stringify(request)}`)
    if (request.is === 'attach' && found.ask.is === 'attach') {
      this.#owners.set(request.newOwner, found.ask.newOwner)
    }
    if (what === 'store executes') found.execute(this.#producers)
    else found.node.hear(found)
  }

  #isMeant({ node, done, ask }: Waiting, request: Request): boolean {
    const isAlive = request.node < 2
    if (done !== (request.answer !== null) || (isAlive && node !== this.#nodes[request.node as 0 | 1]))
      return false
    if (!isAlive && this.#nodes.includes(node)) return false
    if (ask.is === 'attach') return request.is === 'attach' && request.offer.attach === ask.attach - 1
    if (request.is === 'attach' || ask.commit.owner !== this.#owners.get(request.owner)) return false
    return ask.commit.from === request.from && ask.commit.to === request.to
  }

  #wireOf(attach: number): Wire {
    return this.#wires.find((wire) => wire.attach === attach) as Wire
  }

  #newNode(): ServerNode {
    return new ServerNode(this.#serializer, () => this.#id())
  }

  #id(): string {
    return `id${++this.#ids}`
  }
}
