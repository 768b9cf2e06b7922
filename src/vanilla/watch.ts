/**
 * What the elements have in common: looking at a client, whenever something changed, and every second while it waits for
 * its next attempt.
 *
 * Owns: the timer of the countdown, and how elements are made. Does not own: what is drawn.
 */
import type { Client, Snapshot } from '../client/types.js'

/** What the elements need of a client; every `Client` is one, whatever its contract. */
export type WatchedClient = Pick<Client, 'snapshot' | 'subscribe' | 'stats'>

/**
 * Draws at once, at every change, and whenever another second of the wait has passed. `secondsLeft` is positive only
 * while it waits. Returns how to stop.
 */
export function watch(
  client: WatchedClient,
  draw: (snapshot: Snapshot, secondsLeft: number) => void,
): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const look = (): void => {
    clearTimeout(timer)
    const { snapshot } = client
    const leftMs = (snapshot.retryAt ?? 0) - Date.now()
    // Before drawing: texts of the application may throw.
    if (leftMs > 0) timer = setTimeout(look, leftMs % 1_000 || 1_000)
    draw(snapshot, Math.ceil(leftMs / 1_000))
  }
  const unsubscribe = client.subscribe(look)
  look()
  return () => {
    unsubscribe()
    clearTimeout(timer)
  }
}

/** `instanceof` would refuse elements of another frame. */
export function elementFrom(value: Element | null): HTMLElement {
  if (value?.nodeType !== 1) throw new TypeError('surewire: no element')
  return value as HTMLElement
}

/** Appends a new element. `live`: whether a screen reader tells of its changes at once. */
export function add(parent: Element, tag: string, live?: 'polite' | 'off'): HTMLElement {
  const element = document.createElement(tag)
  if (live !== undefined) element.setAttribute('aria-live', live)
  parent.append(element)
  return element
}

/** Sets a text only if it is another: screen readers and observers hear of every assignment. */
export function say(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text
}
