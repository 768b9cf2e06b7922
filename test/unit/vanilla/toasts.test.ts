// @vitest-environment jsdom
import { afterEach, describe, expect, it, vi } from 'vitest'
import { connectionToasts } from '../../../src/vanilla/index.js'
import { Page } from './page.js'

afterEach(() => vi.useRealTimers())

const region = (): Element => {
  const found = document.querySelector('body > [aria-live]')
  if (found === null) throw new Error('there is no region')
  return found
}
/** What the toast says, without its button; `null`: there is none. */
const toast = (): string | null => region().textContent?.replace('×', '') || null
const kind = (): string | undefined => region().querySelector<HTMLElement>('[data-toast]')?.dataset.toast

async function connected(): Promise<Page> {
  const page = new Page()
  connectionToasts(page.client)
  await page.connect()
  return page
}

async function lost(): Promise<Page> {
  const page = await connected()
  page.network.refuse({})
  page.cut()
  await page.pass(50)
  return page
}

describe('connectionToasts', () => {
  it('has nothing to say of a client that does nothing, nor of one that was connected before', async () => {
    const page = new Page()
    const stop = connectionToasts(page.client)
    expect(toast()).toBeNull()
    stop()
    await page.connect()
    connectionToasts(page.client)
    await page.pass(1_000)
    expect(toast()).toBeNull()
  })

  it('tells that the connection is made, for five seconds', async () => {
    const page = await connected()
    expect([toast(), kind()]).toEqual(['Connected', 'connected'])
    // Traffic is no news.
    page.client.send('chat', 1)
    await page.pass(4_800)
    expect(toast()).toBe('Connected')
    await page.pass(200)
    expect(toast()).toBeNull()
  })

  it('tells that it is lost, and counts down to the next attempt', async () => {
    const page = await lost()
    expect([toast(), kind()]).toEqual(['No connection · retrying in 4 s', 'lost'])
    await page.pass(1_000)
    expect(toast()).toBe('No connection · retrying in 3 s')
    await page.pass(60_000)
    expect(toast()).toContain('No connection')
  })

  it('tells the same of a first connection that cannot be made', async () => {
    const page = new Page()
    connectionToasts(page.client)
    page.network.refuse({})
    await page.connect()
    expect(toast()).toBe('No connection · retrying in 4 s')
    page.network.heal()
    await page.pass(4_500)
    expect([toast(), kind()]).toEqual(['Connected', 'connected'])
  })

  it('tells that it is back, and how many messages were caught up', async () => {
    const page = await connected()
    page.client.room('lobby').on('chat', () => undefined)
    await Promise.all([page.client.room('lobby').join(), page.pass(200)])
    void page.server.toRoom('lobby').send('chat', 'seen live')
    await page.pass(200)
    page.network.refuse({})
    page.cut()
    await page.pass(100)
    for (let number = 1; number <= 3; number++) void page.server.toRoom('lobby').send('chat', number)
    page.network.heal()
    await page.pass(3_900)
    await vi.waitFor(() => expect([toast(), kind()]).toEqual(['Reconnected', 'restored']))
    await page.pass(1_100)
    expect(toast()).toBe('Reconnected · new messages: 3')
    await page.pass(5_000)
    expect(toast()).toBeNull()
  })

  it('tells nothing of messages if there were none', async () => {
    const page = await lost()
    page.network.heal()
    await page.pass(5_500)
    expect(toast()).toBe('Reconnected')
  })

  it('tells that the client has given up, at once and until somebody has read it', async () => {
    const page = new Page({ reconnect: { maxAttempts: 1 } })
    connectionToasts(page.client)
    page.network.refuse({})
    await page.connect()
    await page.pass(60_000)
    expect(kind()).toBe('givenUp')
    expect(toast()).toBe(`Given up: ${page.client.snapshot.error?.message}`)
    expect(region().getAttribute('aria-live')).toBe('assertive')
  })

  it('interrupts no screen reader otherwise, and reads no countdown out', async () => {
    await lost()
    expect(region().getAttribute('aria-live')).toBe('polite')
    expect(region().querySelector('[aria-live=off]')?.textContent).toBe(' · retrying in 4 s')
  })

  it('takes bad news back when nobody wants a connection any more', async () => {
    const page = await lost()
    await page.client.disconnect()
    await page.pass(50)
    expect(toast()).toBeNull()
  })

  it('is dismissed by its button, until there is other news', async () => {
    const page = await lost()
    const button = region().querySelector('button')
    expect(button?.getAttribute('aria-label')).toBe('Close')
    button?.click()
    await page.pass(2_000)
    expect(toast()).toBeNull()
    page.network.heal()
    await page.pass(4_500)
    expect(toast()).toBe('Reconnected')
  })

  // That it goes when the focus does, jsdom cannot show: it remembers what once matched :focus-within.
  it('stays while somebody has the focus in it', async () => {
    const page = await connected()
    region().querySelector('button')?.focus()
    await page.pass(20_000)
    expect(toast()).toBe('Connected')
  })

  it('takes its time from showMs, its place from the container, its words from the texts', async () => {
    const page = new Page()
    const container = document.createElement('main')
    document.body.append(container)
    connectionToasts(page.client, container, {
      showMs: 1_000,
      texts: { connected: 'Verbunden', dismiss: 'Weg' },
    })
    await page.connect()
    expect(container.textContent).toBe('Verbunden×')
    expect(container.querySelector('button')?.getAttribute('aria-label')).toBe('Weg')
    await page.pass(1_000)
    expect(container.textContent).toBe('')
  })

  it('refuses a showMs that timers would take as no time at all, and leaves nothing behind', () => {
    const page = new Page()
    const container = document.createElement('main')
    for (const showMs of [Number.NaN, -1, 2 ** 31, Infinity, JSON.parse('"soon"') as number])
      expect(() => connectionToasts(page.client, container, { showMs })).toThrow(`not ${showMs}`)
    expect(container.childElementCount).toBe(0)
  })

  it('leaves neither elements nor timers behind', async () => {
    const page = new Page()
    const stop = connectionToasts(page.client)
    await page.connect()
    expect(vi.getTimerCount()).toBe(1)
    stop()
    stop()
    expect(vi.getTimerCount()).toBe(0)
    expect(document.body.innerHTML).toBe('')
    page.cut()
    await page.pass(1_000)
    expect(document.body.innerHTML).toBe('')
  })

  it('leaves nothing behind when a text throws at the first look', async () => {
    const page = new Page()
    page.network.refuse({})
    await page.connect()
    const retryIn = vi.fn<(seconds: number) => string>(() => {
      throw new Error('no such word')
    })
    expect(() => connectionToasts(page.client, undefined, { texts: { retryIn } })).toThrow('no such word')
    expect(document.body.innerHTML).toBe('')
    expect(vi.getTimerCount()).toBe(0)
    await page.pass(10_000)
    expect(retryIn).toHaveBeenCalledTimes(1)
  })

  it('refuses a container that is no element', () => {
    const page = new Page()
    expect(() => connectionToasts(page.client, document.querySelector('#missing'))).toThrow(TypeError)
    expect(document.body.innerHTML).toBe('')
  })
})
