/**
 * surewire/vanilla: a client's state on a page without a framework.
 *
 * Owns: nothing but the list of what is public. It imports types only, so that the built file runs in a browser by itself.
 *
 * @packageDocumentation
 */
export { bindStatus, type BindStatusOptions } from './bind-status.js'
export {
  type ClientEventMap,
  type ClientEventTarget,
  toEventTarget,
} from './event-target.js'
export type { ConnectionTexts } from './texts.js'
export { connectionToasts, type ToastOptions } from './toasts.js'
export type { WatchedClient } from './watch.js'
