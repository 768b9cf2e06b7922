import { describe, expect, it } from 'vitest'
import { describeSize, measure } from '../../scripts/measure.js'
import { sizeBudgets } from '../../scripts/size-budget.js'

describe('bundle sizes', () => {
  it.each(sizeBudgets)('$name stays within $maxBytes bytes', async (budget) => {
    const measured = await measure(budget)
    console.log(describeSize(measured))
    expect(measured.gzipBytes).toBeLessThanOrEqual(budget.maxBytes)
  })

  it('is measured on a bundle that needs nothing of Node', async () => {
    const code = `import 'node:net'`
    await expect(measure({ name: 'planted', code, maxBytes: 0 })).rejects.toThrow(/node:net/)
  })
})
