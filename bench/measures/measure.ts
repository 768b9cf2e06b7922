/**
 * What a measure is. A new one is one file beside this one and one line in index.ts.
 *
 * Owns: the interface. Which rounds run when is the schedule's (../process/schedule.ts).
 */
import type { PeerName } from '../peers/index.js'
import type { OpenOptions, Peer, PeerClient } from '../peers/peer.js'
import type { RemoteServer } from '../process/remote-server.js'

/** A figure that a measure gives. */
export interface Metric {
  readonly key: string
  readonly label: string
  readonly unit: string
  readonly better: 'higher' | 'lower'
  /** Digits after the point. @default 0 */
  readonly digits?: number
}

/** What a run works with. It happens in the client's process. */
export interface RunContext {
  readonly peer: Peer
  readonly name: PeerName
  /** Its process runs, its server listens if the measure `listens`. */
  readonly server: RemoteServer
  /** Where the server listens. */
  readonly url: string
  /** Times the usual amount of work; more than 1 when profiled. */
  readonly scale: number
  open(options?: Partial<OpenOptions>): PeerClient
}

export type Figures = Record<string, number>

export interface Measure {
  readonly name: string
  readonly title: string
  /** How it is done, in a sentence or two, for the document. */
  readonly description: string
  readonly metrics: readonly Metric[]
  /** Ratios are to this peer's figure of the same round. */
  readonly baseline: PeerName
  readonly peers: readonly PeerName[]
  /** Rounds of surewire and of the baseline; the other peers run in fewer. */
  readonly rounds: number
  /** Rounds of the baseline where the target is set against no other peer. @default rounds */
  readonly baselineRounds?: number
  readonly otherRounds: number
  /** Peers that are too slow for more than one round. */
  readonly once?: readonly PeerName[]
  /** Flags of node in both processes. */
  readonly flags?: readonly string[]
  /** Bars of the plot: the key of the metric. */
  readonly plot?: string
  /** The measure starts the server itself. @default false */
  readonly startsServer?: boolean
  run(context: RunContext): Promise<Figures>
}
