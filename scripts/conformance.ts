/**
 * `npm run conformance -- [address] [--msgpack] [--only RULE]…`: holds a server against docs/PROTOCOL.md; without an
 * address our own. Ends with status 1 if a core rule fails.
 */
import { parseArgs } from 'node:util'
import { WebSocket } from 'ws'
import { type RuleResult, runConformance } from '../src/conformance/index.js'
import { msgpack } from '../src/serializers/msgpack.js'
import { startConformanceServer } from './conformance-server.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { msgpack: { type: 'boolean', default: false }, only: { type: 'string', multiple: true } },
})
const [address] = positionals
const own = address === undefined ? await startConformanceServer() : null
const url = address ?? own?.url ?? ''

function line({ rule, level, ok, detail }: RuleResult): string {
  return `${ok ? 'ok  ' : 'FAIL'} ${rule.padEnd(8)} ${level.padEnd(6)} ${detail}`.trimEnd()
}

try {
  const report = await runConformance({
    url,
    WebSocket,
    ...(values.msgpack ? { serializer: msgpack() } : {}),
    ...(values.only === undefined ? {} : { only: values.only }),
  })
  for (const result of report.results) console.log(line(result))
  const failed = report.results.filter(({ ok }) => !ok)
  const core = failed.filter(({ level }) => level === 'core').length
  console.log(
    `\n${url}: ${report.results.length} rules, ${core} core and ${failed.length - core} optional failed`,
  )
  process.exitCode = report.conforms ? 0 : 1
} finally {
  await own?.close()
}
