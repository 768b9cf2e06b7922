import { type ChildProcess } from 'node:child_process'
import { afterEach, describe, expect, it } from 'vitest'
import { createClient } from '../../src/index.js'
import { nextMessage, startProcess } from '../support/child.js'
import { until } from '../support/ledger.js'

const MESSAGES = 3_000

interface Run {
  type: 'run'
  index: number
  id: string
  redelivered: boolean
}

describe('a server that is killed with SIGKILL and restarted empty', () => {
  let server: ChildProcess | null = null
  afterEach(() => {
    server?.kill('SIGKILL')
  })

  async function start(port: number, runs: Run[]): Promise<number> {
    const child = startProcess('test/support/counting-server.ts', [String(port)])
    server = child
    child.on('message', (message: Run) => {
      if (message.type === 'run') runs.push(message)
    })
    return (await nextMessage<{ type: string; port: number }>(child, ({ type }) => type === 'listening')).port
  }

  async function sendThroughKills(onUnknown: 'resend' | 'reject') {
    const runs: Run[] = []
    const port = await start(0, runs)
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
        await start(port, runs)
      }
    }
    await until('every message is settled', () => outcomes.size === MESSAGES)
    await client.close()
    return { runs, outcomes }
  }

  it('loses nothing, and says of every second run that it is one', { timeout: 60_000 }, async () => {
    const { runs, outcomes } = await sendThroughKills('resend')

    expect(new Set(runs.map(({ index }) => index)).size).toBe(MESSAGES)
    expect([...new Set(outcomes.values())]).toEqual(['accepted'])
    const seen = new Set<string>()
    for (const { id, redelivered } of runs) {
      if (seen.has(id)) expect(redelivered, `second run of ${id}`).toBe(true)
      seen.add(id)
    }
  })

  it("runs nothing twice under onUnknown: 'reject', and says what is unknown", {
    timeout: 60_000,
  }, async () => {
    const { runs, outcomes } = await sendThroughKills('reject')

    expect(new Set(runs.map(({ index }) => index)).size).toBe(runs.length)
    const ran = new Set(runs.map(({ index }) => index))
    for (const [index, outcome] of outcomes) {
      expect(['accepted', 'unknown']).toContain(outcome)
      if (outcome === 'accepted') expect(ran.has(index), `message ${index} ran`).toBe(true)
    }
  })
})
