/**
 * What a server process does (docs/PROTOCOL.md, 5 and 6).
 *
 * Owns: taking numbers, running handlers one at a time, staging, committing, acknowledging, attaching and fencing.
 * Does not own: the store's comparisons (store.ts).
 */
import { lastIn, must, noteRun } from './invariants.js'
import type { Rules } from './rules.js'
import {
  type AttachAnswer,
  type Held,
  type Link,
  linkOf,
  type Node,
  type Request,
  type State,
  type UpFrame,
} from './state.js'

type AttachRequest = Extract<Request, { is: 'attach' }>
type CommitRequest = Extract<Request, { is: 'commit' }>

export function nodeOf(state: State, node: number): Node {
  return state.nodes[node as 0 | 1]
}

/** A frame arrives at the server. */
export function serverReceives(state: State, link: Link, frame: UpFrame, rules: Rules): void {
  if (frame.is === 'HELLO') return askToAttach(state, link, frame.offer)
  const { held } = nodeOf(state, link.node)
  if (held === null || held.link !== link.attach) {
    const ignored = rules.broken === 'the superseded connection still counts' && held !== null
    if (!ignored) return must('I2', false, 'a live connection numbers in a producer that is not its own')
  }
  if (held === null) return
  if (frame.is === 'SEND') takeMessage(held, frame.seq)
  else takeVoid(held, frame.from, frame.to)
  advance(state, held, rules)
}

/** [ACC-1] [ACC-2] [ACC-3] [ACC-9] Which numbers are taken. */
function takeMessage(held: Held, seq: number): void {
  if (seq <= held.held) return acknowledgeAgain(held, seq)
  must('I2', seq === held.held + 1, `number ${seq} came where ${held.held + 1} was due`)
  held.held = seq
  held.queue.push({ is: 'message', to: seq, redelivered: seq <= held.bound })
}

/** [ACC-7] Numbers that will not come. */
function takeVoid(held: Held, from: number, to: number): void {
  if (to <= held.held) return acknowledgeAgain(held, to)
  must('I2', from <= held.held + 1, `VOID from ${from} came where ${held.held + 1} was due`)
  held.held = to
  held.queue.push({ is: 'void', to, redelivered: false })
}

function acknowledgeAgain(held: Held, seq: number): void {
  if (seq <= held.committed) held.acknowledged = Math.min(held.acknowledged, held.committed - 1)
}

/** [ORD-1] Runs the next handler, if none runs. */
export function advance(state: State, held: Held, rules: Rules): void {
  while (held.running === 0 || rules.broken === 'handlers of one producer run side by side') {
    const next = held.queue.shift()
    if (next === undefined) return
    if (next.is === 'message') {
      // Side by side: the earlier one was not waited for.
      must('I2', held.running === 0, `message ${next.to} began while ${held.running} was being handled`)
      noteRun(state, held.owner, next.to, next.redelivered)
      held.running = next.to
    } else held.staged.to = next.to
  }
}

/** The handler returns: what it did is staged. */
export function handlerEnds(state: State, held: Held, rules: Rules): void {
  held.staged = { to: held.running, messages: [...held.staged.messages, held.running] }
  held.running = 0
  advance(state, held, rules)
}

export const canCommit = ({ committing, staged, committed }: Held): boolean =>
  !committing && staged.to > committed

/** [ACC-4] One commit covers all that is staged. */
export function askToCommit(state: State, node: number, held: Held): void {
  const { owner, epoch, committed: from, staged } = held
  held.committing = true
  const { to, messages } = staged
  state.requests.push({ is: 'commit', node, owner, epoch, from, to, messages, answer: null })
  held.staged = { to, messages: [] }
}

export function canAcknowledge(state: State, held: Held, rules: Rules): boolean {
  return linkOf(state, held.link)?.server === 'live' && held.acknowledged < acknowledgeable(held, rules)
}

/** [ACC-4] [ACC-8] ACCEPTED of everything that is committed. */
export function acknowledge(state: State, held: Held, rules: Rules): void {
  const seq = acknowledgeable(held, rules)
  held.acknowledged = seq
  must('I8', seq <= lastIn(state.history, held.epoch), `${seq} is acknowledged and not committed`)
  say(state, held.link, { is: 'ACCEPTED', seq })
}

function acknowledgeable({ committed, staged }: Held, { broken }: Rules): number {
  return broken === 'acknowledged when handled, before it is committed' ? staged.to : committed
}

function say(state: State, attach: number, frame: Link['down'][number]): void {
  // Whoever stopped listening hears nothing.
  if (state.client.link === attach) linkOf(state, attach)?.down.push(frame)
}

function askToAttach(state: State, link: Link, offer: AttachRequest['offer']): void {
  link.server = 'attaching'
  const { owner: heldOwner } = nodeOf(state, link.node)
  const newOwner = state.fresh.owner++
  const { node, attach } = link
  state.requests.push({ is: 'attach', node, link: attach, heldOwner, newOwner, offer, answer: null })
}

