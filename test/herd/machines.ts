/**
 * A herd of connection machines: the production states, policy, backoff and driver of 100,000 clients, without what
 * travels over their links.
 *
 * Owns: a network of nothing but delays, the end of the old server, when each dial was accepted by the new one.
 * Does not own: sessions, frames, the server (herd.ts runs fewer clients with all of it, and must agree).
 */
import { Connection, type ConnectionConfig } from '../../src/connection/machine.js'
import type { ConnectionEffect, ConnectionInput } from '../../src/connection/state.js'
import { ConnectError } from '../../src/protocol/errors.js'
import { type DriverInput, Driver } from '../../src/runtime/driver.js'
import { type ManualClock, manualClock, type SeededRandom, seededRandom } from '../../src/testing/index.js'
import type { Departure } from './herd.js'

export interface MachineHerdOptions {
  readonly seed: number
  readonly clients: number
  readonly departure: Departure
  readonly outageMs?: number
  readonly watchMs: number
}

export interface MachineHerdReport {
  readonly returned: number
  readonly dials: number
  /** As in a HerdReport. */
  readonly accepted: readonly number[]
}

/** The defaults of createClient, without a heartbeat: nothing goes silent here. */
const CONFIG: ConnectionConfig = {
  connectTimeoutMs: 20_000,
  heartbeat: null,
  reconnect: {
    initialDelayMs: 500,
    maxDelayMs: 30_000,
    factor: 2,
    jitter: 'full',
    maxAttempts: Infinity,
    stableAfterMs: 10_000,
  },
  freshCredentials: false,
}

/** Everyone lives for longer than `stableAfterMs` before the server goes. */
const GATHER_MS = 10_000
const QUIET_MS = 20_000
const STEP_MS = 100

/** What {@link runHerd} does, with connection machines alone. */
export function runMachineHerd(options: MachineHerdOptions): MachineHerdReport {
  const net = new DelayNetwork(options.seed)
  const machines = Array.from({ length: options.clients }, (_, number) => new MachineClient(net, number))
  for (const machine of machines) {
    net.clock.setTimer(() => machine.take({ type: 'connect' }), net.random.next() * GATHER_MS)
  }
  net.pass(GATHER_MS + QUIET_MS)
  net.up = false
  net.gone = net.clock.now()
  net.dials = 0
  for (const machine of machines) machine.lose(options.departure)
  net.pass(options.outageMs ?? 0)
  net.up = true
  net.pass(options.watchMs)
  return {
    returned: machines.filter(({ live }) => live).length,
    dials: net.dials,
    accepted: net.accepted,
  }
}

class DelayNetwork {
  readonly clock: ManualClock = manualClock()
  readonly random: SeededRandom
  readonly accepted: number[] = []
  up = true
  gone: number | null = null
  dials = 0

  constructor(seed: number) {
    this.random = seededRandom(seed).fork('machines')
  }

  /** In small steps: a clock takes a million timers in one advance for an endless loop. */
  pass(ms: number): void {
    for (let left = ms; left > 0; left -= STEP_MS) this.clock.advance(Math.min(left, STEP_MS))
  }

  /** One way. */
  later(callback: () => void): void {
    this.clock.setTimer(callback, 10 + this.random.next() * 40)
  }

  /** A dial arrives: is it accepted? */
  accepts(): boolean {
    if (this.up && this.gone !== null) this.accepted.push(this.clock.now() - this.gone)
    return this.up
  }
}

class MachineClient {
  readonly #net: DelayNetwork
  readonly #driver: Driver<ConnectionInput, ConnectionEffect>
  #connection: Connection | null = null

  constructor(net: DelayNetwork, number: number) {
    this.#net = net
    const random = net.random.fork(`client ${number}`)
    this.#driver = new Driver<ConnectionInput, ConnectionEffect>({
      clock: net.clock,
      machine: (emit) => {
        const connection = new Connection(CONFIG, () => random.next(), emit)
        this.#connection = connection
        return {
          handle: (input: ConnectionInput | DriverInput, now) => {
            // The end of a turn concerns sessions only.
            if (input.type !== 'flush') connection.handle(input, now)
          },
          deadline: () => connection.deadline(),
        }
      },
      perform: (effect) => this.#perform(effect),
      onFault: (error) => {
        throw error
      },
    })
  }

  get live(): boolean {
    return this.#connection?.state.name === 'live'
  }

  take(input: ConnectionInput): void {
    this.#driver.dispatch(input)
  }

  /** The server's last frames arrive. */
  lose(departure: Departure): void {
    const state = this.#connection?.state
    if (state?.name !== 'live') throw new Error(`a client is ${state?.name} when its server goes`)
    const { dial } = state
    this.#net.later(() => {
      if (departure.how === 'away') {
        const { afterMs, spreadMs } = departure
        this.take({ type: 'away', notice: { afterMs, spreadMs, reason: 'shutdown' } })
      }
      this.take({ type: 'closed', dial, code: departure.how === 'away' ? 4100 : 1006, reason: '' })
    })
  }

  #perform(effect: ConnectionEffect): void {
    switch (effect.type) {
      case 'dial':
        this.#net.dials++
        return this.#net.later(() => this.#arrive(effect.dial))
      case 'greet':
        // HELLO there, WELCOME back.
        return this.#net.later(() =>
          this.#net.later(() => this.take({ type: 'welcomed', dial: effect.dial, pingMs: 0 })),
        )
      default:
        return
    }
  }

  #arrive(dial: number): void {
    const accepted = this.#net.accepts()
    this.#net.later(() => {
      if (accepted) this.take({ type: 'opened', dial })
      else this.take({ type: 'failed', dial, error: new ConnectError('nothing answers') })
    })
  }
}
