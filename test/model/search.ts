/**
 * The search: every state that can be reached, breadth first.
 *
 * Owns: telling states apart, the shortest way to a violation, and whether every state can still come to rest.
 */
import { type Action, after, isSettled, possibleActions } from './actions.js'
import { type InvariantName, Violation } from './invariants.js'
import type { Rules } from './rules.js'
import type { State } from './state.js'

export interface SearchResult {
  readonly states: number
  readonly transitions: number
  /** Steps to the farthest state. */
  readonly depth: number
  /** States in which every message has its outcome. */
  readonly settled: number
  readonly violation: Counterexample | null
}

export interface Counterexample {
  readonly invariant: InvariantName
  readonly message: string
  /** The shortest way there. */
  readonly steps: readonly Action[]
}

/** Everything that `initial` leads to. Ends at the first violation. */
export function search(initial: State, rules: Rules): SearchResult {
  return new Search(rules).run(initial)
}

class Search {
  readonly #rules: Rules
  readonly #places = new Map<string, number>()
  readonly #queue: (State | null)[] = []
  /** For each state: where it was reached from, and by which of the actions possible there. */
  readonly #parents: number[] = []
  readonly #actions: (Action | null)[] = []
  readonly #depths: number[] = []
  /** Transitions, as pairs of places. */
  readonly #from: number[] = []
  readonly #to: number[] = []
  readonly #settled: number[] = []

  constructor(rules: Rules) {
    this.#rules = rules
  }

  run(initial: State): SearchResult {
    this.#reach(initial, -1, null)
    for (let place = 0; place < this.#queue.length; place++) {
      const state = this.#queue[place] as State
      this.#queue[place] = null
      if (isSettled(state)) this.#settled.push(place)
      const violation = this.#expand(state, place)
      if (violation !== null) return this.#result(violation)
    }
    return this.#result(this.#stuck())
  }

  #expand(state: State, place: number): Counterexample | null {
    for (const action of possibleActions(state, this.#rules)) {
      try {
        this.#to.push(this.#reach(after(state, action, this.#rules), place, action))
        this.#from.push(place)
      } catch (error) {
        if (!(error instanceof Violation)) throw error
        const { invariant, message } = error
        return { invariant, message, steps: [...this.#wayTo(place), action] }
      }
    }
    return null
  }

  #reach(state: State, parent: number, action: Action | null): number {
    const key = keyOf(state)
    const known = this.#places.get(key)
    if (known !== undefined) return known
    const place = this.#queue.length
    this.#places.set(key, place)
    this.#queue.push(state)
    this.#parents.push(parent)
    this.#actions.push(action)
    this.#depths.push(parent < 0 ? 0 : (this.#depths[parent] as number) + 1)
    return place
  }

  /** I4: from wherever it is, everything can still get its outcome. The nearest state that cannot is the answer. */
  #stuck(): Counterexample | null {
    const canSettle = reaching(this.#settled, this.#from, this.#to, this.#queue.length)
    const place = canSettle.indexOf(0)
    if (place < 0) return null
    const message = 'I4: from here on some message never gets an outcome'
    return { invariant: 'I4', message, steps: this.#wayTo(place) }
  }

  #wayTo(place: number): Action[] {
    const steps: Action[] = []
    for (let at = place; at > 0; at = this.#parents[at] as number) steps.push(this.#actions[at] as Action)
    return steps.reverse()
  }

  #result(violation: Counterexample | null): SearchResult {
    return {
      states: this.#queue.length,
      transitions: this.#to.length,
      depth: this.#depths.at(-1) ?? 0,
      settled: this.#settled.length,
      violation,
    }
  }
}

/** 1 for every place from which one of `goals` can be reached. */
function reaching(
  goals: readonly number[],
  from: readonly number[],
  to: readonly number[],
  places: number,
): Uint8Array {
  const starts = new Int32Array(places + 1)
  for (const place of to) starts[place + 1] = (starts[place + 1] as number) + 1
  for (let place = 0; place < places; place++) {
    starts[place + 1] = (starts[place + 1] as number) + (starts[place] as number)
  }
  const next = starts.slice()
  const before = new Int32Array(to.length)
  to.forEach((place, edge) => {
    const at = next[place] as number
    before[at] = from[edge] as number
    next[place] = at + 1
  })
  const reached = new Uint8Array(places)
  const open = [...goals]
  for (const goal of goals) reached[goal] = 1
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    for (let edge = starts[place] as number; edge < (starts[place + 1] as number); edge++) {
      const earlier = before[edge] as number
      if (reached[earlier] === 1) continue
      reached[earlier] = 1
      open.push(earlier)
    }
  }
  return reached
}

