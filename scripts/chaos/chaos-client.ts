/**
 * A client of a chaos run as its supervisor sees it: one page after another, with the same user and the same file.
 */
import path from 'node:path'
import { type ClientLine, readJournal } from './journal.js'
import type { ProcessStep } from './plan.js'
import { ProcessHandle } from './process-handle.js'
import type { ClientArguments, ClientStatus } from './traffic.js'
import type { PageJournal } from './verdict.js'

type Kind = Pick<ClientArguments, 'user' | 'codec' | 'policy' | 'maxMessages'> & { readonly durable: boolean }

/** Every codec, policy and outbox. One has a queue so short that it overflows. */
const TEAM: readonly Kind[] = [
  { user: 'ada', codec: 'json', policy: 'resend', durable: true, maxMessages: 10_000 },
  { user: 'ben', codec: 'msgpack', policy: 'resend', durable: true, maxMessages: 10_000 },
  { user: 'cleo', codec: 'json', policy: 'reject', durable: false, maxMessages: 10_000 },
  { user: 'dan', codec: 'msgpack', policy: 'reject', durable: true, maxMessages: 10_000 },
  { user: 'eve', codec: 'json', policy: 'resend', durable: false, maxMessages: 40 },
]

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

export class ChaosClient {
  readonly handle: ProcessHandle
  #url = ''
  #pages = 0
  readonly #killed = new Set<number>()

  private constructor(
    program: string,
    readonly kind: Kind,
    readonly folder: string,
    readonly seed: bigint,
    crashed: (what: string) => void,
  ) {
    this.handle = new ProcessHandle(program, crashed)
  }

  static team(program: string, folder: string, seed: bigint, crashed: (what: string) => void): ChaosClient[] {
    return TEAM.map(
      (kind, index) => new ChaosClient(program, kind, folder, seed * 1_000n + BigInt(index), crashed),
    )
  }

  get name(): string {
    return 'client'
  }

  get user(): string {
    return this.kind.user
  }

  async open(url: string): Promise<void> {
    this.#url = url
    const page = this.#pages++
    const { durable, ...kind } = this.kind
    const options: ClientArguments = {
      ...kind,
      url,
      page,
      seed: `${this.seed}${page}`,
      journal: this.#journal(page),
      outbox: durable ? path.join(this.folder, `outbox-${kind.user}.jsonl`) : null,
    }
    await this.handle.start([JSON.stringify(options)])
  }

  /** Killed, with a new page afterwards. */
  async restart({ awayMs }: Exclude<ProcessStep, { what: 'stop' }>): Promise<void> {
    this.#killed.add(this.#pages - 1)
    await this.handle.kill()
    await sleep(awayMs)
    await this.open(this.#url)
  }

  async status(): Promise<ClientStatus | null> {
    return (await this.handle.ask('status')) as ClientStatus | null
  }

  journals(): PageJournal[] {
    const { user, policy } = this.kind
    return Array.from({ length: this.#pages }, (_, page) => ({
      name: `${user}/${page}`,
      policy,
      killed: this.#killed.has(page),
      lines: readJournal<ClientLine>(this.#journal(page)),
    }))
  }

  #journal(page: number): string {
    return path.join(this.folder, `client-${this.kind.user}-${page}.jsonl`)
  }
}
