// @vitest-environment jsdom
import { afterEach, describe, expect, it, vi } from 'vitest'
import { bindStatus } from '../../../src/vanilla/index.js'
import { Page } from './page.js'

afterEach(() => vi.useRealTimers())

function bound(page: Page, options?: Parameters<typeof bindStatus>[2]) {
  const element = document.createElement('p')
  document.body.append(element)
  return { element, unbind: bindStatus(page.client, element, options) }
}

describe('bindStatus', () => {
  it('says the status, by text and by attribute, from the start on', async () => {
    const page = new Page()
    const { element } = bound(page)
    expect([element.textContent, element.dataset.status]).toEqual(['No connection', 'idle'])
    void page.client.connect()
    page.clock.endTurn()
    expect([element.textContent, element.dataset.status]).toEqual(['Connecting', 'connecting'])
    await page.pass(100)
    expect([element.textContent, element.dataset.status]).toEqual(['Connected', 'connected'])
    await page.client.close()
    expect([element.textContent, element.dataset.status]).toEqual(['Closed', 'closed'])
  })

  it('counts down to the next attempt', async () => {
    const page = new Page()
    const { element } = bound(page)
    await page.connect()
    page.network.refuse({})
    page.cut()
    await page.pass(50)
    const said = []
    for (let second = 0; second < 4; second++) {
      said.push(element.textContent)
      await page.pass(1_000)
    }
    expect(said).toEqual([4, 3, 2, 1].map((left) => `Reconnecting · retrying in ${left} s`))
    page.network.heal()
    await page.pass(5_000)
    expect(element.textContent).toBe('Connected')
  })

  it('tells how many messages wait', async () => {
    const page = new Page()
    const { element } = bound(page)
    page.client.send('chat', 1)
    page.client.send('chat', 2)
    await page.pass(50)
    expect([element.textContent, element.dataset.queued]).toEqual([
      'No connection · messages waiting: 2',
      '2',
    ])
    await page.connect()
    expect([element.textContent, element.dataset.queued]).toEqual(['Connected', '0'])
  })

  it('says why the client has given up', async () => {
    const page = new Page({ reconnect: false })
    const { element } = bound(page)
    page.network.refuse({})
    await page.connect()
    expect(element.dataset.status).toBe('closed')
    expect(element.textContent).toBe(`Given up: ${page.client.snapshot.error?.message}`)
  })

  it('speaks other languages', async () => {
    const page = new Page()
    const { element } = bound(page, {
      texts: { reconnecting: 'Verbinde neu', retryIn: (seconds) => `in ${seconds} s` },
    })
    await page.connect()
    page.network.refuse({})
    page.cut()
    await page.pass(50)
    expect(element.textContent).toBe('Verbinde neu · in 4 s')
  })

  it('announces the status to screen readers, but neither countdown nor what did not change', async () => {
    const page = new Page()
    const { element } = bound(page)
    const [state, details] = [...element.children]
    expect(state?.getAttribute('aria-live')).toBe('polite')
    expect(details?.getAttribute('aria-live')).toBe('off')
    await page.connect()
    page.network.refuse({})
    page.cut()
    await page.pass(50)
    const changes = vi.fn<() => void>()
    new MutationObserver(changes).observe(state as Element, {
      childList: true,
      characterData: true,
      subtree: true,
    })
    await page.pass(3_000)
    expect(changes).not.toHaveBeenCalled()
    expect(details?.textContent).toBe(' · retrying in 1 s')
  })

  it('leaves what was in the element, and takes away what it added', async () => {
    const page = new Page()
    const element = document.createElement('p')
    element.textContent = 'Chat: '
    const unbind = bindStatus(page.client, element)
    expect(element.textContent).toBe('Chat: No connection')
    page.network.refuse({})
    void page.client.connect()
    await page.pass(100)
    expect(vi.getTimerCount()).toBe(1)
    unbind()
    unbind()
    expect(element.outerHTML).toBe('<p>Chat: </p>')
    expect(vi.getTimerCount()).toBe(0)
    await page.pass(10_000)
    expect(element.outerHTML).toBe('<p>Chat: </p>')
  })

  it('goes on counting after a text that threw', async () => {
    const page = new Page()
    let throws = false
    const { element } = bound(page, {
      texts: {
        retryIn: (seconds) => {
          if (throws) throw new Error('no such word')
          return `${seconds}`
        },
      },
    })
    page.network.refuse({})
    await page.connect()
    throws = true
    await expect(page.pass(1_000)).rejects.toThrow('no such word')
    throws = false
    await page.pass(1_000)
    expect(element.textContent).toBe('Connecting · 2')
  })

  it('leaves nothing behind when a text throws at the first look', async () => {
    const page = new Page()
    page.network.refuse({})
    await page.connect()
    const element = document.createElement('p')
    const retryIn = vi.fn<(seconds: number) => string>(() => {
      throw new Error('no such word')
    })
    expect(() => bindStatus(page.client, element, { texts: { retryIn } })).toThrow('no such word')
    expect(element.outerHTML).toBe('<p></p>')
    expect(vi.getTimerCount()).toBe(0)
    await page.pass(10_000)
    expect(retryIn).toHaveBeenCalledTimes(1)
  })

  it('refuses what is no element', () => {
    const page = new Page()
    expect(() => bindStatus(page.client, document.querySelector('#missing'))).toThrow(TypeError)
    const text = document.createTextNode('') as unknown as Element
    expect(() => bindStatus(page.client, text)).toThrow('surewire: no element')
  })
})
