/**
 * `<ConnectionStatus/>`: the connection for people to see and to act on.
 *
 * Owns: its words, the countdown, what screen readers hear: the status when it changes, not every second.
 * Does not own: the look: that is CSS variables of the page.
 */
import type { Snapshot, Status } from '../client/types.js'
import { useClient } from './context.js'
import { createElement as h, type CSSProperties, type ReactElement, useSyncExternalStore } from './outside.js'
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
  /** Why the connection ended by itself: credentials refused, attempts used up, … */
  reason(error: NonNullable<Snapshot['error']>): string
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
  closed: 'Closed',
  connect: 'Connect',
  disconnect: 'Disconnect',
  retry: 'Retry now',
  countdown: (seconds) => `next attempt in ${seconds} s`,
  queued: (messages) => `${messages} waiting`,
  reason: ({ message }) => message,
}

const box: CSSProperties = {
  display: 'inline-flex',
  alignItems: 'center',
  gap: 'var(--surewire-gap, 0.5em)',
  // Without the variable it is inherited, as every color that is a variable without a value.
  color: 'var(--surewire-color)',
}

/**
 * Shows the status, the time to the next attempt, how many messages wait and why the connection ended, with buttons to
 * connect, to retry at once and to disconnect; none for a client that was closed, which is final. Its look is the
 * page's: `--surewire-gap`, `-color`, `-off` (how faint a button is that has nothing to do), and `-dot-…` for each status.
 *
 * @example
 * <ConnectionStatus labels={{ connected: 'Online', disconnect: 'Go offline' }} />
 */
export function ConnectionStatus({ className, labels }: ConnectionStatusProps): ReactElement {
  const client = useClient()
  // Messages under way change nothing here.
  const { status, retryAt, queued, error } = useConnection((now) => ({ ...now, inFlight: 0 }))
  const say = { ...ENGLISH, ...labels }
  const ended = status === 'closed'
  const rests = ended || status === 'idle'
  // Closed without an error is closed for good.
  const canOpen = !ended || error
  const waits = retryAt !== null
  /** It stays when it has nothing to do: a button that goes takes the focus with it. */
  const button = (does: 'connect' | 'disconnect', label: string, isOff: boolean): ReactElement =>
    h(
      'button',
      {
        type: 'button',
        // How it went is in the snapshot.
        onClick: isOff ? undefined : () => void client[does](),
        'aria-disabled': isOff,
        style: { opacity: isOff ? 'var(--surewire-off, 0.5)' : 1 },
      },
      label,
    )
  return h(
    'span',
    { className, style: box, 'data-status': status },
    h('span', { 'aria-hidden': true, style: { color: `var(--surewire-dot-${status})` } }, '●'),
    h(
      'span',
      { role: 'status', 'aria-live': 'polite' },
      say[status],
      ended && error && `: ${say.reason(error)}`,
    ),
    waits && h(Countdown, { until: retryAt, say: say.countdown }),
    queued > 0 && h('span', null, say.queued(queued)),
    canOpen && button('connect', waits ? say.retry : say.connect, !rests && !waits),
    canOpen && button('disconnect', say.disconnect, rests),
  )
}

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
