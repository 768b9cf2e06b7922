/**
 * What follows the end of a link.
 *
 * Owns: the decision "again, when, or never", from a close code or an error. Pure data in, pure data out.
 * Does not own: close codes' meanings (protocol/close-codes.ts) or delays (reconnect.ts).
 */
import { type CloseAction, closeAction } from '../protocol/close-codes.js'
import {
  AuthError,
  ClosedError,
  type ConnectError,
  ProtocolError,
  type SurewireError,
} from '../protocol/errors.js'
import { unreachable } from '../protocol/machine.js'
import type { Cause } from './state.js'

/** A server, or a proxy gone mad, may ask for years; an hour is asked again. */
export const MAX_ADVISED_MS = 3_600_000

/** What a connection does next. */
export type Next =
  | {
      readonly do: 'retry'
      readonly afterMs?: number
      readonly forgetSession?: boolean
      readonly tooLarge?: boolean
    }
  /** Dial once more; stop if that is refused in the same way. */
  | { readonly do: 'retry-once'; readonly what: 'token' | 'afresh'; readonly error: SurewireError }
  | { readonly do: 'stop'; readonly error: SurewireError }

/** How a link ended, as the machine knows it. */
export interface LinkEnd {
  readonly code: number
  readonly reason: string
  /** FAIL that came before. */
  readonly fail: { readonly code: string; readonly message: string } | null
  readonly afterBye: boolean
}

/** Decides after a close. */
export function afterClose(end: LinkEnd): Next {
  return nextFor(closeAction(end.code, end.afterBye), end)
}

function nextFor(action: CloseAction, end: LinkEnd): Next {
  switch (action) {
    case 'resume':
    case 'resume-later':
    case 'backoff':
      return { do: 'retry' }
    case 'new-session':
      return { do: 'retry', forgetSession: true }
    case 'too-large':
      return { do: 'retry', tooLarge: true }
    case 'new-token':
      return { do: 'retry-once', what: 'token', error: refused(end) }
    case 'once-afresh':
      return { do: 'retry-once', what: 'afresh', error: violated(end) }
    case 'ended':
      return {
        do: 'stop',
        error: new ClosedError('the server ended the connection', { closeCode: end.code }),
      }
    case 'stop':
      return { do: 'stop', error: stopped(end) }
    default:
      return unreachable(action)
  }
}

/** Decides after a dial that never got to WELCOME. */
export function afterFailure(error: SurewireError): Next {
  const { status, retryAfterMs } = upgradeAnswer(error)
  if (status === 401 || status === 403) {
    const reason = `the server refused the upgrade with HTTP ${status}`
    return { do: 'retry-once', what: 'token', error: new AuthError(reason, { cause: error }) }
  }
  if (error.code === 'auth_refused') return { do: 'retry-once', what: 'token', error }
  if (!error.retryable) return { do: 'stop', error }
  return retryAfterMs === null
    ? { do: 'retry' }
    : { do: 'retry', afterMs: Math.min(retryAfterMs, MAX_ADVISED_MS) }
}

/** By shape, not by class: the error may come from another copy of this package. */
export function upgradeAnswer(error: SurewireError): Pick<ConnectError, 'status' | 'retryAfterMs'> {
  return error.name === 'ConnectError' ? (error as ConnectError) : { status: null, retryAfterMs: null }
}

/** Says in one sentence why a link ended. */
export function causeOfClose(end: LinkEnd): Cause {
  if (end.fail !== null)
    return { code: end.fail.code, message: `${end.fail.message} (close code ${end.code})` }
  const reason = end.reason === '' ? '' : `: ${end.reason}`
  return { code: `close_${end.code}`, message: `the connection was closed with code ${end.code}${reason}` }
}

function refused(end: LinkEnd): AuthError {
  const detail = end.fail?.message ?? end.reason
  const message = detail === '' ? 'the server refused the credentials' : detail
  return new AuthError(message, end.fail === null ? {} : { reason: end.fail.code })
}

function violated(end: LinkEnd): ProtocolError {
  const detail = end.fail?.message ?? end.reason
  return new ProtocolError(
    `the server ended the connection because of a protocol violation (close code ${end.code})${detail === '' ? '' : `: ${detail}`}`,
    { code: end.fail?.code ?? 'protocol_error' },
  )
}

function stopped(end: LinkEnd): ClosedError {
  return new ClosedError(causeOfClose(end).message, {
    code: end.fail?.code ?? (end.code === 4401 ? 'superseded' : 'closed_by_server'),
    closeCode: end.code,
  })
}
