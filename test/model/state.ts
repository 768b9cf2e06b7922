/**
 * The state of the small model: one client with one producer, two server processes, one store they share.
 *
 * Owns: what there is, how it begins, how it is copied. Every field has the name that docs/PROTOCOL.md (5, 6, 11) gives it.
 * Does not own: what may happen (actions.ts) or what must hold (invariants.ts).
 *
 * Fresh random values (owner tokens, epochs) are numbers that were never given before.
 */

/** What became of a message, as its sender knows. */
export type Outcome = 'unsent' | 'queued' | 'written' | 'accepted' | 'unknown' | 'cancelled'

/** A producer as HELLO offers it. `epoch` 0: none known yet. */
export interface Offer {
  readonly attach: number
  readonly epoch: number
  readonly floor: number
  readonly written: number
}

export type UpFrame =
  | { readonly is: 'HELLO'; readonly offer: Offer }
  | { readonly is: 'SEND'; readonly seq: number }
  | { readonly is: 'VOID'; readonly from: number; readonly to: number }

export type DownFrame =
  | { readonly is: 'WELCOME'; readonly state: { last: number; held: number; epoch: number } | null }
  | { readonly is: 'ACCEPTED'; readonly seq: number }

export interface Client {
  /** By number: message 1 is the first. */
  messages: Outcome[]
  attach: number
  epoch: number
  floor: number
  written: number
  /** Next number to put on this connection's wire. */
  wire: number
  /** The connection it listens to: that of this attach; 0: none. */
  link: number
  /** It had its WELCOME. */
  live: boolean
}

/** One connection. Named by the attach of its HELLO. */
export interface Link {
  attach: number
  node: number
  /** Under way to the server; arrives in order, or is lost from some frame on. */
  up: UpFrame[]
  /** Under way to the client, which may have stopped listening. */
  down: DownFrame[]
  /** How far the server is with it. */
  server: 'waiting' | 'attaching' | 'live' | 'gone'
}

/** A number in hand that waits for its turn. */
export interface InHand {
  /** `void`: nothing runs. */
  readonly is: 'message' | 'void'
  readonly to: number
  readonly redelivered: boolean
}

/** A producer in the memory of one process. */
export interface Held {
  owner: number
  epoch: number
  attach: number
  /** Redelivery bound. */
  bound: number
  committed: number
  held: number
  queue: InHand[]
  /** The number whose handler runs; 0: none. */
  running: number
  /** Handled up to here, to be committed; with the messages among them. */
  staged: { to: number; messages: number[] }
  /** A commit is with the store. */
  committing: boolean
  /** The connection that numbers in it; 0: none. */
  link: number
  acknowledged: number
}

/** A server process. */
export interface Node {
  /** `null`: nothing in hand. */
  held: Held | null
  /** The owner token it had last; 0: none. */
  owner: number
}

export interface ProducerRecord {
  epoch: number
  owner: number
  attach: number
  last: number
  bound: number
}

/** The new state of the record and what the asker is told. */
export type AttachAnswer =
  | 'refused'
  | { readonly how: 'kept' | 'taken' | 'created'; readonly record: ProducerRecord }
export type CommitAnswer = 'done' | 'fenced' | 'gone' | { readonly conflict: number }

/** A question under way to the store, or an answer under way back. The asking process may be dead. */
export type Request =
  | {
      readonly is: 'attach'
      readonly node: number
      readonly link: number
      readonly heldOwner: number
      readonly newOwner: number
      readonly offer: Offer
      readonly answer: AttachAnswer | null
    }
  | {
      readonly is: 'commit'
      readonly node: number
      readonly owner: number
      readonly epoch: number
      readonly from: number
      readonly to: number
      readonly messages: readonly number[]
      readonly answer: CommitAnswer | null
    }

/** What has happened, for the invariants only: no rule reads it. */
export interface History {
  /** Messages whose handler ever ran; ran without `redelivered`; whose effects were ever committed. */
  ran: number[]
  plain: number[]
  committed: number[]
  /** `[owner, message]`: handler runs of owners that still can. */
  runs: [number, number][]
  /** `[epoch, message]`: commits of effects in epochs that are still somewhere. */
  commits: [number, number][]
  /** `[epoch, last]`: how far commits went in each. */
  lasts: [number, number][]
}

export interface State {
  client: Client
  links: Link[]
  nodes: [Node, Node]
  requests: Request[]
  /** `null`: the store has none. */
  record: ProducerRecord | null
  /** Next fresh owner token and epoch. */
  fresh: { owner: number; epoch: number }
  /** Faults that may still happen. */
  left: { losses: number; crashes: number; amnesias: number; cancels: number; storeFailures: number }
  history: History
}

export type Faults = State['left']

/** The first message is sent, nothing is connected. */
export function initialState(messages: number, faults: Faults): State {
  return {
    client: {
      messages: ['queued', ...Array.from({ length: messages - 1 }, (): Outcome => 'unsent')],
      attach: 0,
      epoch: 0,
      floor: 0,
      written: 0,
      wire: 1,
      link: 0,
      live: false,
    },
    links: [],
    nodes: [
      { held: null, owner: 0 },
      { held: null, owner: 0 },
    ],
    requests: [],
    record: null,
    fresh: { owner: 1, epoch: 1 },
    left: { ...faults },
    history: { ran: [], plain: [], committed: [], runs: [], commits: [], lasts: [] },
  }
}

/** A copy that may be changed. What is replaced as a whole (frames, requests, offers) is shared. */
export function copyOf(state: State): State {
  const { client, links, nodes, requests, record, fresh, left, history } = state
  return {
    client: { ...client, messages: [...client.messages] },
    links: links.map((link) => ({ ...link, up: [...link.up], down: [...link.down] })),
    nodes: [copyOfNode(nodes[0]), copyOfNode(nodes[1])],
    requests: [...requests],
    record: record === null ? null : { ...record },
    fresh: { ...fresh },
    left: { ...left },
    history: {
      ran: [...history.ran],
      plain: [...history.plain],
      committed: [...history.committed],
      runs: [...history.runs],
      commits: [...history.commits],
      lasts: [...history.lasts],
    },
  }
}

function copyOfNode({ held, owner }: Node): Node {
  if (held === null) return { held, owner }
  const { staged, queue } = held
  const copy = { ...held, queue: [...queue], staged: { to: staged.to, messages: [...staged.messages] } }
  return { held: copy, owner }
}

export function linkOf(state: State, attach: number): Link | undefined {
  return state.links.find((link) => link.attach === attach)
}

/** A message by its number. */
export function outcomeOf({ messages }: Client, seq: number): Outcome {
  return messages[seq - 1] ?? 'unsent'
}
