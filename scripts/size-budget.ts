/**
 * How large a bundle may get: the one table that `npm run size` and test/meta/size.test.ts go by. What is measured
 * is what an application would ship: its own bundle, minified, for browsers, after gzip -9.
 */
export interface SizeBudget {
  readonly name: string
  /** The code of an application that uses just this much. `surewire` stands for src/index.ts. */
  readonly code: string
  readonly maxBytes: number
  /** The code of an application that has all of this but what is measured: its bundle is taken off. @default none */
  readonly less?: string
  /** What is not counted, as bundlers write it: packages, and directories of the sources by their path from the root. */
  readonly without?: readonly string[]
}

// Assigned to a global, so that nothing of it can be shaken away.
const CORE = `import { createClient } from 'surewire'; globalThis.createClient = createClient`

export const sizeBudgets: readonly SizeBudget[] = [
  {
    name: 'core: createClient with JSON over WebSocket',
    code: CORE,
    // The goal is 8_192. This is what was reached: a ratchet, raised by 480, by 100, by 150, by 100, by 150 and by 250 B, for faults
    // that simulation, model, fuzzing and coverage found in the client, for batches that let both ends work at once, so that
    // nothing stays of rooms that were left, so that an outbox says whose it is, for a client in parts of a file each, for
    // one that makes no Map before it needs it (3.2 kB of its heap), and for one that holds no outbox that it does not send.
    maxBytes: 30_950,
  },
  {
    name: 'surewire/websocket: SurewireSocket',
    code: `import { SurewireSocket } from 'surewire/websocket'; globalThis.SurewireSocket = SurewireSocket`,
    maxBytes: 4_096,
  },
  {
    name: 'surewire/react: what it adds to an application that has the core and React',
    code: `${CORE}; export * from 'surewire/react'`,
    less: CORE,
    maxBytes: 2_048,
    without: ['react'],
  },
  {
    name: 'surewire/vanilla: everything, without the core',
    code: `import { bindStatus, connectionToasts, toEventTarget } from 'surewire/vanilla'; globalThis.vanilla = [bindStatus, connectionToasts, toEventTarget]`,
    maxBytes: 1_536,
  },
]
