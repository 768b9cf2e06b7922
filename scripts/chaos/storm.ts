/**
 * A chaos run: one server, several clients, each behind a proxy that breaks its network, all of them processes that are
 * killed, stopped and started again; then calm, until everything has come to rest.
 *
 * Owns: making the plan happen, counting it, bringing the run to an end.
 * Does not own: what is drawn from the seed (plan.ts), what it proves (books.ts).
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { seededRandom } from '../../src/testing/index.js'
import { ChaosClient } from './chaos-client.js'
import { ChaosServer } from './chaos-server.js'
import { Books } from './books.js'
import { freePort } from './free-port.js'
import {
  clientSteps,
  networkSteps,
  type NetworkStep,
  type ProcessStep,
  proxySteps,
  serverSteps,
  type Severity,
} from './plan.js'
import { ProcessHandle } from './process-handle.js'
import { buildPrograms, type Programs } from './programs.js'
import { type ClientStatus, ROOMS } from './traffic.js'
import type { Verdict } from './verdict.js'

export interface ChaosOptions extends Partial<Severity> {
  /** How long things go wrong; what it takes to come to rest is added. */
  readonly minutes: number
  readonly seed: bigint
  /** Journals stay here. @default a folder that is removed if nothing was wrong */
  readonly folder?: string
}

export interface ChaosReport extends Verdict {
  readonly faults: Readonly<Record<string, number>>
  readonly kills: Readonly<Record<string, number>>
  readonly stops: Readonly<Record<string, number>>
  readonly stoppedMs: number
  readonly restarts: number
  readonly restMs: number
  readonly folder: string
}

/** How long everything may take to come to rest: a request's 30 s, and a few dials. */
const LONGEST_REST_MS = 90_000

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)))

type Counts = Record<string, number>
const add = (counts: Counts, name: string): void => void (counts[name] = (counts[name] ?? 0) + 1)

export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const programs = await buildPrograms(['server-process', 'client-process', 'proxy-process'])
  const storm = new Storm(options, programs)
  try {
    await storm.start()
    await storm.rage()
    return await storm.rest()
  } finally {
    await storm.killAll()
    programs.remove()
  }
}

class Storm {
  readonly #options: ChaosOptions
  readonly #programs: Programs
  readonly #severity: Severity
  readonly #folder: string
  readonly #crashes: string[] = []
  readonly #faults: Counts = {}
  readonly #kills: Counts = {}
  readonly #stops: Counts = {}
  #stoppedMs = 0
  #restarts = 0
  #endsAt = 0
  #server: ChaosServer | null = null
  readonly #proxy: ProcessHandle
  readonly #clients: ChaosClient[] = []

  constructor(options: ChaosOptions, programs: Programs) {
    this.#options = options
    this.#programs = programs
    this.#severity = { longestStopMs: options.longestStopMs ?? 40_000, calm: options.calm ?? 1 }
    this.#folder = options.folder ?? mkdtempSync(path.join(tmpdir(), 'surewire-chaos-'))
    this.#proxy = new ProcessHandle(programs.of('proxy-process'), (crash) => this.#crashes.push(crash))
  }

