/** The React adapter in Chromium, in StrictMode, with the development build of both majors of React. */
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { bundleForBrowser } from '../../scripts/browser-bundle.js'
import { allowAll, createServer, type Server } from '../../src/server/index.js'
import type { reactContract } from '../support/react-contract.js'
import type { Seen } from '../support/react-browser-page.js'
import { describeIf } from '../support/requires.js'

type C = typeof reactContract

const majors = [
  { major: 18, alias: { react: 'react18', 'react-dom': 'react-dom18' } },
  { major: 19, alias: {} },
]

interface Served {
  readonly server: Server<C>
  readonly port: number
  /** Breaks every connection. */
  readonly cut: () => void
}

/** The page, and the server it connects to, on one port. */
async function serve(alias: Record<string, string>): Promise<Served> {
  const code = `import { start } from './test/support/react-browser-page.tsx'; start()`
  const bundle = await bundleForBrowser({ code, alias, mode: 'development', minify: false })
  const http = createHttpServer((request, response) => {
    const isScript = request.url === '/page.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    response.end(
      isScript
        ? bundle
        : '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>',
    )
  })
  const sockets = new Set<Socket>()
  http.on('upgrade', (_request, socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  const server = createServer<C>({ server: http, authorize: allowAll })
  server.onRequest('double', (data) => data * 2)
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  onTestFinished(async () => {
    await server.close({ drainMs: 0 })
    http.closeAllConnections()
    http.close()
  })
  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  return { server, port: (http.address() as AddressInfo).port, cut }
}

describeIf('chromium', 'surewire/react in Chromium', (executablePath) => {
  let browser: Browser | undefined

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
  })

  afterAll(() => browser?.close())

  async function open(port: number) {
    const page = await (browser as Browser).newPage()
    const sockets: string[] = []
    const complaints: string[] = []
    page.on('websocket', (socket) => sockets.push(socket.url()))
    page.on('console', (said) => {
      // The browser itself tells of a connection that failed.
      if (['error', 'warning'].includes(said.type()) && !said.text().startsWith('WebSocket connection'))
        complaints.push(said.text())
    })
    page.on('pageerror', (error) => complaints.push(error.message))
    page.setDefaultTimeout(10_000)
    await page.goto(`http://127.0.0.1:${port}/`)
    onTestFinished(() => page.close())
    return { page, sockets, complaints }
  }

  const seen = (page: Page): Promise<Seen> =>
    page.evaluate(() => (globalThis as unknown as { seen: Seen }).seen)
  const reads = (page: Page, id: string, text: string): Promise<void> =>
    page.locator(`#${id}`, { hasText: new RegExp(`^${text}$`) }).waitFor()

  /** Within the page: a busy machine may take longer for a click from outside than the page's linger lasts. */
  const clickQuickly = (page: Page, names: readonly string[]): Promise<void> =>
    page.evaluate(async (texts) => {
      for (const text of texts) {
        const button = [...document.querySelectorAll('button')].find((one) => one.textContent === text)
        if (button === undefined) throw new Error(`there is no button '${text}'`)
        button.click()
        await new Promise((resolve) => setTimeout(resolve))
      }
    }, names)

  it.each(majors)(
    'React $major: one socket, every message, no needless render, no complaint',
    async ({ major, alias }) => {
      const { server, port, cut } = await serve(alias)
      const { page, sockets, complaints } = await open(port)
      await reads(page, 'status', 'connected')
      await reads(page, 'room', 'joined 1')
      const before = await seen(page)
      expect(Number.parseInt(before.version)).toBe(major)
      expect(sockets).toHaveLength(1)

      const expected = Array.from({ length: 1_000 }, (_, index) => index)
      for (const item of expected) void server.toAll().send('news', item)
      await reads(page, 'count', '1000')
      await page.getByRole('button', { name: 'Double' }).click()
      await reads(page, 'double', '42')
      const after = await seen(page)
      expect(after.news).toEqual(expected)
      expect(after.statusRenders).toBe(before.statusRenders)
      expect(sockets).toHaveLength(1)

      for (let round = 1; round <= 3; round++) {
        cut()
        await server.toRoom('lobby').send('line', `after cut ${round}`)
        await expect.poll(async () => (await seen(page)).lines.at(-1)).toBe(`after cut ${round}`)
      }
      expect((await seen(page)).lines).toEqual(['after cut 1', 'after cut 2', 'after cut 3'])
      expect(sockets).toHaveLength(4)
      expect(complaints).toEqual([])
    },
  )

  it.each(majors)('React $major: connects by page, and by hand', async ({ alias }) => {
    const { server, port } = await serve(alias)
    const { page, sockets, complaints } = await open(port)
    await reads(page, 'room', 'joined 1')
    await clickQuickly(page, ['Leave', 'Enter', 'Leave', 'Enter'])
    await reads(page, 'room', 'joined 1')
    expect(sockets).toHaveLength(1)

    await page.getByRole('button', { name: 'Leave' }).click()
    await reads(page, 'status', 'idle')
    expect(await server.presence('lobby')).toEqual([])
    await page.locator('.bar').getByRole('button', { name: 'Connect', exact: true }).click()
    await reads(page, 'status', 'connected')
    expect(await page.getByRole('status').first().innerText()).toBe('Connected')
    expect(sockets).toHaveLength(2)
    expect(complaints).toEqual([])
  })
})
