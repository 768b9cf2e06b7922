import { gzipSync } from 'node:zlib'
import { bundleForBrowser } from './browser-bundle.js'
import type { SizeBudget } from './size-budget.js'

export interface Measured {
  readonly budget: SizeBudget
  readonly minifiedBytes: number
  readonly gzipBytes: number
}

export async function measure(budget: SizeBudget): Promise<Measured> {
  const { code, less, without = [] } = budget
  const whole = await bytesOf(code, without)
  const rest = less === undefined ? { minifiedBytes: 0, gzipBytes: 0 } : await bytesOf(less, without)
  return {
    budget,
    minifiedBytes: whole.minifiedBytes - rest.minifiedBytes,
    gzipBytes: whole.gzipBytes - rest.gzipBytes,
  }
}

async function bytesOf(
  code: string,
  without: readonly string[],
): Promise<Pick<Measured, 'minifiedBytes' | 'gzipBytes'>> {
  const bundle = await bundleForBrowser({ code, without })
  return { minifiedBytes: bundle.byteLength, gzipBytes: gzipSync(bundle, { level: 9 }).byteLength }
}

export function describeSize({ budget, minifiedBytes, gzipBytes }: Measured): string {
  const figure = (bytes: number) => `${bytes.toLocaleString('en-US')} B`
  const verdict = gzipBytes <= budget.maxBytes ? 'within' : 'OVER'
  return `${budget.name}: ${figure(gzipBytes)} gzip (${figure(minifiedBytes)} minified), ${verdict} ${figure(budget.maxBytes)}`
}
