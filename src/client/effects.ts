/**
 * What a session asks of its client.
 *
 * Owns: performing each effect by the part that can: dialer, inbox, storage, announcer; what is published at the end of
 * a turn; and letting go of everything at the end.
 * Does not own: when an effect comes (session/), nor its order (runtime/driver.ts).
 */
import { ClosedError } from '../protocol/errors.js'
import { unreachable } from '../protocol/machine.js'
import type { SessionEffect } from '../session/client/inputs.js'
import type { ClientParts } from './parts.js'

export function perform(effect: SessionEffect, parts: ClientParts): void {
  const { announcer, dialer, inbox, storage, view } = parts
  switch (effect.type) {
    case 'dial':
      parts.platform.start(parts)
      return dialer.dial(effect.dial, effect.url)
    case 'transmit':
      return dialer.send(effect.dial, effect.data)
    case 'drop':
      return dialer.drop(effect.dial, effect.code, effect.reason)
    case 'deliver':
      return inbox.deliver(effect.delivery)
    case 'deliver-volatile':
      return inbox.deliverVolatile(effect.message)
    case 'settled':
      return parts.sender.announceSettled(effect.entry)
    case 'room-changed':
      return parts.subscribers.notify(effect.room)
    case 'gap':
      announcer.log('warn', 'gap', { ...effect.gap })
      return inbox.inTurn(effect.reader, () => announcer.announce('gap', effect.gap))
    case 'opened-session':
      announcer.log('info', 'session', { resumed: effect.resumed, user: effect.user.id })
      return announcer.announce('open', { resumed: effect.resumed, user: effect.user })
    case 'lost':
      return announcer.announce('close', { code: effect.code, reason: effect.reason, cause: effect.cause })
    case 'state':
      return stateChanged(effect, parts)
    case 'error':
      view.failed(effect.error)
      return announcer.error(effect.error)
    case 'warning':
      return announcer.warn(effect.code, effect.message)
    case 'store':
      return storage?.write(effect.batch, effect.changes)
    case 'release':
      return storage?.release(effect.producer)
    case 'claim':
      return storage?.claim()
    case 'finished':
      return void finish(parts)
    default:
      return unreachable(effect)
  }
}

function stateChanged(effect: SessionEffect & { type: 'state' }, parts: ClientParts): void {
  const { next, previous, cause } = effect
  const { announcer, lifetime } = parts
  const change = parts.view.changed(next)
  announcer.log('info', 'state', {
    from: previous.name,
    to: next.name,
    cause: cause.code,
    message: cause.message,
    ...(next.name === 'waiting' ? { waitMs: Math.round(next.until - parts.environment.clock.now()) } : {}),
  })
  if (change.next !== change.previous) announcer.announce('status', change.next, change.previous, cause)
  if (next.name === 'live') lifetime.settle(null)
  if (next.name === 'closed') lifetime.settle(next.error ?? new ClosedError('the client was closed'))
}

/** Everything is settled: let go of the platform. */
async function finish(parts: ClientParts): Promise<void> {
  parts.platform.stop()
  parts.handlers.end()
  parts.view.publish(parts.subscribers)
  parts.driver.stop()
  await parts.storage?.close()
  parts.lifetime.end()
}
