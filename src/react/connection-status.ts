/**
 * `<ConnectionStatus/>`: the connection for people to see and to act on.
 *
 * Owns: its words, the countdown, what screen readers hear: the status when it changes, not every second.
 * Does not own: the look: that is CSS variables of the page.
 */
import { createElement as h, type CSSProperties, type ReactElement, useSyncExternalStore } from 'react'
import type { Status } from '../client/types.js'
import { useClient } from './context.js'
import { useConnection } from './use-connection.js'

/** What it says. */
export interface ConnectionLabels extends Readonly<Record<Status, string>> {
  readonly connect: string
  readonly disconnect: string
  readonly retry: string
  /** Seconds until the next attempt. */
  countdown(seconds: number): string
  /** Messages that wait for the connection. */
  queued(messages: number): string
}

export interface ConnectionStatusProps {
  readonly className?: string
  /** Other words, such as in another language. @default English */
  readonly labels?: Partial<ConnectionLabels>
}

const ENGLISH: ConnectionLabels = {
  idle: 'Disconnected',
  connecting: 'Connecting',
  connected: 'Connected',
  reconnecting: 'Reconnecting',
  closed: 'Connection ended',
  connect: 'Connect',
  disconnect: 'Disconnect',
  retry: 'Retry now',
  countdown: (seconds) => `next attempt in ${seconds} s`,
  queued: (messages) => `${messages} waiting`,
}

const box: CSSProperties = {
  display: 'inline-flex',
  alignItems: 'center',
  gap: 'var(--surewire-gap, 0.5em)',
  // Without the variable it is inherited, as every color that is a variable without a value.
  color: 'var(--surewire-color)',
}

/**
 * Shows the status, the time to the next attempt and how many messages wait, with buttons to connect, to disconnect
 * and to retry at once. Its look is the page's: `--surewire-gap`, `-color`, and `-dot-…` for each status.
 *
 * @example
 * <ConnectionStatus labels={{ connected: 'Online', disconnect: 'Go offline' }} />
 */
export function ConnectionStatus({ className, labels }: ConnectionStatusProps): ReactElement {
  const client = useClient()
  const { status, retryAt, queued, error } = useConnection()
  const say = { ...ENGLISH, ...labels }
  const rests = status === 'idle' || status === 'closed'
  // How either went is in the snapshot.
  const connect = () => void client.connect()
  const disconnect = () => void client.disconnect()
  return h(
    'span',
    { className, style: box, 'data-status': status, title: error?.message },
    h('span', { 'aria-hidden': true, style: { color: `var(--surewire-dot-${status})` } }, '●'),
    h('span', { role: 'status', 'aria-live': 'polite' }, say[status]),
    retryAt !== null && h(Countdown, { until: retryAt, say: say.countdown }),
    queued > 0 && h('span', null, say.queued(queued)),
    rests && button(say.connect, connect),
    retryAt !== null && button(say.retry, connect),
    !rests && button(say.disconnect, disconnect),
  )
}

const button = (label: string, onClick: () => void): ReactElement =>
  h('button', { type: 'button', onClick }, label)

/** Often enough that no second is skipped; what did not change is not rendered. */
const LOOK_AGAIN_MS = 250

const onTick = (listener: () => void): (() => void) => {
  const timer = setInterval(listener, LOOK_AGAIN_MS)
  return () => clearInterval(timer)
}

/** Whole seconds until a time of the wall clock. */
function Countdown({ until, say }: { until: number; say: ConnectionLabels['countdown'] }): ReactElement {
  const seconds = useSyncExternalStore(onTick, () => Math.max(0, Math.ceil((until - Date.now()) / 1_000)))
  return h('span', { role: 'timer' }, say(seconds))
}
