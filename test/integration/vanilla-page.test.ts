/**
 * surewire/vanilla in a real browser, from a plain static server: the single files alone, no bundler, and a policy that
 * allows neither inline scripts nor inline styles. Screenshots go to reports/vanilla.
 */
import { fileURLToPath } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { singleFiles } from '../../scripts/single-files.js'
import { allowAll, createServer, type Server } from '../../src/server/index.js'
import { createFaultProxy, type FaultProxy } from '../../tools/fault-proxy.js'
import { describeIf } from '../support/requires.js'
import { serveFiles, type StaticServer } from '../support/static-server.js'

const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src ws://127.0.0.1:*"
const reports = fileURLToPath(new URL('../../reports/vanilla', import.meta.url))

/** What a page does with the library, however it came by it. */
const app = (port: number): string => `
  const client = createClient({
    url: 'ws://127.0.0.1:${port}/ws',
    reconnect: { initialDelayMs: 3000, factor: 1, jitter: 'none', maxAttempts: 3 },
  })
  const events = toEventTarget(client)
  window.seen = []
  window.page = { client }
  events.addEventListener('status', ({ detail }) => window.seen.push(detail.status))
  events.addEventListener('message:news', ({ detail }) => window.seen.push(detail.data))
  client.room('lobby').on('chat', () => {})
  bindStatus(client, document.querySelector('#status'))
  connectionToasts(client)
  client.connect().then(() => client.room('lobby').join(), (error) => window.seen.push(error.code))
`

const html = (script: string): string => `<!doctype html><html lang="en"><head><meta charset="utf-8">
  <meta name="viewport" content="width=device-width"><title>vanilla</title>${script}</head>
  <body><h1>Orders</h1><p id="status"></p></body></html>`

async function filesFor(port: number): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  for (const [name, content] of await singleFiles()) files.set(`/${name}`, content)
  const names = 'bindStatus, connectionToasts, createClient, toEventTarget'
  files.set('/module.html', html('<script type="module" src="module.js"></script>'))
  files.set('/module.js', `import { ${names} } from './surewire.module.js'\n${app(port)}`)
  const scripts = '<script src="surewire.global.js" defer></script><script src="global.js" defer></script>'
  files.set('/global.html', html(scripts))
  files.set('/global.js', `{ const { ${names} } = surewire\n${app(port)} }`)
  return files
}

describeIf('chromium', 'a page without a bundler', (executablePath) => {
  let server: Server
  let proxy: FaultProxy
  let site: StaticServer
  let browser: Browser | undefined
  let page: Page
  const complaints: string[] = []

  beforeAll(async () => {
    server = createServer({ authorize: allowAll, host: '127.0.0.1' })
    const { port } = await server.listen()
    proxy = await createFaultProxy({ target: { port } })
    site = await serveFiles(await filesFor(proxy.port), { 'content-security-policy': POLICY })
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
  })

  afterAll(async () => {
    await browser?.close()
    site.close()
    await proxy.close()
    await server.close({ drainMs: 0 })
  })

  beforeEach(async () => {
    page = await (browser as Browser).newPage({ viewport: { width: 390, height: 400 } })
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (line) => {
      // Dials that fail are told by the browser itself.
      if (line.type() === 'error' && !line.text().includes('WebSocket')) complaints.push(line.text())
    })
    return async () => {
      await page.close()
      await proxy.refuse(false)
      const told = complaints.splice(0)
      if (told.length > 0) throw new Error(`the page complained: ${told.join('; ')}`)
    }
  })

  const status = (state: string): Promise<void> => page.locator(`#status[data-status=${state}]`).waitFor()
  const toast = (kind: string) => page.locator(`[data-toast=${kind}]`)
  const picture = (name: string) => page.screenshot({ path: `${reports}/${name}.png` })
  const open = async (path: string): Promise<void> => {
    await page.goto(`${site.url}/${path}`)
    await status('connected')
  }

  it.each(['module', 'global'])('works with the file surewire.%s.js and nothing else', async (kind) => {
    await open(`${kind}.html`)
    await toast('connected').waitFor()
    await server.toAll().send('news', 'hello')
    await expect.poll(() => page.evaluate('window.seen')).toEqual(['connecting', 'connected', 'hello'])
  })

  it('shows toasts through the life of a connection', async () => {
    await open('module.html')
    await toast('connected').waitFor()
    await picture('1-connected')
    await expect.poll(() => page.evaluate("window.page.client.room('lobby').snapshot.status")).toBe('joined')
    await proxy.refuse(true)
    proxy.reset()
    await toast('lost').waitFor()
    await expect.poll(() => toast('lost').innerText()).toMatch(/^No connection · retrying in [12] s/)
    await picture('2-lost')
    expect(await page.locator('#status').innerText()).toMatch(/^Reconnecting · retrying in \d s$/)
    for (let order = 1; order <= 7; order++) await server.toRoom('lobby').send('chat', order)
    await proxy.refuse(false)
    await toast('restored').waitFor({ timeout: 10_000 })
    await expect.poll(() => toast('restored').innerText()).toContain('Reconnected · new messages: 7')
    await picture('3-restored')
    await page.getByRole('button', { name: 'Close' }).click()
    expect(await toast('restored').count()).toBe(0)
    await proxy.refuse(true)
    proxy.reset()
    await toast('givenUp').waitFor({ timeout: 20_000 })
    await picture('4-given-up')
    expect(await page.locator('[aria-live=assertive]').innerText()).toContain('Given up: ')
    expect(await page.locator('#status').getAttribute('data-status')).toBe('closed')
  })

  it('keeps a toast while its button has the focus, and takes it away after', async () => {
    await open('module.html')
    await page.getByRole('button', { name: 'Close' }).focus()
    await picture('5-focus')
    await page.waitForTimeout(5_500)
    expect(await toast('connected').count()).toBe(1)
    await page.locator('button').evaluate((button: HTMLElement) => button.blur())
    await toast('connected').waitFor({ state: 'detached', timeout: 6_000 })
  })

  it('moves nothing, lets the page restyle it by variables, and fits a narrow page', async () => {
    await page.setViewportSize({ width: 320, height: 400 })
    await open('module.html')
    await toast('connected').waitFor()
    expect(await page.evaluate(() => document.getAnimations().length)).toBe(0)
    const background = () =>
      toast('connected').evaluate((element) => getComputedStyle(element).backgroundColor)
    expect(await background()).toBe('rgb(34, 34, 51)')
    await page.evaluate(() => document.body.style.setProperty('--surewire-background', 'rgb(0, 60, 120)'))
    expect(await background()).toBe('rgb(0, 60, 120)')
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320)
    await picture('6-narrow-restyled')
  })
})
