import { describe, expect, it } from 'vitest'
import type { Signal } from '../../../src/runtime/ports.js'
import { browserSignals, systemSignals } from '../../../src/runtime/signals.js'

/** An EventTarget that knows its listeners. */
class CountingTarget extends EventTarget {
  readonly listening: string[] = []

  override addEventListener(type: string, listener: EventListener): void {
    this.listening.push(type)
    super.addEventListener(type, listener)
  }

  override removeEventListener(type: string, listener: EventListener): void {
    this.listening.splice(this.listening.indexOf(type), 1)
    super.removeEventListener(type, listener)
  }
}

function page() {
  const document = Object.assign(new CountingTarget(), { visibilityState: 'visible' })
  const window = Object.assign(new CountingTarget(), { document })
  const seen: Signal[] = []
  const stop = browserSignals(window).listen((signal) => seen.push(signal))
  return { window, document, seen, stop }
}

const pageshow = (persisted: boolean): Event => Object.assign(new Event('pageshow'), { persisted })

describe('browserSignals', () => {
  it('tells of the network', () => {
    const { window, seen } = page()
    window.dispatchEvent(new Event('offline'))
    window.dispatchEvent(new Event('online'))
    expect(seen).toEqual(['offline', 'online'])
  })

  it('tells of visibility', () => {
    const { document, seen } = page()
    document.visibilityState = 'hidden'
    document.dispatchEvent(new Event('visibilitychange'))
    document.visibilityState = 'visible'
    document.dispatchEvent(new Event('visibilitychange'))
    expect(seen).toEqual(['hidden', 'visible'])
  })

  it('tells of a page that comes out of the back/forward cache, not of one that was loaded', () => {
    const { window, seen } = page()
    window.dispatchEvent(pageshow(false))
    expect(seen).toEqual([])
    window.dispatchEvent(pageshow(true))
    expect(seen).toEqual(['resumed'])
  })

  it('tells of freezing and thawing', () => {
    const { document, seen } = page()
    document.dispatchEvent(new Event('freeze'))
    document.dispatchEvent(new Event('resume'))
    expect(seen).toEqual(['hidden', 'resumed'])
  })

  it('removes every listener', () => {
    const { window, document, seen, stop } = page()
    expect(window.listening.sort()).toEqual(['offline', 'online', 'pageshow'])
    expect(document.listening.sort()).toEqual(['freeze', 'resume', 'visibilitychange'])
    stop()
    expect([...window.listening, ...document.listening]).toEqual([])
    for (const type of ['online', 'offline']) window.dispatchEvent(new Event(type))
    for (const type of ['visibilitychange', 'freeze', 'resume']) document.dispatchEvent(new Event(type))
    window.dispatchEvent(pageshow(true))
    expect(seen).toEqual([])
  })

  it('serves many listeners, each stopped by itself', () => {
    const { window, seen } = page()
    const others: Signal[] = []
    const stop = browserSignals(window).listen((signal) => others.push(signal))
    stop()
    window.dispatchEvent(new Event('online'))
    expect([seen, others]).toEqual([['online'], []])
  })

  it.each([
    ['nothing', {}],
    ['a window without events, as in React Native', { document: undefined, window: {} }],
    ['half of an event target', { addEventListener: () => undefined }],
    ['a document of null', { document: null }],
  ])('is silent where there is %s', (_what, scope) => {
    const stop = browserSignals(scope).listen(() => undefined)
    expect(stop()).toBeUndefined()
  })

  it('works in a worker, which has no document', () => {
    const scope = new CountingTarget()
    const seen: Signal[] = []
    const stop = browserSignals(scope).listen((signal) => seen.push(signal))
    scope.dispatchEvent(new Event('online'))
    stop()
    expect([seen, scope.listening]).toEqual([['online'], []])
  })
})

describe('systemSignals', () => {
  it('is silent in Node', () => {
    const seen: Signal[] = []
    systemSignals().listen((signal) => seen.push(signal))()
    expect(seen).toEqual([])
  })
})
