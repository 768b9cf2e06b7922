/**
 * SurewireSocket in Chromium, from the bundle that a page would load: constructor, events and ten cuts.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { chromium } from 'playwright-core'
import { expect, it, onTestFinished } from 'vitest'
import { WebSocketServer } from 'ws'
import { bundleForBrowser } from '../../scripts/browser-bundle.js'
import type { SurewireSocket } from '../../src/websocket/index.js'
import { createFaultProxy } from '../../tools/fault-proxy.js'
import { describeIf } from '../support/requires.js'

const CUTS = 10

/** A page with SurewireSocket as a global, and a server on the same port that sends everything back. */
async function servePage(): Promise<number> {
  const bundle = await bundleForBrowser({
    code: `import { SurewireSocket } from 'surewire/websocket'; globalThis.SurewireSocket = SurewireSocket`,
  })
  const server = createServer((request, response) => {
    const script = request.url === '/socket.js'
    response.setHeader('content-type', script ? 'text/javascript' : 'text/html')
    response.end(script ? bundle : '<!doctype html><script type="module" src="/socket.js"></script>')
  }).listen(0, '127.0.0.1')
  const sockets = new WebSocketServer({ server, handleProtocols: ([first = '']) => first })
  sockets.on('connection', (socket) =>
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
  )
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets.clients) socket.terminate()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

describeIf('chromium', 'SurewireSocket in Chromium', (executablePath) => {
  it('is built, opens, loses, opens again and closes as the standard says', async () => {
    const port = await servePage()
    const proxy = await createFaultProxy({ target: { port } })
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
    onTestFinished(async () => {
      await browser.close()
      await proxy.close()
    })
    const page = await browser.newPage()
    await page.goto(`http://127.0.0.1:${port}/`)
    await page.exposeFunction('cut', () => proxy.reset())

    const seen = await page.evaluate(
      async ({ url, cuts }) => {
        const scope = globalThis as unknown as {
          SurewireSocket: typeof SurewireSocket
          cut: () => Promise<number>
        }
        const made = ['/relative', 'http://host/', 'ws://host/#x'].map((address) => {
          try {
            return new scope.SurewireSocket(address, [], { startClosed: true }).url
          } catch (error) {
            return (error as DOMException).name
          }
        })
        const socket = new scope.SurewireSocket(url, 'p', {
          minReconnectionDelay: 10,
          maxReconnectionDelay: 20,
        })
        const events: string[] = []
        const next = (type: string): Promise<void> =>
          new Promise((resolve) => socket.addEventListener(type, () => resolve(), { once: true }))
        for (const type of ['open', 'close'])
          socket.addEventListener(type, (event) =>
            events.push(
              `${event.constructor.name} ${(event as CloseEvent).code ?? ''} @${socket.readyState}`,
            ),
          )
        const reported: string[] = []
        window.addEventListener('error', ({ message }) => reported.push(message))
        const heard: string[] = []
        const single = { once: true }
        socket.addEventListener(
          'open',
          () => {
            throw new Error('in a handler')
          },
          single,
        )
        socket.addEventListener('open', { handleEvent: () => heard.push('object') }, single)
        const aborted = AbortSignal.abort()
        socket.addEventListener('open', () => heard.push('never'), { signal: aborted })
        socket.send(new Uint8Array([1]))
        const echo = new Promise<unknown>((resolve) =>
          socket.addEventListener('message', ({ data }) => resolve(data)),
        )
        await next('open')
        const binary = (await echo) instanceof Blob
        for (let done = 0; done < cuts; done++) {
          const again = next('open')
          await scope.cut()
          await again
        }
        const closed = next('close')
        socket.close(3000, 'bye')
        await closed
        return { made, binary, events, reported, heard }
      },
      { url: proxy.url, cuts: CUTS },
    )

    expect(seen.made).toEqual([`ws://127.0.0.1:${port}/relative`, 'ws://host/', 'SyntaxError'])
    expect(seen.binary).toBe(true)
    expect([seen.reported, seen.heard]).toEqual([['Uncaught Error: in a handler'], ['object']])
    expect(seen.events).toEqual([
      'Event  @1',
      ...Array.from({ length: CUTS }, () => ['CloseEvent 1006 @0', 'Event  @1']).flat(),
      'CloseEvent 3000 @3',
    ])
  })
})
