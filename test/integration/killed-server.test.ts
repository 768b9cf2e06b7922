import { type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createClient } from '../../src/index.js'
import { nextMessage, startProcess } from '../support/child.js'
import { until } from '../support/ledger.js'

const MESSAGES = 3_000

interface Run {
  index: number
  id: string
  redelivered: boolean
}

describe('a server that is killed with SIGKILL and restarted empty', () => {
  let server: ChildProcess | null = null
  afterEach(() => {
    server?.kill('SIGKILL')
  })

  async function start(port: number, file: string): Promise<number> {
    const child = startProcess('test/support/counting-server.ts', [String(port), file])
    server = child
    return (await nextMessage<{ type: string; port: number }>(child, ({ type }) => type === 'listening')).port
  }

  async function sendThroughKills(onUnknown: 'resend' | 'reject') {
    const file = join(mkdtempSync(join(tmpdir(), 'surewire-')), 'runs')
    const port = await start(0, file)
    const client = createClient({
      url: `ws://127.0.0.1:${port}/ws`,
      onUnknown,
      reconnect: { initialDelayMs: 20, maxDelayMs: 100 },
    })
    await client.connect()
    const outcomes = new Map<number, string>()
    for (let index = 0; index < MESSAGES; index++) {
      const receipt = client.send('count', { index })
      void receipt.settled.then(({ outcome }) => outcomes.set(index, outcome))
      if (index % 10 === 9) await new Promise((resolve) => setTimeout(resolve, 1))
      if (index === MESSAGES / 3 || index === (2 * MESSAGES) / 3) {
        server?.kill('SIGKILL')
        await start(port, file)
      }
    }
    await until('every message is settled', () => outcomes.size === MESSAGES)
    await client.close()
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
    return { runs: lines.map((line) => JSON.parse(line) as Run), outcomes }
  }

  it('loses nothing, and says of every second run that it is one', { timeout: 60_000 }, async () => {
    const { runs, outcomes } = await sendThroughKills('resend')

    expect(new Set(runs.map(({ index }) => index)).size).toBe(MESSAGES)
    expect([...new Set(outcomes.values())]).toEqual(['accepted'])
    const seen = new Set<string>()
    const secondRuns = runs.filter(({ id }) => seen.has(id) || !seen.add(id))
    expect(secondRuns.filter(({ redelivered }) => !redelivered)).toEqual([])
  })

  it("runs nothing twice under onUnknown: 'reject', and says what is unknown", {
    timeout: 60_000,
  }, async () => {
    const { runs, outcomes } = await sendThroughKills('reject')

    expect(new Set(runs.map(({ index }) => index)).size).toBe(runs.length)
    const ran = new Set(runs.map(({ index }) => index))
    expect([...new Set(outcomes.values())].filter((outcome) => outcome !== 'accepted')).toEqual(['unknown'])
    const accepted = [...outcomes].filter(([, outcome]) => outcome === 'accepted').map(([index]) => index)
    expect(accepted.filter((index) => !ran.has(index))).toEqual([])
  })
})
