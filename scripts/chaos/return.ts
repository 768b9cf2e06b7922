/**
 * Thousands of connections, each with a production client in a room, return to a server that restarted: once in order, with
 * AWAY and a spread; once after SIGKILL. Real sockets, no proxy.
 *
 * Owns: the run and what it counts. Every client sends a message while the server is gone; all have to be accepted and handled,
 * and what the new server tells the rooms has to reach everyone.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Books } from './books.js'
import { freePort } from './free-port.js'
import { type ClientLine, monotonicMs, readJournal, type ServerLine } from './journal.js'
import { checkOpenFiles } from './open-files.js'
import { ProcessHandle } from './process-handle.js'
import { buildPrograms, type Programs } from './programs.js'
import { type Rates, ratesOf } from './rates.js'
import { type ReturnClientsArguments, type ReturnStatus, roomsOf, type Usage } from './return-names.js'

export interface ReturnOptions {
  readonly connections: number
  /** Over which the orderly restart spreads them. */
  readonly spreadMs: number
  /** Hears what was done, as it goes: a run may take long. */
  readonly progress?: (what: string) => void
}

/** One restart. */
export interface ReturnRound extends Rates {
  readonly how: 'in order' | 'SIGKILL'
  readonly returned: number
  /** From the new server listening to the last client welcomed, in ms. */
  readonly untilAllBackMs: number
  readonly serverRss: number
  readonly clientsRss: number
  readonly serverCpuMs: number
  readonly clientsCpuMs: number
}

export interface ReturnReport {
  readonly openFiles: number
  readonly openedInMs: number
  readonly rounds: readonly ReturnRound[]
  readonly sent: number
  readonly outcomes: Readonly<Record<string, number>>
  readonly redelivered: number
  readonly news: number
  readonly violations: readonly string[]
}

const CLIENT_PROCESSES = 4
/** Clients stay away so long at least: the next process is there by then. */
const RETRY_AFTER_MS = 2_000
/** On a machine that does other work as well, ten thousand handshakes take minutes. */
const LONGEST_RETURN_MS = 600_000
const POLL_MS = 250

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Raises an error if the limit of open files is too low. */
export async function runReturn(options: ReturnOptions): Promise<ReturnReport> {
  const openFiles = checkOpenFiles(options.connections)
  const programs = await buildPrograms(['return-server-process', 'return-clients-process'])
  const folder = mkdtempSync(path.join(tmpdir(), 'surewire-return-'))
  const run = new ReturnRun(options, programs, folder, await freePort())
  try {
    return { openFiles, ...(await run.run()) }
  } finally {
    await run.killAll()
    programs.remove()
    rmSync(folder, { recursive: true })
  }
}

class ReturnRun {
  readonly #server: ProcessHandle
  readonly #clients: readonly ProcessHandle[]
  readonly #violations: string[] = []
  readonly #rounds: ReturnRound[] = []
  #lives = 0

