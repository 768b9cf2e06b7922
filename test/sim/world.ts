/**
 * A simulated world: production servers on one store, production clients, and the books that hold them to their word.
 *
 * Owns: putting the parts together, pages that come and go, what happens after every step.
 * Does not own: what is done to it (steps-*.ts), how it comes to rest (rest.ts).
 */
import type { ManualClock, SeededRandom, TestNetwork } from '../../src/testing/index.js'
import type { SimulatedWorld, SimulationContext } from '../../src/testing/simulation/index.js'
import { Books } from './books.js'
import { Disk } from './disk.js'
import { Member } from './member.js'
import { drawHabits, drawParameters, type Habits, type Parameters } from './parameters.js'
import { QUIET_PARAMETERS, quietHabits } from './quiet.js'
import { comeToRest } from './rest.js'
import { Servers } from './servers.js'
import { SharedStore } from './shared-store.js'

export class SurewireWorld implements SimulatedWorld {
  readonly context: SimulationContext
  readonly clock: ManualClock
  readonly network: TestNetwork<ManualClock>
  readonly random: SeededRandom
  readonly parameters: Parameters
  readonly books: Books
  readonly store: SharedStore
  readonly servers: Servers
  /** Pages that are there, one after another in the same place. */
  readonly members: Member[] = []
  /** Clients that were closed, and pages of theirs that went. */
  readonly former: Member[] = []
  readonly #sessionNodes = new Map<string, string>()
  #pages = 0
  #calm = false

  constructor(context: SimulationContext) {
    const { clock, network, random } = context
    this.context = context
    this.clock = clock
    this.network = network
    this.random = random
    this.parameters = context.draw('parameters', drawParameters, QUIET_PARAMETERS)
    const { historyMessages, limits, users } = this.parameters
    const { sessionMs, maxInFlight } = limits
    this.books = new Books(context, network, this.parameters, (link, frame) =>
      (link.owner as Member).heard(link, frame),
    )
    const { witness } = this.books
    this.store = new SharedStore({
      clock,
      random: random.fork('store'),
      historyMessages,
      sessionMs,
      maxInFlight,
      witness,
    })
    const { parameters, books, store: shared } = this
    this.servers = new Servers({ clock, network, random: random.fork('servers'), parameters, books, shared })
    network.set({ latencyMs: 5 })
    for (const user of users) this.open(this.#habits(`habits ${user} ${this.#pages}`, user), new Disk())
  }

  /** The member in a place; plans don't know how many there are. */
  member(who: number): Member {
    return this.members[who % this.members.length] as Member
  }

  node(which: number): string {
    const { nodes } = this.parameters
    return nodes[which % nodes.length] as string
  }

  open(habits: Habits, disk: Disk, place: number = this.members.length): Member {
    const name = `${habits.user}${++this.#pages}`
    const { clock, network, books } = this
    const member = new Member({
      name,
      clock,
      network,
      books,
      habits,
      disk,
      random: this.random.fork(`page ${name}`),
      nodes: this.parameters.nodes,
      sessionNodes: this.#sessionNodes,
      tokenMs: this.parameters.tokenMs,
      closed: (closed) => this.later(this.random.integer(0, 4_000), () => this.replace(closed)),
    })
    this.members[place] = member
    if (this.#calm) member.calm()
    member.connect()
    return member
  }

  /** Applications calm down: those that are there, and those of pages that are still to open. */
  calm(): void {
    this.#calm = true
    for (const member of [...this.members, ...this.former]) member.calm()
  }

  /** The next page in the place of another, on the same disk. */
  replace(member: Member): void {
    const place = this.members.indexOf(member)
    if (place < 0) return
    this.former.push(member)
    const { habits, disk, name } = member
    this.open(this.#habits(`after ${name}`, habits.user, habits), disk, place)
  }

  #habits(name: string, user: string, before?: Habits): Habits {
    const draw = (random: SeededRandom): Habits => drawHabits(random, user, this.parameters, before)
    return this.context.draw(name, draw, quietHabits(user, this.parameters, before))
  }

  later(ms: number, what: () => void): void {
    this.clock.setTimer(what, ms)
  }

  check(): void {
    this.books.check((name) => this.members.some((one) => one.name === name && one.alive && !one.page.frozen))
    for (const member of this.members) member.check()
    for (const member of this.former) member.check()
  }

  rest(): Promise<void> {
    return comeToRest(this)
  }
}
