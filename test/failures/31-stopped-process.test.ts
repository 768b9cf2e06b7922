import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createServer } from '../../src/server/index.js'
import { createFaultProxy } from '../../tools/fault-proxy.js'
import { nextMessage, startProcess } from '../support/child.js'
import { fastClient } from '../support/dialling.js'
import { until } from '../support/ledger.js'
import { allSettled, noticed, sendCounted, SOON_MS } from '../support/through-proxy.js'

/** Long enough for every heartbeat of the test to have run out. */
const STOPPED_MS = 1_200

/** Stops a process for a while; meanwhile `during` happens. */
async function stop(child: ChildProcess, during: () => Promise<unknown>): Promise<void> {
  child.kill('SIGSTOP')
  const end = performance.now() + STOPPED_MS
  await during()
  await until('it was stopped long enough', () => performance.now() >= end, 2 * STOPPED_MS)
  child.kill('SIGCONT')
}

function started(file: string, args: readonly string[]): ChildProcess {
  const child = startProcess(file, args)
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

interface ClientSays {
  type: 'connected' | 'news' | 'stats'
  data?: unknown
  connects?: number
  causes?: object
}

describe('31: a process is stopped for longer than every heartbeat, and goes on', () => {
  it('a client that was stopped asks before it judges: the silence was its own', async () => {
    const server = createServer({ authorize: () => true })
    const { port } = await server.listen(0)
    onTestFinished(() => server.close({ drainMs: 0 }))
    const proxy = await createFaultProxy({ target: { port } })
    onTestFinished(() => proxy.close())
    const child = started('test/support/stoppable-client.ts', [proxy.url])
    const news: unknown[] = []
    child.on('message', ({ type, data }: ClientSays) => type === 'news' && news.push(data))
    await nextMessage<ClientSays>(child, ({ type }) => type === 'connected')

    await stop(child, async () => {
      proxy.blackhole('down')
      for (const index of [1, 2, 3]) await server.toAll().send('news', index)
    })
    const before = proxy.stats.bytes.up
    await until('it says something', () => proxy.stats.bytes.up > before, SOON_MS)
    await proxy.heal()
    await until('it hears what came meanwhile', () => news.length === 3, SOON_MS)

    child.send('stats')
    const stats = await nextMessage<ClientSays>(child, ({ type }) => type === 'stats')
    expect(stats).toMatchObject({ connects: 1, causes: {} })
    expect(news).toEqual([1, 2, 3])
    expect(server.stats()).toMatchObject({ sessionsNew: 1, sessionsResumed: 0 })
  })

  it('a server that was stopped is left and found again; what lay in its sockets runs once', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'stopped-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const runs = path.join(folder, 'runs')
    writeFileSync(runs, '')
    const child = started('test/support/counting-server.ts', ['0', runs])
    const { port } = await nextMessage<{ port: number }>(child, () => true)
    const client = fastClient({
      url: `ws://127.0.0.1:${port}/ws`,
      heartbeat: { intervalMs: 250, timeoutMs: 250 },
      connectTimeoutMs: 250,
    })
    await client.connect()
    await client.send('count', { index: 0 })

    let outcomes = new Map<string, number>()
    await stop(child, async () => {
      outcomes = sendCounted(client, 1, 11)
      await noticed(client)
    })
    expect(await allSettled(outcomes, 10)).toEqual({ accepted: 10 })
    const ran = readFileSync(runs, 'utf8').trim().split('\n')
    const indices = ran.map((line) => (JSON.parse(line) as { index: number }).index)
    expect(indices).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  })
})
