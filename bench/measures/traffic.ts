/** Sending with a window of unacknowledged messages: what several measures do. */
import { wallClock } from '../process/clock.js'
import { payload } from '../process/payload.js'
import { usage } from '../process/usage.js'
import type { PeerClient } from '../peers/peer.js'
import type { Figures, RunContext } from './measure.js'

/** Sends `count` messages numbered from `from`, at most `window` unacknowledged; ends with the last acknowledgement. */
export function sendWindowed(client: PeerClient, from: number, count: number, window: number): Promise<void> {
  return new Promise((resolve) => {
    let sent = 0
    let acknowledged = 0
    const onAcknowledged = (): void => {
      acknowledged++
      if (sent < count) client.send(payload(from + sent++), onAcknowledged)
      else if (acknowledged === count) resolve()
    }
    while (sent < Math.min(window, count)) client.send(payload(from + sent++), onAcknowledged)
  })
}

export interface UpOptions {
  readonly warmUp: number
  readonly count: number
  readonly window: number
  /** Collect garbage before counting. @default false */
  readonly collect?: boolean
}

/** Rate and CPU of both ends for acknowledged messages up. */
export async function measureUp(context: RunContext, options: UpOptions): Promise<Figures> {
  const { server, peer, scale } = context
  const warmUp = Math.ceil(options.warmUp * peer.pace)
  const count = Math.ceil(options.count * peer.pace * scale)
  const { window, collect = false } = options
  const client = context.open({ queue: warmUp + count })
  await client.ready()
  await sendWindowed(client, 0, warmUp, window)
  await server.ask('books', { distinct: warmUp, timeoutMs: 10_000 })
  const serverBefore = await server.ask('usage', { collect })
  const clientBefore = await usage(collect)
  const start = wallClock()
  await sendWindowed(client, warmUp, count, window)
  const acknowledgedAt = wallClock()
  const clientAfter = await usage(false)
  const books = await server.ask('books', { distinct: warmUp + count, timeoutMs: 10_000 })
  // Where an acknowledgement only means written, the server's handler is waited for.
  const ms = Math.max(acknowledgedAt, books.lastAt) - start
  const serverAfter = await server.ask('usage', { collect: false })
  await client.close()
  return {
    perSecond: (count / (books.distinct < warmUp + count ? Number.NaN : ms)) * 1_000,
    clientMicros: (clientAfter.cpuMicros - clientBefore.cpuMicros) / count,
    serverMicros: (serverAfter.cpuMicros - serverBefore.cpuMicros) / count,
    clientHeap: (clientAfter.heapBytes - clientBefore.heapBytes) / count,
    serverHeap: (serverAfter.heapBytes - serverBefore.heapBytes) / count,
    collections:
      clientAfter.collections - clientBefore.collections + serverAfter.collections - serverBefore.collections,
  }
}