/** Owner tokens and epochs are random: states that differ in nothing but their names are the same. */
export function keyOf(state: State): string {
  const { client, links, nodes, requests, record, left, history } = state
  const owner = renaming()
  const epoch = renaming()
  const parts: unknown[] = [
    Object.values(client).map((value: unknown, place) => (place === 2 ? epoch(value as number) : value)),
    record === null
      ? 0
      : [epoch(record.epoch), owner(record.owner), record.attach, record.last, record.bound],
    nodes.map(({ held, owner: last }) => [
      owner(last),
      held === null
        ? 0
        : [
            owner(held.owner),
            epoch(held.epoch),
            [held.attach, held.bound, held.committed, held.held, held.running, held.committing, held.link],
            held.acknowledged,
            held.staged.to,
            held.staged.messages,
            held.queue.map((item) => [item.is === 'void', item.to, item.redelivered]),
          ],
    ]),
    links.map((link) => [
      link.attach,
      link.node,
      link.server,
      link.up.map(keyOfUp),
      link.down.map(keyOfDown),
    ]),
    requests.map(keyOfRequest),
    Object.values(left),
    [sorted(history.ran), sorted(history.plain), sorted(history.committed)],
    sorted(history.runs.map(([by, seq]) => pair(owner(by), seq))),
    sorted(history.commits.map(([at, seq]) => pair(epoch(at), seq))),
    sorted(history.lasts.map(([at, last]) => pair(epoch(at), last))),
  ]
  return JSON.stringify(parts)

  function keyOfUp(frame: (typeof links)[number]['up'][number]): unknown {
    if (frame.is === 'SEND') return frame.seq
    if (frame.is === 'VOID') return [frame.from, frame.to]
    return [frame.offer.attach, epoch(frame.offer.epoch), frame.offer.floor, frame.offer.written]
  }

  function keyOfDown(frame: (typeof links)[number]['down'][number]): unknown {
    if (frame.is === 'ACCEPTED') return frame.seq
    return frame.state === null ? 0 : [frame.state.last, frame.state.held, epoch(frame.state.epoch)]
  }

  function keyOfRequest(request: (typeof requests)[number]): unknown {
    if (request.is === 'commit') {
      const { node, from, to, messages, answer } = request
      return [node, owner(request.owner), epoch(request.epoch), from, to, messages, answer]
    }
    const { node, link, heldOwner, newOwner, offer, answer } = request
    const given =
      answer === null || answer === 'refused'
        ? answer
        : [
            answer.how,
            owner(answer.record.owner),
            epoch(answer.record.epoch),
            Object.values(answer.record).slice(2),
          ]
    const asked = [offer.attach, epoch(offer.epoch), offer.floor, offer.written]
    return [node, link, owner(heldOwner), owner(newOwner), asked, given]
  }
}

/** Gives every number a name in the order of its first appearance; 0 stays. */
function renaming(): (value: number) => number {
  const names = new Map<number, number>([[0, 0]])
  return (value) => {
    const known = names.get(value)
    if (known !== undefined) return known
    names.set(value, names.size)
    return names.size - 1
  }
}

const sorted = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b)

/** Two small numbers in one. */
const pair = (name: number, value: number): number => name * 1_000 + value
