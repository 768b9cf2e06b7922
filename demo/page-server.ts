/**
 * The demo's page: its files, its buttons, and what the server's side of the page's counters says.
 *
 * Owns: HTTP for one page (files from memory, POST for buttons, server-sent events for the server's book), and the
 * server and proxy behind it. None of this goes through the connection on trial, so it is seen while that is cut.
 * Does not own: the page's own side (page/).
 */
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { bundleForBrowser } from '../scripts/browser-bundle.js'
import { createFaultProxy, type FaultProxy } from '../tools/fault-proxy.js'
import { BookReader } from './book.js'
import { loadStreams } from './dataset.js'
import type { ServerSide } from './page/server-side.js'
import { Ledger } from './ledger.js'
import { ServerHandle } from './server-handle.js'

const DEFAULT_PORT = 4600
const HOST = '127.0.0.1'
/** How often a page is told how the server's book stands. */
const TELL_MS = 200
/** Records a second that each page is sent. */
const PER_SECOND = 20
/** How long the server stays dead after it was killed, so that it can be seen. */
const DEAD_MS = 1_500
const STALL_MS = 5_000
/** How long nothing reaches the page before the server is killed. */
const HELD_BACK_MS = 500

export interface ServedPage {
  readonly url: string
  close(): Promise<void>
}

export interface PageOptions {
  readonly bookPath: string
  /** `null`: the usual one, or any other if that is taken. */
  readonly port: number | null
}

/** A page that is open, by the name that it made up for itself. */
interface Visitor {
  readonly name: string
  readonly response: ServerResponse
  /** What the page sent and the server handled. */
  readonly up: Ledger
  published: number
  /** The server's process has been told to publish. */
  publishing: boolean
  /** By the page's button. */
  paused: boolean
}

interface File {
  readonly type: string
  readonly body: string | Uint8Array
}

export async function servePage({ bookPath, port }: PageOptions): Promise<ServedPage> {
  const files = await buildFiles()
  const book = new BookReader(bookPath)
  const server = await ServerHandle.start(bookPath, (report) => {
    if (report.report === 'failed') console.error(report.message)
  })
  const proxy = await createFaultProxy({ target: { port: server.port } })
  const host = new PageHost({ files, book, bookPath, server, proxy })
  try {
    await host.listen(port)
    return host
  } catch (error) {
    await host.close()
    throw error
  }
}

async function buildFiles(): Promise<ReadonlyMap<string, File>> {
  const read = (name: string): string => readFileSync(new URL(`page/${name}`, import.meta.url), 'utf8')
  const stocks = loadStreams().find(({ name }) => name === 'stocks')
  const script = await bundleForBrowser({
    code: `import { startPage } from './demo/page/main.js'; startPage()`,
  })
  return new Map([
    ['/', { type: 'text/html; charset=utf-8', body: read('index.html') }],
    ['/style.css', { type: 'text/css; charset=utf-8', body: read('style.css') }],
    ['/icon.svg', { type: 'image/svg+xml', body: read('icon.svg') }],
    ['/records.json', { type: 'application/json', body: JSON.stringify(stocks?.records ?? []) }],
    ['/main.js', { type: 'text/javascript; charset=utf-8', body: script }],
  ])
}

interface HostParts {
  readonly files: ReadonlyMap<string, File>
  readonly book: BookReader
  readonly bookPath: string
  readonly server: ServerHandle
  readonly proxy: FaultProxy
}

class PageHost implements ServedPage {
  readonly #parts: HostParts
  readonly #http: Server
  readonly #visitors = new Map<string, Visitor>()
  readonly #ticker: NodeJS.Timeout
  readonly #timers = new Set<NodeJS.Timeout>()
  #kills = 0
  #cuts = 0
  #stalls = 0
  #killing = false
  #stallTimer: NodeJS.Timeout | null = null
  #closed = false

  constructor(parts: HostParts) {
    this.#parts = parts
    this.#http = createServer((request, response) => this.#answer(request, response))
    this.#ticker = setInterval(() => this.#tell(), TELL_MS)
  }

  get url(): string {
    return `http://${HOST}:${(this.#http.address() as AddressInfo).port}/`
  }

