/** What a process has used: asked of both ends by the same words. */
import { PerformanceObserver } from 'node:perf_hooks'

export interface Usage {
  /** User and system time of the whole process, µs. */
  readonly cpuMicros: number
  /** JavaScript heap in use. */
  readonly heapBytes: number
  /** Buffers outside the heap. */
  readonly externalBytes: number
  /** Garbage collections since the process began. */
  readonly collections: number
}

let collections = 0
new PerformanceObserver((list) => {
  collections += list.getEntries().length
}).observe({ entryTypes: ['gc'] })

export async function usage(collect: boolean): Promise<Usage> {
  if (collect) await collectGarbage()
  const { user, system } = process.cpuUsage()
  const { heapUsed, external } = process.memoryUsage()
  return { cpuMicros: user + system, heapBytes: heapUsed, externalBytes: external, collections }
}

/** Several times with turns between: what a finalizer or a closing socket lets go is gone too. */
async function collectGarbage(): Promise<void> {
  if (globalThis.gc === undefined) throw new Error('this measure has to run with --expose-gc')
  for (let time = 0; time < 4; time++) {
    globalThis.gc()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
