/**
 * What may happen next, in every order.
 *
 * Owns: the actions, when each is possible, and the faults among them.
 * Does not own: what they do (client.ts, server.ts, store.ts).
 */
import { cancel, clientReceives, dial, loseLink, nextToWrite, sendNext, write } from './client.js'
import type { Rules } from './rules.js'
import {
  acknowledge,
  askToCommit,
  canAcknowledge,
  canCommit,
  detach,
  handlerEnds,
  hearAttach,
  hearCommit,
  isAwaited,
  nodeOf,
  serverEnds,
  serverReceives,
} from './server.js'
import { execute } from './store.js'
import { copyOf, type Link, linkOf, type Request, type State } from './state.js'

export type Action =
  /** The application sends its next message, or takes one back. */
  | { readonly is: 'send' }
  | { readonly is: 'cancel'; readonly seq: number }
  | { readonly is: 'dial'; readonly node: number }
  | { readonly is: 'write' }
  /** The next frame of a link arrives. */
  | { readonly is: 'server receives'; readonly link: number }
  | { readonly is: 'client receives' }
  /** The client lets its connection go. */
  | { readonly is: 'client loses' }
  /** The server learns that a link is dead; what was under way is lost. */
  | { readonly is: 'server loses'; readonly link: number }
  | { readonly is: 'handler ends' | 'commit' | 'acknowledge'; readonly node: number }
  /** The store does what it was asked; the asker hears of it; the asker hears of a failure instead, and asks again. */
  | { readonly is: 'store executes' | 'answer arrives' | 'answer is lost'; readonly request: number }
  | { readonly is: 'crash'; readonly node: number }
  /** The store forgets everything. */
  | { readonly is: 'amnesia' }

export function possibleActions(state: State, rules: Rules): Action[] {
  return [
    ...ofClient(state, rules),
    ...state.links.flatMap((link) => ofLink(state, link)),
    ...[0, 1].flatMap((node) => ofNode(state, node, rules)),
    ...state.requests.flatMap((request, place) => ofRequest(state, request, place)),
    ...(state.record !== null && state.left.amnesias > 0 ? [{ is: 'amnesia' } as const] : []),
  ]
}

function ofClient(state: State, rules: Rules): Action[] {
  const { client, left } = state
  const actions: Action[] = []
  if (client.messages.includes('unsent')) actions.push({ is: 'send' })
  if (left.cancels > 0) {
    const mayCancel = (outcome: string): boolean =>
      outcome === 'queued' || (outcome === 'written' && rules.broken === 'a written message can be cancelled')
    client.messages.forEach((outcome, place) => {
      if (mayCancel(outcome)) actions.push({ is: 'cancel', seq: place + 1 })
    })
  }
  const link = linkOf(state, client.link)
  if (link === undefined) {
    // The processes are alike: the first dial goes to node 0.
    actions.push({ is: 'dial', node: 0 })
    if (client.attach > 0) actions.push({ is: 'dial', node: 1 })
    return actions
  }
  if (client.live && nextToWrite(client) > 0) actions.push({ is: 'write' })
  const free = link.server === 'gone' && link.down.length === 0
  if (free || left.losses > 0) actions.push({ is: 'client loses' })
  return actions
}

function ofLink({ client }: State, { attach, up, down, server }: Link): Action[] {
  const actions: Action[] = []
  const isReady = server === 'live' || up[0]?.is === 'HELLO'
  if (server !== 'gone' && up.length > 0 && isReady) actions.push({ is: 'server receives', link: attach })
  if (down.length > 0) actions.push({ is: 'client receives' })
  if (server !== 'gone' && client.link !== attach) actions.push({ is: 'server loses', link: attach })
  return actions
}

function ofNode(state: State, node: number, rules: Rules): Action[] {
  const { held, owner } = nodeOf(state, node)
  const actions: Action[] = []
  if (held !== null) {
    if (held.running > 0) actions.push({ is: 'handler ends', node })
    if (canCommit(held)) actions.push({ is: 'commit', node })
    if (canAcknowledge(state, held, rules)) actions.push({ is: 'acknowledge', node })
  }
  const knowsAnything = held !== null || owner > 0 || state.links.some((link) => link.node === node)
  if (state.left.crashes > 0 && knowsAnything) actions.push({ is: 'crash', node })
  return actions
}

function ofRequest({ left }: State, { answer, is }: Request, request: number): Action[] {
  if (answer === null) return [{ is: 'store executes', request }]
  const actions: Action[] = [{ is: 'answer arrives', request }]
  if (is === 'commit' && left.storeFailures > 0) actions.push({ is: 'answer is lost', request })
  return actions
}

/** The state after an action. Raises a Violation if an invariant breaks. */
export function after(before: State, action: Action, rules: Rules): State {
  const state = copyOf(before)
  perform(state, action, rules)
  tidy(state)
  return state
}

