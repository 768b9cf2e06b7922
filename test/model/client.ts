/**
 * What the client does (docs/PROTOCOL.md, 11).
 *
 * Owns: numbering, dialling, writing, settling by WELCOME and ACCEPTED.
 */
import { must, noteAccepted } from './invariants.js'
import type { Rules } from './rules.js'
import {
  type Client,
  type DownFrame,
  type Link,
  linkOf,
  outcomeOf,
  type State,
  type UpFrame,
} from './state.js'

/** The application sends its next message; it gets the next number. */
export function sendNext({ client }: State): void {
  client.messages[client.messages.indexOf('unsent')] = 'queued'
}

/** The application takes a message back. Its number becomes a hole. */
export function cancel(state: State, seq: number): void {
  state.left.cancels--
  state.client.messages[seq - 1] = 'cancelled'
}

/** [CLI-2] Every dial raises `attach`; HELLO offers the ledger as it is. */
export function dial(state: State, node: number, rules: Rules): void {
  const { client } = state
  client.attach++
  const attach = rules.broken === 'attach is not raised' ? 1 : client.attach
  const { epoch, floor, written } = client
  const hello: UpFrame = { is: 'HELLO', offer: { attach, epoch, floor, written } }
  state.links.push({ attach: client.attach, node, up: [hello], down: [], server: 'waiting' })
  client.link = client.attach
  client.live = false
}

/** The client gives its connection up: it broke, or seems dead. What it wrote may still arrive. */
export function loseLink(state: State): void {
  const { client } = state
  const link = linkOf(state, client.link)
  if (link !== undefined) link.down = []
  client.link = 0
  client.live = false
}

/** What is next for the wire of this connection; 0: nothing. */
export function nextToWrite({ messages, wire }: Client): number {
  const at = messages.findIndex((outcome, place) => place >= wire - 1 && isWaiting(outcome))
  return at + 1
}

/** [CLI-7] [CLI-13] Everything that waits is written, in order, holes as VOID, in one step. */
export function write(state: State, link: Link, rules: Rules): void {
  const { client } = state
  for (let seq = nextToWrite(client); seq > 0; seq = nextToWrite(client)) {
    const hole = seq > client.wire && rules.broken !== 'holes are not stated after a resume'
    if (hole) link.up.push({ is: 'VOID', from: client.wire, to: seq - 1 })
    link.up.push({ is: 'SEND', seq })
    client.messages[seq - 1] = 'written'
    client.wire = seq + 1
    client.written = Math.max(client.written, seq)
  }
}

/** A frame of the present connection arrives. */
export function clientReceives(state: State, frame: DownFrame, rules: Rules): void {
  if (frame.is === 'WELCOME') welcomed(state, frame.state, rules)
  else accepted(state, frame.seq)
}

/** [CLI-7] WELCOME settles; what is above `held` is to be written again. */
function welcomed(state: State, given: Extract<DownFrame, { is: 'WELCOME' }>['state'], rules: Rules): void {
  const { client } = state
  must('I4', given !== null, 'the server refused the producer to its one client')
  if (given === null) return
  const { last, held, epoch } = given
  must('I8', held <= client.written, `the server has ${held}; only ${client.written} were ever written`)
  must('I8', last >= client.floor, `the server went back to ${last} from ${client.floor}`)
  const known =
    client.epoch === 0 || client.epoch === epoch || rules.broken === 'the client ignores the epoch'
  if (known) {
    if (rules.broken !== 'WELCOME settles nothing') settleUpTo(state, last)
  } else forgotten(state, last, held, rules)
  client.epoch = epoch
  client.wire = Math.max(last, held) + 1
  if (rules.broken === 'the client writes again what is in hand as if it were fresh') client.wire = last + 1
  client.live = true
}

/** [CLI-10] [CLI-11] The server forgot: what was written and not settled may have been handled, or not. */
function forgotten({ client }: State, last: number, held: number, { onUnknown }: Rules): void {
  must('I8', last <= client.floor && held <= client.floor, 'a new record has what was never written in it')
  if (onUnknown === 'resend') return
  client.messages = client.messages.map((outcome) => (outcome === 'written' ? 'unknown' : outcome))
}

/** [CLI-16] ACCEPTED is cumulative, and only of what this connection wrote or was told is in hand. */
function accepted(state: State, seq: number): void {
  must('I8', seq < state.client.wire, `${seq} is acknowledged; this connection has written less`)
  settleUpTo(state, seq)
}

function settleUpTo(state: State, seq: number): void {
  const { client } = state
  for (let one = 1; one <= seq; one++) {
    if (!isWaiting(outcomeOf(client, one))) continue
    noteAccepted(state, one)
    client.messages[one - 1] = 'accepted'
  }
  client.floor = Math.max(client.floor, seq)
}

function isWaiting(outcome: string): boolean {
  return outcome === 'queued' || outcome === 'written'
}
