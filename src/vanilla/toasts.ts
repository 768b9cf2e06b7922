/**
 * connectionToasts: tells people what becomes of the connection, one toast at a time.
 *
 * Owns: what is said when, and for how long. Does not own: texts (texts.ts), how it looks (toast-style.ts).
 */
import type { Snapshot, Status } from '../client/types.js'
import { also, type ElementOptions, textsOf, words } from './texts.js'
import { dress } from './toast-style.js'
import { add, say, watch, type WatchedClient } from './watch.js'

/** Messages of so long after the connection came back count as caught up. */
const CATCH_UP_MS = 1_000

/** Options of {@link connectionToasts}; durations in ms. */
export interface ToastOptions extends ElementOptions {
  /** How long good news stay, or longer while somebody points at them or has the focus in them. @default 5_000 */
  showMs?: number
}

/** The text of the same name is said. */
type News = 'connected' | 'lost' | 'restored' | 'givenUp' | undefined

/** `was`: the status before, `undefined` at the first look: of a connection that was there already there is no news. */
function newsOf({ status, error }: Snapshot, was: Status | undefined, news: News): News {
  if (status === 'reconnecting' || (status === 'connecting' && error)) return 'lost'
  if (status === 'closed' && error) return 'givenUp'
  if (status === 'connected' && was) {
    if (was === status) return news
    return was === 'reconnecting' ? 'restored' : status
  }
  return undefined
}

/** A toast, and the region that it is not in yet: of regions that come with their content, screen readers hear nothing. */
function makeToast(place: Element | null, dismiss: string) {
  const region = add(place, 'div', 'polite')
  const toast = add(region, 'div')
  const message = add(toast, 'span')
  const details = add(toast, 'span', 'off')
  const button = add(toast, 'button')
  say(button, '×')
  button.setAttribute('aria-label', dismiss)
  button.style.cssText = 'font:inherit;color:inherit;background:none;border:none;margin-left:1em'
  button.addEventListener('click', () => toast.remove())
  toast.remove()
  return [region, toast, message, details] as const
}

/**
 * Shows toasts: connected; no connection, retrying in n s; reconnected, new messages: n; given up. Good news go
 * away by themselves, bad news when they are no longer true; each can be dismissed. What needs somebody to act (given up)
 * interrupts a screen reader, the rest waits its turn; the countdown is not read out.
 *
 * @param container where in the page, or in which shadow tree. @default document.body
 * @returns takes everything back
 * @throws TypeError if the container is no element, or `showMs` is not from 0 to below 2 ** 31; what one of `texts` throws
 * at the first look. Nothing is left behind
 * @example
 * const stop = connectionToasts(client, undefined, { texts: { lost: 'Keine Verbindung' } })
 */
export function connectionToasts(
  client: WatchedClient,
  container: Element | null = document.body,
  options: ToastOptions = {},
): () => void {
  const texts = textsOf(options)
  const { showMs = 5_000 } = options
  // The platform's timers take anything else, and more, as no time at all.
  if (!(showMs >= 0 && showMs < 2 ** 31)) throw new TypeError(`showMs: 0 to 2 ** 31, not ${showMs}`)
  const [region, toast, message, details] = makeToast(container, texts.dismiss)
  let was: Status | undefined
  let news: News
  /** How many messages had come when the connection was lost. */
  let before = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  const hideLater = (): void => {
    timer = setTimeout(() => {
      if (toast.matches(':hover,:focus-within')) hideLater()
      else toast.remove()
    }, showMs)
  }
  const announce = (snapshot: Snapshot): void => {
    clearTimeout(timer)
    if (!news) return toast.remove()
    if (news === 'lost') before = client.stats().messagesReceived
    if (news === 'connected') hideLater()
    if (news === 'restored')
      timer = setTimeout(() => {
        say(message, texts.restored + also(texts.caughtUp, client.stats().messagesReceived - before))
        hideLater()
      }, CATCH_UP_MS)
    region.setAttribute('aria-live', news === 'givenUp' ? 'assertive' : 'polite')
    say(message, words(texts, news, snapshot))
    dress(news, region, toast)
    region.append(toast)
  }
  return watch(
    client,
    (snapshot, seconds) => {
      const last = news
      news = newsOf(snapshot, was, last)
      was = snapshot.status
      say(details, also(texts.retryIn, seconds))
      if (news !== last) announce(snapshot)
    },
    () => {
      clearTimeout(timer)
      region.remove()
    },
  )
}
