/**
 * What happens to a whole machine, as a list: recorded, mutated, replayed, shrunk.
 *
 * Owns: the steps and how they are told in a report.
 */
import type { Encoded } from '../../src/protocol/codec.js'
import type { CodecName } from './raw-codec.js'

export type Step =
  /** A connection opens. */
  | { readonly do: 'open'; readonly link: number }
  /** A message of frames comes on it. */
  | { readonly do: 'batch'; readonly link: number; readonly frames: readonly unknown[] }
  /** A message that is no longer made of frames. */
  | { readonly do: 'bytes'; readonly link: number; readonly data: Encoded }
  /** The other side's end of the connection is gone. */
  | { readonly do: 'close'; readonly link: number; readonly code: number }
  | { readonly do: 'pass'; readonly ms: number }
  /** The application does something: an index into the acts of the scenario. */
  | { readonly do: 'act'; readonly act: number }

export interface Recording {
  readonly codec: CodecName
  readonly steps: readonly Step[]
}

/** One line for a report: JSON where it can say it, hex else. */
export function tell(step: Step): string {
  if (step.do === 'bytes') {
    const data =
      typeof step.data === 'string' ? JSON.stringify(step.data) : Buffer.from(step.data).toString('hex')
    return `{"do":"bytes","link":${step.link},"data":${data}}`
  }
  return JSON.stringify(step, (_, value: unknown) => {
    if (typeof value === 'bigint') return `${value}n`
    return value instanceof Uint8Array ? `hex ${Buffer.from(value).toString('hex')}` : value
  })
}
