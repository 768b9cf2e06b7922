/** The server in Python, written by docs/PROTOCOL.md: does it keep the rules, and does our client live with it? */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { BookReader } from '../../demo/book.js'
import { loadStreams } from '../../demo/dataset.js'
import { FaultSchedule } from '../../demo/faults.js'
import { Replay } from '../../demo/replay.js'
import { exitStatus } from '../../demo/report.js'
import { runConformance } from '../../src/conformance/index.js'
import { createFaultProxy } from '../../tools/fault-proxy.js'
import { describeIf } from '../support/requires.js'

const DIRECTORY = fileURLToPath(new URL('../../examples/python-server', import.meta.url))

/** Where Debian keeps the Python that its packages are for. */
const DEBIAN = { path: '/usr/bin', works: hasWebSockets, package: 'python3-websockets' }

function hasWebSockets(python: string): boolean {
  return spawnSync(python, ['-c', 'import websockets']).status === 0
}

interface Program {
  readonly process: ChildProcess
  readonly port: number
  /** Resolves once the program has said this. */
  readonly said: (line: string) => Promise<void>
}

const cleanup: (() => unknown)[] = []
afterEach(async () => {
  for (const step of cleanup.splice(0).toReversed()) await step()
})

/** Starts a program that says `listening <port>`. */
async function start(python: string, program: string, ...args: readonly string[]): Promise<Program> {
  // -B: no bytecode beside the sources.
  const child = spawn(python, ['-B', program, ...args], {
    cwd: DIRECTORY,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  cleanup.push(async () => {
    const gone = new Promise((resolve) => child.once('close', resolve))
    child.kill('SIGKILL')
    await gone
  })
  const lines: string[] = []
  let stir = (): void => undefined
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line)
    stir()
  })
  const find = (begins: string): Promise<string> =>
    new Promise((resolve, reject) => {
      child.once('exit', () => reject(new Error(`${program} ended before it said ${begins}`)))
      stir = () => {
        const found = lines.find((line) => line.startsWith(begins))
        if (found !== undefined) resolve(found)
      }
      stir()
    })
  const port = Number((await find('listening')).split(' ')[1])
  return { process: child, port, said: async (line) => void (await find(line)) }
}

describeIf(
  'python3',
  'the server in Python',
  (python) => {
    it('keeps every core rule of the protocol', async () => {
      const { port } = await start(python, 'conformance.py', '0')
      const report = await runConformance({ url: `ws://127.0.0.1:${port}/ws`, WebSocket })
      const failed = report.results.filter(({ ok }) => !ok)
      expect(failed.filter(({ level }) => level === 'core')).toEqual([])
      expect(report.conforms).toBe(true)
      // What its README says that it leaves out, and nothing else.
      const missing = failed.map(({ rule }) => rule.split('-')[0])
      expect(new Set(missing)).toEqual(new Set(['PRES', 'VOL']))
    })

    it("serves the demo's client through a network that breaks: nothing lost, nothing twice, all in order", async () => {
      const directory = mkdtempSync(join(tmpdir(), 'surewire-python-'))
      cleanup.push(() => rmSync(directory, { recursive: true }))
      const [book, streams] = [join(directory, 'book'), join(directory, 'streams.json')]
      const records = loadStreams().map(({ name, records: all }) => [name, all])
      writeFileSync(streams, JSON.stringify(Object.fromEntries(records)))
      const { process: server, port, said } = await start(python, 'demo.py', book, streams, '0')
      const proxy = await createFaultProxy({ target: { port }, seed: 3 })
      cleanup.push(() => proxy.close())
      const reader = new BookReader(book)
      cleanup.push(() => reader.close())
      const run = new Replay(proxy.url, reader)
      cleanup.push(() => run.client.close({ drainMs: 0 }))
      const faults = new FaultSchedule(proxy, 3)
      const { signal } = new AbortController()

      await run.open(signal)
      faults.start()
      server.stdin?.write('replay 5000\n')
      await run.run(5_000, signal)
      await faults.stop()
      await said('replayed')
      run.serverIsDone()
      await run.settle(signal)

      const result = { ...run.rows(true), failures: run.failures }
      expect(result.failures).toEqual([])
      expect(exitStatus(result)).toBe(0)
      expect(run.reconnects).toBeGreaterThan(3)
    })
  },
  DEBIAN,
)
