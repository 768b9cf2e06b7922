/**
 * What the platform tells about the page: network, visibility, freezing.
 *
 * Owns: one list of listeners, added and removed together, and what each event means.
 * Does not own: what follows (connection/); signals are hints, never truths: `online` is often wrong (FAILURES 36).
 */
import type { Signal, Signals } from './ports.js'

interface EventSource {
  addEventListener(type: string, listener: (event: unknown) => void): void
  removeEventListener(type: string, listener: (event: unknown) => void): void
}

/** The part of the global object that is looked at. */
export interface SignalScope {
  readonly addEventListener?: unknown
  readonly removeEventListener?: unknown
  readonly document?: unknown
}

interface Subscription {
  readonly source: EventSource
  readonly type: string
  readonly listener: (event: unknown) => void
}

/** Signals of this machine: those of the page, or none where there is no page (Node, server-side rendering). */
export function systemSignals(): Signals {
  return browserSignals(globalThis)
}

/**
 * Signals of a page or worker. Nothing is touched before `listen`, and nothing happens where `scope` has no events.
 *
 * @param scope The global object; @default globalThis
 */
export function browserSignals(scope: SignalScope = globalThis): Signals {
  return {
    listen(callback) {
      const subscriptions = subscriptionsOf(scope, callback)
      for (const { source, type, listener } of subscriptions) source.addEventListener(type, listener)
      return () => {
        for (const { source, type, listener } of subscriptions) source.removeEventListener(type, listener)
      }
    },
  }
}

/** The one list: what is added is what is removed. */
function subscriptionsOf(scope: SignalScope, raise: (signal: Signal) => void): readonly Subscription[] {
  const subscriptions: Subscription[] = []
  const { document } = scope
  if (isEventSource(scope)) {
    subscriptions.push(
      { source: scope, type: 'online', listener: () => raise('online') },
      { source: scope, type: 'offline', listener: () => raise('offline') },
      { source: scope, type: 'pageshow', listener: (event) => wasKept(event) && raise('resumed') },
    )
  }
  if (isEventSource(document)) {
    subscriptions.push(
      { source: document, type: 'visibilitychange', listener: () => raise(visibilityOf(document)) },
      { source: document, type: 'freeze', listener: () => raise('hidden') },
      { source: document, type: 'resume', listener: () => raise('resumed') },
    )
  }
  return subscriptions
}

/** `pageshow` comes after every load; only a page from the back/forward cache has slept. */
const wasKept = (event: unknown): boolean => (event as { persisted?: unknown }).persisted === true

const visibilityOf = (document: unknown): Signal =>
  (document as { visibilityState?: unknown }).visibilityState === 'hidden' ? 'hidden' : 'visible'

/** React Native has a `window` without events. */
function isEventSource(value: unknown): value is EventSource {
  if (typeof value !== 'object' || value === null) return false
  const { addEventListener, removeEventListener } = value as SignalScope
  return typeof addEventListener === 'function' && typeof removeEventListener === 'function'
}
