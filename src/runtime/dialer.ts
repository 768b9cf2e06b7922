/**
 * Dialling: from "dial" to an open link.
 *
 * Owns: all asynchronous work before a connection: url, credentials, storage, opening a transport; and the one current
 * link. A dial that was dropped meanwhile goes nowhere.
 * Does not own: deadlines and retries (the machine's). A url() or auth() that hangs is ended by the attempt's deadline.
 */
import type { Encoded } from '../protocol/codec.js'
import { ConnectError, isSurewireError, type SurewireError } from '../protocol/errors.js'
import { parseAddress } from './address.js'
import type { Link, Transport } from './ports.js'

/** What a dial needs; read anew for every one. */
export interface DialPlan {
  url(): unknown
  auth(): unknown
  /** Resolves when what has to be stored before a dial is stored; `null`: nothing has to. */
  stored(): Promise<void> | null
  readonly transports: readonly Transport[]
  readonly protocols: readonly string[]
}

/** How a dial reports: in the words of the machine that it reports to. */
export type DialEvent =
  | { readonly type: 'opened'; readonly dial: number; readonly auth: unknown }
  | { readonly type: 'failed'; readonly dial: number; readonly error: SurewireError }
  | { readonly type: 'received'; readonly dial: number; readonly data: Encoded }
  | { readonly type: 'closed'; readonly dial: number; readonly code: number; readonly reason: string }

type Current = { readonly dial: number; link: Link | null }

export class Dialer {
  readonly #plan: DialPlan
  readonly #tell: (event: DialEvent) => void
  #current: Current | null = null

  constructor(plan: DialPlan, tell: (event: DialEvent) => void) {
    this.#plan = plan
    this.#tell = tell
  }

  /** Bytes that the current link has not put on the wire. */
  get buffered(): number {
    return this.#current?.link?.bufferedAmount ?? 0
  }

  /** Starts a dial. `address`: where the server said to go, instead of the configured url. */
  dial(dial: number, address: string | null): void {
    const current: Current = { dial, link: null }
    this.#current = current
    this.#prepare(current, address).catch((error: unknown) => this.#fail(current, asConnectError(error)))
  }

  send(dial: number, data: Encoded): void {
    if (this.#current?.dial === dial) this.#current.link?.send(data)
  }

  /** Detaches a dial at once and closes its link; nothing waits for the close. */
  drop(dial: number, code: number, reason: string): void {
    if (this.#current?.dial !== dial) return
    const { link } = this.#current
    this.#current = null
    link?.close(code, reason)
  }

  async #prepare(current: Current, address: string | null): Promise<void> {
    const stored = this.#plan.stored()
    if (stored !== null) await stored
    const url = address ?? (await step('url', () => this.#plan.url()))
    const auth = await step('auth', () => this.#plan.auth())
    if (this.#current === current) this.#open(current, parseAddress(url).href, auth, 0)
  }

  /** Opens the transport at `index`; the next one takes over if it never opens. */
  #open(current: Current, url: string, auth: unknown, index: number): void {
    const transport = this.#plan.transports[index]
    if (transport === undefined) return
    const { dial } = current
    // What a transport reports before it has returned its link waits for that.
    let early: (() => void)[] | null = []
    const report = (event: () => void): void => {
      if (this.#current !== current) return
      if (early === null) event()
      else early.push(event)
    }
    current.link = transport.open(
      { url, protocols: this.#plan.protocols },
      {
        opened: () => report(() => this.#tell({ type: 'opened', dial, auth })),
        received: (data) => report(() => this.#tell({ type: 'received', dial, data })),
        closed: (code, reason) =>
          report(() => {
            current.link = null
            this.#tell({ type: 'closed', dial, code, reason })
          }),
        failed: (error) => report(() => this.#openNext(current, url, auth, index + 1, error)),
      },
    )
    const waiting = early
    early = null
    for (const event of waiting) report(event)
  }

  #openNext(current: Current, url: string, auth: unknown, index: number, error: unknown): void {
    current.link = null
    if (index < this.#plan.transports.length) this.#open(current, url, auth, index)
    else this.#fail(current, asConnectError(error))
  }

  #fail(current: Current, error: SurewireError): void {
    if (this.#current === current) this.#tell({ type: 'failed', dial: current.dial, error })
  }
}

/** Runs one function of the application's; what it throws is a failed attempt with the function's name. */
async function step(name: 'url' | 'auth', run: () => unknown): Promise<unknown> {
  try {
    return await run()
  } catch (error) {
    if (isSurewireError(error)) throw error
    throw new ConnectError(`${name}() failed: ${String(error)}`, { code: `${name}_failed`, cause: error })
  }
}

function asConnectError(error: unknown): SurewireError {
  if (isSurewireError(error)) return error
  return new ConnectError(`the connection failed: ${String(error)}`, { cause: error })
}