function perform(state: State, action: Action, rules: Rules): void {
  switch (action.is) {
    case 'send':
      return sendNext(state)
    case 'cancel':
      return cancel(state, action.seq)
    case 'dial':
      return dial(state, action.node, rules)
    case 'write':
    case 'client receives':
    case 'client loses':
      return ofTheClient(state, action, rules)
    case 'server receives':
    case 'server loses':
      return onLink(state, action, rules)
    case 'handler ends':
    case 'commit':
    case 'acknowledge':
      return onNode(state, action, rules)
    case 'store executes':
    case 'answer arrives':
    case 'answer is lost':
      return onRequest(state, action, rules)
    case 'crash':
      return crash(state, action.node)
    case 'amnesia':
      state.left.amnesias--
      state.record = null
      return
  }
}

function ofTheClient(
  state: State,
  action: Extract<Action, { is: 'write' | 'client receives' | 'client loses' }>,
  rules: Rules,
): void {
  const link = linkOf(state, state.client.link)
  if (link === undefined) return
  if (action.is === 'write') return write(state, link, rules)
  if (action.is === 'client receives') {
    const frame = link.down.shift()
    if (frame !== undefined) clientReceives(state, frame, rules)
    return
  }
  if (link.server !== 'gone' || link.down.length > 0) state.left.losses--
  loseLink(state)
}

function onLink(state: State, action: Extract<Action, { link: number }>, rules: Rules): void {
  const link = linkOf(state, action.link)
  if (link === undefined) return
  if (action.is === 'server loses') {
    serverEnds(link)
    detach(state, link.node, link.attach, rules)
    return
  }
  const frame = link.up.shift()
  if (frame !== undefined) serverReceives(state, link, frame, rules)
}

function onNode(
  state: State,
  { is, node }: Extract<Action, { is: 'handler ends' | 'commit' | 'acknowledge' }>,
  rules: Rules,
): void {
  const { held } = nodeOf(state, node)
  if (held === null) return
  if (is === 'handler ends') handlerEnds(state, held, rules)
  else if (is === 'commit') askToCommit(state, node, held)
  else acknowledge(state, held, rules)
}

function onRequest(state: State, action: Extract<Action, { request: number }>, rules: Rules): void {
  const request = state.requests[action.request]
  if (request === undefined) return
  if (action.is === 'store executes') {
    state.requests[action.request] = execute(state, request, rules)
    return
  }
  if (action.is === 'answer is lost') {
    // It shows as a failure, and the commit is asked for again.
    state.left.storeFailures--
    state.requests[action.request] = { ...request, answer: null }
    return
  }
  state.requests.splice(action.request, 1)
  if (request.is === 'attach') hearAttach(state, request, rules)
  else hearCommit(state, request, rules)
}

/** The process dies, and another takes its place, without memory. What it asked of the store may still be done. */
function crash(state: State, node: number): void {
  state.left.crashes--
  state.nodes[node as 0 | 1] = { held: null, owner: 0 }
  for (const link of state.links) if (link.node === node) serverEnds(link)
  // Nobody waits for answers; questions that arrived are worked on.
  state.requests = state.requests
    .filter((request) => request.node !== node || request.answer === null)
    .map((request) => (request.node === node ? { ...request, node: DEAD } : request))
}

/** The place of processes that died. */
const DEAD = 2

/** Drops what no action can reach any more, so that equal futures are equal states. */
function tidy(state: State): void {
  const { client } = state
  state.requests = state.requests.filter((request) => {
    if (request.answer === null) return true
    return request.node !== DEAD && (request.is === 'attach' || isAwaited(state, request))
  })
  state.links = state.links.filter(({ attach, server }) => server !== 'gone' || attach === client.link)
  for (const link of state.links) if (link.server === 'gone') link.up = []
  forgetHistory(state)
}

/** Owners and epochs that are nowhere any more come back nowhere. */
function forgetHistory(state: State): void {
  const { record, nodes, requests, history } = state
  const owners = new Set<number>()
  const epochs = new Set<number>()
  if (record !== null) {
    owners.add(record.owner)
    epochs.add(record.epoch)
  }
  for (const { held, owner } of nodes) {
    owners.add(owner)
    if (held === null) continue
    owners.add(held.owner)
    epochs.add(held.epoch)
  }
  for (const request of requests) {
    const answer = request.is === 'attach' ? request.answer : null
    if (answer === null || answer === 'refused') continue
    owners.add(answer.record.owner)
    epochs.add(answer.record.epoch)
  }
  history.runs = history.runs.filter(([owner]) => owners.has(owner))
  history.commits = history.commits.filter(([epoch]) => epochs.has(epoch))
  history.lasts = history.lasts.filter(([epoch]) => epochs.has(epoch))
}

/** Everything has its outcome. */
export function isSettled({ client }: State): boolean {
  return !client.messages.some(
    (outcome) => outcome === 'unsent' || outcome === 'queued' || outcome === 'written',
  )
}