  async start(): Promise<void> {
    const { seed } = this.#options
    const crashed = (crash: string): void => void this.#crashes.push(crash)
    const clients = ChaosClient.team(this.#programs.of('client-process'), this.#folder, seed, crashed)
    const users = clients.map(({ user }) => user)
    const server = new ChaosServer(
      this.#programs.of('server-process'),
      await freePort(),
      users,
      this.#folder,
      seed,
      crashed,
    )
    this.#server = server
    this.#clients.push(...clients)
    await server.start()
    const proxied = [String(server.port), String(clients.length), String(seed)]
    const urls = (await this.#proxy.start(proxied)) as string[]
    await Promise.all(clients.map((client, index) => client.open(urls[index] ?? '')))
  }

  /** Every track of the plan at once, each one step after another. */
  async rage(): Promise<void> {
    this.#endsAt = performance.now() + this.#options.minutes * 60_000
    const random = seededRandom(this.#options.seed)
    const tracks = this.#clients.flatMap((client, index) => [
      this.#disturb(index, networkSteps(random.fork(`network ${index}`))),
      this.#afflict(client, clientSteps(random.fork(`client ${index}`), this.#severity)),
    ])
    const server = this.#server
    if (server !== null)
      tracks.push(this.#afflict(server, serverSteps(random.fork('server'), this.#severity)))
    const proxy = { name: 'proxy', handle: this.#proxy, restart: () => Promise.resolve() }
    tracks.push(this.#afflict(proxy, proxySteps(random.fork('proxy'), this.#severity)))
    await Promise.all(tracks)
  }

  async #disturb(client: number, steps: Iterable<NetworkStep>): Promise<void> {
    for (const { fault, amount, forMs, calmMs } of steps) {
      if (performance.now() >= this.#endsAt) return
      add(this.#faults, fault)
      await this.#proxy.ask('disturb', client, fault, amount)
      await sleep(forMs)
      await this.#proxy.ask('heal', client)
      await sleep(calmMs)
    }
  }

  async #afflict(victim: Victim, steps: Iterable<ProcessStep>): Promise<void> {
    for (const step of steps) {
      if (performance.now() + step.calmMs >= this.#endsAt) return
      await sleep(step.calmMs)
      if (step.what === 'stop') await this.#stop(victim, step.forMs)
      else {
        if (step.what === 'kill') add(this.#kills, victim.name)
        else this.#restarts++
        await victim.restart(step)
      }
    }
  }

  async #stop({ name, handle }: Victim, ms: number): Promise<void> {
    add(this.#stops, name)
    this.#stoppedMs += ms
    handle.signal('SIGSTOP')
    await sleep(ms)
    handle.signal('SIGCONT')
  }

  /** Calm: nothing is broken, nothing new is sent, and everything has to end. Then the books are judged. */
  async rest(): Promise<ChaosReport> {
    const began = performance.now()
    const overdue = began + LONGEST_REST_MS
    await Promise.all(this.#clients.map((_, index) => this.#proxy.ask('heal', index)))
    await this.#server?.handle.ask('quiet')
    await this.#all('quiet')
    // In calm, everything a client waits for ends; then the server says the last word in each log, and all hear it.
    await this.#until('everything has ended', overdue, ({ waiting, kept }) => waiting + kept === 0)
    await this.#server?.handle.ask('ends')
    await this.#until('every log was read to its end', overdue, ({ ended }) => ended === ROOMS.length + 1)
    const restMs = performance.now() - began
    for (const client of this.#clients) await client.handle.end()
    await this.#proxy.end()
    await this.#server?.handle.end({ drainMs: 0 })
    return this.#judge(restMs)
  }

  #judge(restMs: number): ChaosReport {
    const pages = this.#clients.flatMap((client) => client.journals())
    const verdict = new Books().judge(pages, this.#server?.journals() ?? [])
    const violations = [...this.#crashes.map((crash) => `crash: ${crash}`), ...verdict.violations]
    if (violations.length === 0 && this.#options.folder === undefined)
      rmSync(this.#folder, { recursive: true })
    return {
      ...verdict,
      violations,
      restMs,
      faults: this.#faults,
      kills: this.#kills,
      stops: this.#stops,
      stoppedMs: this.#stoppedMs,
      restarts: this.#restarts,
      folder: this.#folder,
    }
  }

  async killAll(): Promise<void> {
    const handles = [this.#proxy, ...this.#clients.map(({ handle }) => handle)]
    if (this.#server !== null) handles.push(this.#server.handle)
    await Promise.all(handles.map((handle) => handle.kill()))
  }

  async #all(name: string): Promise<void> {
    await Promise.all(this.#clients.map(({ handle }) => handle.ask(name)))
  }

  /** Polls the clients; what is not so in time is for the books to judge, and is said besides. */
  async #until(what: string, overdue: number, holds: (status: ClientStatus) => boolean): Promise<void> {
    for (;;) {
      const all = await Promise.all(this.#clients.map((client) => client.status()))
      if (all.every((status) => status !== null && holds(status))) return
      if (performance.now() > overdue) {
        this.#crashes.push(`I4: not within ${LONGEST_REST_MS} ms of calm: ${what}: ${JSON.stringify(all)}`)
        return
      }
      await sleep(100)
    }
  }
}

/** Something that has a process. */
interface Victim {
  readonly name: string
  readonly handle: ProcessHandle
  restart(step: Exclude<ProcessStep, { what: 'stop' }>): Promise<void>
}
