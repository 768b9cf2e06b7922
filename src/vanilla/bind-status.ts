/**
 * bindStatus: an element that says how the connection is.
 *
 * Owns: the element's content and its attributes `data-status` and `data-queued`, until it is unbound.
 * Does not own: how it looks; that is the page's style sheet.
 */
import { also, type ElementOptions, textsOf, words } from './texts.js'
import { add, say, watch, type WatchedClient } from './watch.js'

/** Options of {@link bindStatus}. */
export interface BindStatusOptions extends ElementOptions {}

/**
 * Shows a client's status in an element, after what is there already (a label, say): a text, the seconds to the next attempt, and how many messages wait. For style
 * sheets the element gets `data-status` (`idle`, `connecting`, `connected`, `reconnecting`, `closed`) and `data-queued` (a
 * number). A change of the status is announced to screen readers, the countdown is not.
 *
 * @returns unbinds, and takes away what it added
 * @throws TypeError if there is no such element, and what one of `texts` throws at the first look: nothing is left behind
 * @example
 * const unbind = bindStatus(client, document.querySelector('#status'))
 * // <p id="status" data-status="reconnecting" data-queued="2">Reconnecting · retrying in 3 s · messages waiting: 2</p>
 */
export function bindStatus(
  client: WatchedClient,
  element: Element | null,
  options: BindStatusOptions = {},
): () => void {
  const texts = textsOf(options)
  const state = add(element, 'span', 'polite')
  const details = add(element, 'span', 'off')
  const { dataset } = element as HTMLElement
  return watch(
    client,
    (snapshot, seconds) => {
      const { status, queued } = snapshot
      Object.assign(dataset, { status, queued })
      say(state, words(texts, status, snapshot))
      say(details, also(texts.retryIn, seconds) + also(texts.queued, queued))
    },
    () => {
      delete dataset.status
      delete dataset.queued
      state.remove()
      details.remove()
    },
  )
}
