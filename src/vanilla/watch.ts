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
 * while it waits. Returns how to stop, which ends with `undo`. A text of the application that throws at the first look
 * leaves nothing behind: whoever called has nothing to stop it by.
 */
export function watch(
  client: WatchedClient,
  draw: (snapshot: Snapshot, secondsLeft: number) => void,
  undo: () => void,
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
  const stop = (): void => {
    unsubscribe()
    clearTimeout(timer)
    undo()
  }
  try {
    look()
  } catch (error) {
    stop()
    throw error
  }
  return stop
}

/** Appends a new element. `live`: whether a screen reader tells of its changes at once. */
export function add(parent: Element | null, tag: string, live?: 'polite' | 'off'): HTMLElement {
  // `instanceof` would refuse elements of another frame.
  if (parent?.nodeType !== 1) throw new TypeError('surewire: no element')
  const element = document.createElement(tag)
  if (live) element.setAttribute('aria-live', live)
  parent.append(element)
  return element
}

/** Sets a text only if it is another: screen readers and observers hear of every assignment. */
export function say(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text
}
