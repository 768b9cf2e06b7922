/**
 * `node .ci/summary.mjs REPORT…`: sums vitest's JSON reports. Fails on failed tests, and on skipped ones too: where
 * this runs, everything has to. The counts are the last line.
 */
import { existsSync, readFileSync } from 'node:fs'

let passed = 0
let failed = 0
let skipped = 0

for (const path of process.argv.slice(2)) {
  if (!existsSync(path)) {
    console.log(`${path} is missing: the tests did not run to their end`)
    failed += 1
    continue
  }
  const report = JSON.parse(readFileSync(path, 'utf8'))
  passed += report.numPassedTests
  failed += report.numFailedTests
  for (const file of report.testResults) {
    const tests = file.assertionResults
    // A file that could not even be loaded has no failed test to count.
    if (file.status === 'failed' && !tests.some(({ status }) => status === 'failed')) {
      console.log(`failed: ${file.name}`)
      failed += 1
    }
    for (const { fullName } of tests.filter(({ status }) => status === 'skipped' || status === 'pending')) {
      console.log(`skipped: ${fullName}`)
      skipped += 1
    }
  }
}

if (skipped > 0) console.log(`${skipped} skipped, though everything was asked for`)
if (failed > 0 || skipped > 0 || passed === 0) process.exitCode = 1
console.log(`${passed} passed, ${failed} failed`)
