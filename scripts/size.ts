/** `npm run size`: prints every bundle's size and fails when one is over its budget. */
import { describeSize, measure } from './measure.js'
import { sizeBudgets } from './size-budget.js'

for (const budget of sizeBudgets) {
  const measured = await measure(budget)
  console.log(describeSize(measured))
  if (measured.gzipBytes > budget.maxBytes) process.exitCode = 1
}
