/** What the demo and its server's process tell each other beside the connection that is on trial. */

export type Order =
  /** Publish every stream of the data set for so long, each record when it is due. */
  | { readonly order: 'replay'; readonly forMs: number }
  /** Publish to this stream's room at this pace, from this index on, until told to stop. */
  | {
      readonly order: 'publish'
      readonly stream: string
      readonly perSecond: number
      readonly nextIndex: number
    }
  | { readonly order: 'stop'; readonly stream: string }

export type Report =
  | { readonly report: 'listening'; readonly port: number }
  | { readonly report: 'replayed' }
  | { readonly report: 'failed'; readonly message: string }
