/** The demo's page in a real browser: a person who presses the buttons. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { describeIf } from '../support/requires.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const QUIET = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run']
const OFFLINE = ['--disable-background-networking', '--disable-component-update', '--disable-sync']

describeIf('chromium', "the demo's page", (executablePath) => {
  let demo: ChildProcess
  let address: string
  let browser: Browser | undefined
  let page: Page

  beforeAll(async () => {
    demo = spawn(process.execPath, ['--import', 'tsx', 'demo/start.ts', '--page', '--port', '0'], {
      cwd: root,
    })
    const [served, launched] = await Promise.all([
      addressOf(demo),
      chromium.launch({ executablePath, args: [...QUIET, ...OFFLINE] }),
    ])
    address = served
    browser = launched
  })

  afterAll(async () => {
    await browser?.close()
    if (demo.exitCode !== null) return
    demo.kill('SIGINT')
    await new Promise((resolve) => demo.once('close', resolve))
  })

  beforeEach(async () => {
    page = await (browser as Browser).newPage({ viewport: { width: 390, height: 844 } })
    await page.goto(address)
    await status('connected')
    return async () => page.close()
  })

  const text = (id: string): Promise<string> => page.locator(`#${id}`).innerText()
  const number = async (id: string): Promise<number> => Number((await text(id)).replaceAll(',', ''))
  const status = (state: string): Promise<void> => page.locator(`#status[data-state=${state}]`).waitFor()

  /** No more traffic; resolves when nothing is on its way, by the counters of both sides, and nothing changes. */
  async function settle(): Promise<void> {
    await page.click('#pause')
    let before = ''
    const isAtRest = async (): Promise<boolean> => {
      const now = await page.locator('.flows').innerText()
      const same = now === before
      before = now
      const waiting = await Promise.all(['up-waiting', 'down-waiting'].map(number))
      return same && Math.max(...waiting) === 0 && (await number('accepted')) === (await number('up-sent'))
    }
    // Longer than the page takes to draw, and the demo to tell.
    await expect.poll(isAtRest, { timeout: 10_000, interval: 600 }).toBe(true)
  }

  async function faults(): Promise<number[]> {
    const sides = ['up', 'down'].flatMap((side) =>
      ['lost', 'duplicated', 'disorder'].map((what) => `${side}-${what}`),
    )
    return Promise.all(sides.map(number))
  }

  it('reconnects after each of ten cuts, and both sides agree that nothing is missing', async () => {
    await page.click('#send')
    for (let cut = 1; cut <= 10; cut++) {
      await page.click('#cut')
      await expect.poll(() => number('reconnects'), { timeout: 5_000 }).toBeGreaterThanOrEqual(cut)
      await status('connected')
    }
    await settle()
    expect(await number('up-sent')).toBeGreaterThan(1_000)
    expect(await number('up-once')).toBe(await number('up-sent'))
    expect(await number('down-sent')).toBeGreaterThan(0)
    expect(await number('down-once')).toBe(await number('down-sent'))
    expect(await faults()).toEqual([0, 0, 0, 0, 0, 0])
    expect([await number('up-redelivered'), await number('down-told'), await number('refused')]).toEqual([
      0, 0, 0,
    ])
    expect(await text('verdict')).toBe('Nothing lost, nothing duplicated, nothing out of order.')
    expect(await text('timeline-text')).toContain('10 interruptions')
  })

  it('hides nothing when the server is killed: every record is handled, run again with a flag, or announced', async () => {
    await page.click('#send')
    await page.click('#kill')
    await status('reconnecting')
    await status('connected')
    // The server publishes again, so that it shows what is missing before.
    const published = await number('down-sent')
    await expect.poll(() => number('down-once'), { timeout: 10_000 }).toBeGreaterThan(published)
    await settle()
    expect(await faults()).toEqual([0, 0, 0, 0, 0, 0])
    expect((await number('up-once')) + (await number('up-redelivered'))).toBe(await number('up-sent'))
    expect((await number('down-once')) + (await number('down-told'))).toBe(await number('down-sent'))
    // It is killed at the worst moment, so there is something of each.
    expect(await number('up-redelivered')).toBeGreaterThan(0)
    expect(await number('down-told')).toBeGreaterThan(0)
    expect(await text('verdict')).toMatch(/^The server was killed and forgot: /)
    expect(await text('log')).toContain('gap in')
  })

  it('notices a stall by itself, and catches up after it', async () => {
    await page.click('#stall')
    await status('reconnecting')
    await page.locator('#status[data-state=connected]').waitFor({ timeout: 15_000 })
    await settle()
    expect(await faults()).toEqual([0, 0, 0, 0, 0, 0])
  })

  it('fits a phone and a desktop without scrolling sideways', async () => {
    for (const width of [320, 390, 1280]) {
      await page.setViewportSize({ width, height: 844 })
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width)
    }
  })

  it('gives every control a name and no other web page its buttons', async () => {
    const names = await page.getByRole('button').allInnerTexts()
    expect(names).toEqual(['Cut', 'Stall 5 s', 'Kill the server', 'Send 1,000', 'Pause traffic'])
    const foreign = await fetch(new URL('cut', address), { method: 'POST' })
    expect(foreign.status).toBe(403)
  })
})

/** Where the demo says that its page is. */
function addressOf(demo: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    const hear = (chunk: Buffer): void => {
      said += chunk.toString()
      const found = /http:\/\/\S+/.exec(said)
      if (found !== null) resolve(found[0])
    }
    demo.stdout?.on('data', hear)
    demo.stderr?.on('data', hear)
    demo.once('close', (status) => reject(new Error(`the demo ended with status ${status}: ${said}`)))
  })
}