  async listen(port: number | null): Promise<void> {
    try {
      await this.#listenOn(port ?? DEFAULT_PORT)
    } catch (error) {
      if (port !== null || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
      await this.#listenOn(0)
    }
  }

  #listenOn(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#http.once('error', reject)
      this.#http.listen(port, HOST, () => {
        this.#http.off('error', reject)
        resolve()
      })
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#ticker)
    for (const timer of this.#timers) clearTimeout(timer)
    for (const { response } of this.#visitors.values()) response.end()
    const closed = new Promise((resolve) => this.#http.close(resolve))
    this.#http.closeAllConnections()
    await closed
    await this.#parts.server.kill()
    await this.#parts.proxy.close()
    this.#parts.book.close()
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://demo')
    response.setHeader('cache-control', 'no-store')
    const file = this.#parts.files.get(pathname)
    const page = searchParams.get('page') ?? ''
    if (request.method === 'POST') this.#press(pathname, page, request, response)
    else if (pathname === '/events') this.#welcome(page, response)
    else if (file === undefined) response.writeHead(404).end('There is nothing here.')
    else this.#sendFile(file, response)
  }

  #sendFile({ type, body }: File, response: ServerResponse): void {
    response.setHeader('content-type', type)
    // The page may talk to its own server and, through the proxy, to the server on trial; to nobody else.
    response.setHeader('content-security-policy', `default-src 'self'; connect-src 'self' ${this.#origin()}`)
    response.end(body)
  }

  #origin(): string {
    return new URL(this.#parts.proxy.url).origin
  }

  /** A button. The header keeps other web pages, which cannot set it, from pressing. */
  #press(path: string, page: string, request: IncomingMessage, response: ServerResponse): void {
    if (request.headers['x-surewire-demo'] === undefined) {
      response.writeHead(403).end('Only the page itself presses its buttons.')
      return
    }
    if (path === '/cut') this.#cut()
    else if (path === '/stall') this.#stall()
    else if (path === '/kill') void this.#kill()
    else if (path === '/pause' || path === '/resume') this.#setPaused(page, path === '/pause')
    else {
      response.writeHead(404).end('There is no such button.')
      return
    }
    response.writeHead(204).end()
    this.#tell()
  }

  #setPaused(page: string, paused: boolean): void {
    const visitor = this.#visitors.get(page)
    if (visitor === undefined) return
    visitor.paused = paused
    if (!paused) return this.#publish(visitor)
    visitor.publishing = false
    this.#parts.server.give({ order: 'stop', stream: page })
  }

  #cut(): void {
    this.#cuts++
    this.#parts.proxy.reset()
  }

  #stall(): void {
    this.#stalls++
    this.#parts.proxy.blackhole()
    if (this.#stallTimer !== null) this.#cancel(this.#stallTimer)
    this.#stallTimer = this.#after(STALL_MS, () => {
      this.#stallTimer = null
      void this.#parts.proxy.heal()
    })
  }

  /**
   * At the worst moment: what the server sends is held back first, so that there is something that it handled and did
   * not acknowledge, and something that it published and did not deliver.
   */
  async #kill(): Promise<void> {
    const { server, proxy } = this.#parts
    if (server.pid === null || this.#killing) return
    this.#killing = true
    this.#kills++
    proxy.blackhole('down')
    await sleep(HELD_BACK_MS)
    for (const visitor of this.#visitors.values()) visitor.publishing = false
    await server.kill()
    proxy.reset()
    if (this.#stallTimer === null && !this.#closed) await proxy.heal()
    this.#killing = false
    if (!this.#closed) this.#after(DEAD_MS, () => void this.#revive())
  }

  async #revive(): Promise<void> {
    await this.#parts.server.start()
    if (this.#closed) return this.#parts.server.kill()
    for (const visitor of this.#visitors.values()) this.#publish(visitor)
    this.#tell()
  }

  #after(ms: number, then: () => void): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      then()
    }, ms)
    this.#timers.add(timer)
    return timer
  }

  #cancel(timer: NodeJS.Timeout): void {
    clearTimeout(timer)
    this.#timers.delete(timer)
  }

  /** A page has opened: it follows the server's book, and the server publishes to it for as long as it does. */
  #welcome(name: string, response: ServerResponse): void {
    if (!/^[a-z0-9]{1,40}$/.test(name) || this.#visitors.has(name)) {
      response.writeHead(400).end('A page names itself by letters and digits, each by a name of its own.')
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const visitor: Visitor = {
      name,
      response,
      up: new Ledger(),
      published: 0,
      publishing: false,
      paused: false,
    }
    this.#visitors.set(name, visitor)
    response.write(`event: hello\ndata: ${JSON.stringify({ url: this.#parts.proxy.url })}\n\n`)
    this.#publish(visitor)
    response.on('close', () => {
      this.#visitors.delete(name)
      this.#parts.server.give({ order: 'stop', stream: name })
    })
  }

  #publish(visitor: Visitor): void {
    const { server } = this.#parts
    if (server.pid === null || visitor.publishing || visitor.paused) return
    this.#readBook()
    visitor.publishing = true
    server.give({
      order: 'publish',
      stream: visitor.name,
      perSecond: PER_SECOND,
      nextIndex: visitor.published + 1,
    })
  }

  #readBook(): void {
    for (const line of this.#parts.book.read()) {
      const visitor = this.#visitors.get(line.stream)
      if (visitor === undefined) continue
      if (line.what === 'published') visitor.published = line.index
      else visitor.up.handle(line.index, line.again)
    }
  }

  #tell(): void {
    this.#readBook()
    for (const { response, up, published } of this.#visitors.values()) {
      const told: ServerSide = {
        pid: this.#parts.server.pid,
        kills: this.#kills,
        cuts: this.#cuts,
        stalls: this.#stalls,
        stalled: this.#stallTimer !== null,
        connections: this.#parts.proxy.connections,
        up: up.tally(),
        published,
      }
      response.write(`data: ${JSON.stringify(told)}\n\n`)
    }
  }
}
