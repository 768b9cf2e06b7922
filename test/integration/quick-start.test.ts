/**
 * The quick starts, as a stranger starts them: the package built and linked, `npm start` in the folder, a browser.
 *
 * They run in a copy of the repository, so that nothing is left in theirs. What they take from a registry is linked from
 * here instead: tests do without a network.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { describeIf } from '../support/requires.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const copy = mkdtempSync(join(tmpdir(), 'surewire-quick-start-'))

beforeAll(() => {
  for (const name of ['package.json', 'examples/quick-start']) {
    cpSync(join(root, name), join(copy, name), {
      recursive: true,
      filter: (path) => !path.includes('quick-start/') || !path.includes('node_modules'),
    })
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  execFileSync(
    process.execPath,
    ['node_modules/tsup/dist/cli-default.js', '--no-dts', '-d', join(copy, 'dist')],
    {
      cwd: root,
      stdio: 'pipe',
    },
  )
}, 180_000)

afterAll(() => rmSync(copy, { recursive: true }))

interface Running {
  readonly said: () => string
  /** As Ctrl+C does; resolves when it has ended. */
  readonly stop: () => Promise<void>
}

/** `npm start`, once it has said `ready`. */
async function start(name: string, ready: RegExp, port: number): Promise<Running> {
  const folder = join(copy, 'examples/quick-start', name)
  install(folder)
  // A group of its own, as a terminal makes one: Ctrl+C reaches npm and what it started.
  const child = spawn('npm', ['start'], {
    cwd: folder,
    detached: true,
    env: { ...process.env, PORT: `${port}` },
  })
  let said = ''
  const hear = (chunk: Buffer): void => {
    said += chunk.toString()
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const stop = async (): Promise<void> => {
    interrupt(child)
    await ended
  }
  onTestFinished(stop)
  await expect.poll(() => said, { timeout: 25_000 }).toMatch(ready)
  return { said: () => said, stop }
}

function interrupt({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, 'SIGINT')
}

function install(folder: string): void {
  if (existsSync(join(folder, 'node_modules'))) return
  const { dependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  mkdirSync(join(folder, 'node_modules'))
  for (const [name, version] of Object.entries(dependencies)) {
    const target = version.startsWith('file:')
      ? join(folder, version.slice(5))
      : join(root, 'node_modules', name)
    symlinkSync(target, join(folder, 'node_modules', name))
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

const addressIn = (said: string): string => /http:\/\/localhost:\d+\//.exec(said)?.[0] ?? ''

describe('ready.mjs, before each start', () => {
  it('builds what is not built, and what was changed since', () => {
    const repository = mkdtempSync(join(tmpdir(), 'surewire-ready-'))
    onTestFinished(() => rmSync(repository, { recursive: true }))
    const script = join(repository, 'examples/quick-start/ready.mjs')
    for (const folder of ['examples/quick-start', 'node_modules', 'src/deep', 'dist'])
      mkdirSync(join(repository, folder), { recursive: true })
    cpSync(join(root, 'examples/quick-start/ready.mjs'), script)
    // A build that leaves a line in the file by which it is known.
    const build = "require('fs').appendFileSync('dist/surewire.module.js', 'built;')"
    const manifest = { scripts: { build: `node -e "${build}"` } }
    writeFileSync(join(repository, 'package.json'), JSON.stringify(manifest))
    writeFileSync(join(repository, 'src/deep/one.ts'), '')
    const builds = (): string => {
      execFileSync(process.execPath, [script], { stdio: 'pipe' })
      return readFileSync(join(repository, 'dist/surewire.module.js'), 'utf8')
    }
    expect(builds()).toBe('built;')
    expect(builds()).toBe('built;')
    const later = new Date(Date.now() + 60_000)
    utimesSync(join(repository, 'src/deep/one.ts'), later, later)
    expect(builds()).toBe('built;built;')
  })
})

describe('the quick start in Node', () => {
  it('sends, is answered, and ends when asked to', async () => {
    const { said, stop } = await start('node', /accepted\n/, await freePort())
    expect(said()).toContain("{ text: 'hello' }")
    expect(said()).toMatch(/connected .*\n(\S+) queued\n.*\n\1 accepted\n/)
    await stop()
  })
})

describeIf('chromium', 'the quick starts in a browser', (executablePath) => {
  let browser: Browser | undefined

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
  })
  afterAll(async () => browser?.close())

  async function visit(address: string): Promise<Page> {
    const page = await (browser as Browser).newPage()
    onTestFinished(async () => page.close())
    page.on('pageerror', (error) => expect.fail(error.message))
    await page.goto(address)
    return page
  }

  it.each(['browser', 'react'])(
    '%s: two pages hear each other, and what is typed offline comes later',
    async (name) => {
      const first = await start(name, /http:\/\//, await freePort())
      const address = addressIn(first.said())
      const [ada, bob] = [await visit(address), await visit(address)]
      const say = async (page: Page, text: string): Promise<void> => {
        await page.getByLabel('Say').fill(text)
        await page.getByRole('button', { name: 'Send' }).click()
      }
      for (const page of [ada, bob]) await page.getByText('Connected').first().waitFor()
      await say(ada, 'hello')
      await bob.getByText('hello').waitFor()
      await first.stop()
      await bob.getByText('Reconnecting').first().waitFor()
      await say(bob, 'typed offline')
      await start(name, /http:\/\//, Number(new URL(address).port))
      await ada.getByText('typed offline').waitFor({ timeout: 20_000 })
      expect(await ada.locator('li').allInnerTexts()).toContain('typed offline')
    },
    90_000,
  )
})