/** The process hears what the store answered. */
export function hearAttach(state: State, request: AttachRequest, rules: Rules): void {
  const link = linkOf(state, request.link)
  if (isOutdated(state, request) && rules.broken !== 'what was lost meanwhile counts as kept') {
    // What this process held was lost while it asked: the client has to come back.
    if (link?.server === 'attaching') serverEnds(link)
    return
  }
  const held = attached(state, request, request.answer, rules)
  dropIfIdle(state, request.node, rules)
  if (link === undefined || link.server !== 'attaching') {
    // The connection ended meanwhile: what it took is given back.
    if (held !== null) detach(state, request.node, request.link, rules)
    return
  }
  link.server = 'live'
  if (held === null) return say(state, link.attach, { is: 'WELCOME', state: null })
  held.acknowledged = held.committed
  const { committed: last, epoch } = held
  say(state, link.attach, { is: 'WELCOME', state: { last, held: held.held, epoch } })
}

/** The answer says that the producer is still this process's, which has let go of it since. */
function isOutdated(state: State, { node, answer }: AttachRequest): boolean {
  if (answer === null || answer === 'refused' || answer.how !== 'kept') return false
  return nodeOf(state, node).owner !== answer.record.owner
}

function attached(
  state: State,
  request: AttachRequest,
  answer: AttachAnswer | null,
  rules: Rules,
): Held | null {
  if (answer === null || answer === 'refused') return null
  const node = nodeOf(state, request.node)
  const { how, record } = answer
  const isOlder = node.held !== null && record.attach < node.held.attach
  // A newer connection was quicker.
  if (isOlder && rules.broken !== 'the answer of an older attach counts') return null
  if (how === 'kept' && node.held !== null) return moved(state, node.held, request.link, record.attach, rules)
  if (node.held !== null) endLink(state, node.held.link, request.link)
  node.owner = record.owner
  node.held = {
    owner: record.owner,
    epoch: record.epoch,
    attach: record.attach,
    bound: record.bound,
    committed: record.last,
    held: record.last,
    queue: [],
    running: 0,
    staged: { to: record.last, messages: [] },
    committing: false,
    link: request.link,
    acknowledged: record.last,
  }
  return node.held
}

/** [FEN-5] This process owned it all along: what is in hand stays in hand. */
function moved(state: State, held: Held, link: number, attach: number, { broken }: Rules): Held {
  endLink(state, broken === 'the superseded connection still counts' ? 0 : held.link, link)
  held.attach = attach
  held.link = link
  if (broken === 'numbers in hand are taken again after an attach') held.held = held.committed
  if (broken === 'what was in hand is dropped when attached again') held.queue = []
  if (broken === 'the redelivery bound is dropped when attached again') held.bound = 0
  return held
}

/** [FEN-2] The older connection is closed. */
function endLink(state: State, attach: number, except: number): void {
  const link = linkOf(state, attach)
  if (link !== undefined && attach !== except) supersede(state, link)
}

/** Closed with 4401: its client is to come back no more. */
function supersede(state: State, link: Link): void {
  must('I4', state.client.link !== link.attach, 'the newest connection is told that a newer one took over')
  serverEnds(link)
}

export function serverEnds(link: Link): void {
  link.server = 'gone'
  link.up = []
}

/** The connection is gone; what is in hand is still handled. */
export function detach(state: State, node: number, attach: number, rules: Rules): void {
  const { held } = nodeOf(state, node)
  if (held === null || held.link !== attach) return
  held.link = 0
  dropIfIdle(state, node, rules)
}

/**
 * Nothing in hand and nobody numbers in it: the store's record is enough. But not while an attach is asked for: its
 * answer may be older than what is known here.
 */
function dropIfIdle(state: State, node: number, { broken }: Rules): void {
  const { held } = nodeOf(state, node)
  const isAttaching = state.requests.some((request) => request.is === 'attach' && request.node === node)
  if (isAttaching && broken !== 'a producer is forgotten while it is attached') return
  if (held !== null && held.link === 0 && !isBusy(held)) nodeOf(state, node).held = null
}

const isBusy = ({ queue, running, committing, staged, committed }: Held): boolean =>
  queue.length > 0 || running !== 0 || committing || staged.to > committed

/** Whether the answer still concerns what its process has in hand. */
export function isAwaited(state: State, { node, owner }: CommitRequest): boolean {
  const { held } = nodeOf(state, node)
  return held !== null && held.owner === owner && held.committing
}

/** A commit that had happened although its answer was lost shows as a conflict whose `last` is what was wanted. */
export function hearCommit(state: State, request: CommitRequest, rules: Rules): void {
  const { held } = nodeOf(state, request.node)
  if (held === null || !isAwaited(state, request)) return
  const { answer, to } = request
  const done = typeof answer === 'object' ? answer?.conflict === to : answer === 'done'
  if (!done) return lose(state, request.node, held, answer === 'fenced')
  held.committing = false
  held.committed = to
  dropIfIdle(state, request.node, rules)
}

/** [FEN-2] [4202] The record is another's, or gone: the connection ends, nothing in hand counts. */
function lose(state: State, node: number, held: Held, isFenced: boolean): void {
  const link = linkOf(state, held.link)
  if (link !== undefined) {
    if (isFenced) supersede(state, link)
    else serverEnds(link)
  }
  const memory = nodeOf(state, node)
  memory.held = null
  if (memory.owner === held.owner) memory.owner = 0
}