  constructor(
    readonly options: ReturnOptions,
    programs: Programs,
    readonly folder: string,
    readonly port: number,
  ) {
    const crashed = (crash: string): void => void this.#violations.push(`crash: ${crash}`)
    this.#server = new ProcessHandle(programs.of('return-server-process'), crashed)
    this.#clients = Array.from(
      { length: CLIENT_PROCESSES },
      () => new ProcessHandle(programs.of('return-clients-process'), crashed),
    )
  }

  async run(): Promise<Omit<ReturnReport, 'openFiles'>> {
    await this.#startServer()
    await Promise.all(this.#clients.map((clients, index) => clients.start([this.#arguments(index)])))
    const began = performance.now()
    await this.#all('open')
    const openedInMs = performance.now() - began
    this.options.progress?.(`opened in ${Math.round(openedInMs)} ms`)
    await this.#restart('in order', async () => {
      const { spreadMs } = this.options
      const ended = this.#server.end({ drainMs: 1_000, retryAfterMs: RETRY_AFTER_MS, spreadMs })
      await this.#all('send')
      await ended
    })
    await this.#restart('SIGKILL', async () => {
      await this.#server.kill()
      await this.#all('send')
    })
    const news = (await this.#status()).news
    await Promise.all(this.#clients.map((clients) => clients.end()))
    await this.#server.end({ drainMs: 0 })
    return { openedInMs, rounds: this.#rounds, news, ...this.#judge(news) }
  }

  async #restart(how: ReturnRound['how'], stop: () => Promise<void>): Promise<void> {
    const { connections, spreadMs } = this.options
    const since = monotonicMs()
    const before = await this.#usageOfClients()
    await stop()
    const listeningAt = await this.#startServer()
    const all = await this.#until(`all returned (${how})`, (status) => status.back === connections, since)
    await this.#until(`all messages ended (${how})`, ({ unsettled }) => unsettled === 0, since)
    const accepted = (await this.#server.ask('accepted')) as number[]
    const server = (await this.#server.ask('usage')) as Usage
    const clients = await this.#usageOfClients()
    this.#rounds.push({
      how,
      returned: all.back,
      untilAllBackMs: all.lastOpenedAt - listeningAt,
      ...ratesOf(accepted, how === 'in order' ? connections / (spreadMs / 1_000) : null),
      serverRss: server.rss,
      clientsRss: clients.rss,
      serverCpuMs: server.cpuMs,
      clientsCpuMs: clients.cpuMs - before.cpuMs,
    })
    this.options.progress?.(JSON.stringify(this.#rounds.at(-1)))
    await this.#server.ask('tell', roomsOf(connections))
    const expected = connections * this.#rounds.length
    await this.#until(`everyone heard the news (${how})`, ({ news }) => news >= expected, since)
  }

  #judge(news: number): Pick<ReturnReport, 'sent' | 'outcomes' | 'redelivered' | 'violations'> {
    const expected = this.options.connections * this.#rounds.length
    const pages = this.#clients.map((_, index) => ({
      name: `clients ${index}`,
      policy: 'resend' as const,
      killed: false,
      lines: readJournal<ClientLine>(this.#journal(`clients-${index}`)),
    }))
    const lives = Array.from({ length: this.#lives }, (_, life) => ({
      lines: readJournal<ServerLine>(this.#journal(`server-${life}`)),
    }))
    const { sent, outcomes, redelivered, violations } = new Books().judge(pages, lives)
    if (outcomes['accepted'] !== expected)
      this.#violations.push(`I4: of ${expected} messages not all were accepted`)
    if (news !== expected) this.#violations.push(`I5: ${news} entries were delivered of ${expected}`)
    return { sent, outcomes, redelivered, violations: [...this.#violations, ...violations] }
  }

  async #startServer(): Promise<number> {
    const options = { port: this.port, journal: this.#journal(`server-${this.#lives++}`) }
    return Number(await this.#server.start([JSON.stringify(options)]))
  }

  async killAll(): Promise<void> {
    await Promise.all([this.#server, ...this.#clients].map((handle) => handle.kill()))
  }

  /** Each process of clients has an address of its own, so that no two need the same pair of ports. */
  #arguments(index: number): string {
    const first = Math.floor((index * this.options.connections) / CLIENT_PROCESSES)
    const next = Math.floor(((index + 1) * this.options.connections) / CLIENT_PROCESSES)
    const options: ReturnClientsArguments = {
      url: `ws://127.0.0.${index + 1}:${this.port}/ws`,
      first,
      count: next - first,
      journal: this.#journal(`clients-${index}`),
    }
    return JSON.stringify(options)
  }

  #journal(name: string): string {
    return path.join(this.folder, `${name}.jsonl`)
  }

  #all(name: string, ...args: unknown[]): Promise<unknown[]> {
    return Promise.all(this.#clients.map((clients) => clients.ask(name, ...args)))
  }

  async #status(since = 0): Promise<ReturnStatus> {
    const all = (await this.#all('status', since)) as (ReturnStatus | null)[]
    const total = { back: 0, unsettled: 0, news: 0, lastOpenedAt: 0 }
    for (const one of all) {
      total.back += one?.back ?? 0
      total.unsettled += one?.unsettled ?? 0
      total.news += one?.news ?? 0
      total.lastOpenedAt = Math.max(total.lastOpenedAt, one?.lastOpenedAt ?? 0)
    }
    return total
  }

  async #usageOfClients(): Promise<Usage> {
    const all = (await this.#all('usage')) as (Usage | null)[]
    const sum = (field: keyof Usage): number => all.reduce((total, one) => total + (one?.[field] ?? 0), 0)
    return { rss: sum('rss'), cpuMs: sum('cpuMs') }
  }

  async #until(what: string, holds: (status: ReturnStatus) => boolean, since: number): Promise<ReturnStatus> {
    const overdue = performance.now() + LONGEST_RETURN_MS
    for (;;) {
      const status = await this.#status(since)
      if (holds(status)) return status
      if (performance.now() > overdue) {
        this.#violations.push(`I4: not within ${LONGEST_RETURN_MS} ms: ${what}: ${JSON.stringify(status)}`)
        return status
      }
      await sleep(POLL_MS)
    }
  }
}
