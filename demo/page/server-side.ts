/** What the demo's HTTP server tells the page of the server's side. */
import type { Tally } from '../ledger.js'

export interface ServerSide {
  /** `null` while the server is dead. */
  readonly pid: number | null
  readonly kills: number
  readonly cuts: number
  readonly stalls: number
  /** Nothing flows right now, by the button. */
  readonly stalled: boolean
  readonly connections: number
  /** By the server's book: what it handled of what this page sent. `sent` is the page's to know. */
  readonly up: Tally
  readonly published: number
}
