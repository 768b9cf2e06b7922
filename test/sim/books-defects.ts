/**
 * The book of defects: what a client or server only logs, and errors that an application is given, are of a kind that is expected.
 *
 * Owns: which errors may be told where. Everything else is a defect, and ends the run.
 */
import { isSurewireError } from '../../src/index.js'
import type { Logger } from '../../src/runtime/ports.js'
import { Violation } from '../../src/testing/simulation/index.js'
import { CodedError } from './coded-error.js'

/**
 * What failed without anybody being at fault: connections, credentials, what the server or the application ended. Of close codes those
 * that this world causes: not 1002, 1007, 1009 or 4402, which say that a frame was wrong, and not a bare 1011.
 */
const CONNECTION =
  /^(connect_failed|connect_timeout|auth_refused|auth_unavailable|store_unavailable|hello_timeout|handshake_timeout|close_(1006|4000|4001|4100|4200|4202|4203|4301)|closed|kicked|superseded|disconnected)$/
/** What a client says that the server broke, by the invariant that it holds it to. */
export const HELD_TO: Readonly<Record<string, string>> = {
  acknowledged_unsent: 'I8',
  went_back: 'I8',
  offset_jump: 'I5',
}

/** Calls of an application that give a promise, and the codes of their errors. */
const PLACES = {
  connect: CONNECTION,
  disconnect: /^$/,
  restart: CONNECTION,
  join: new RegExp(`${CONNECTION.source}|^(left|forbidden)$`),
  leave: /^$/,
  close: /^$/,
  request: /./,
  publish: /^$/,
} as const

export type Place = keyof typeof PLACES

/** The store of this world fails now and then; whoever publishes is told. */
const STORE_FAILED = /^the store failed (before|after) it was done$/

/** Thrown by handlers and credentials of this world on purpose. */
export const UNAVAILABLE = 'the directory does not answer'

/** An application was given an error. */
export function checkGiven(who: string, place: Place, error: unknown): void {
  if (isSurewireError(error) && PLACES[place].test(error.code)) return
  if (place === 'publish' && error instanceof Error && STORE_FAILED.test(error.message)) return
  const told = isSurewireError(error) ? `${error.name} ${error.code}: ${error.message}` : String(error)
  throw new Violation('defect', `${who}: ${place} failed: ${told}`)
}

/** A logger whose errors are looked at. */
export function watchingLogger(
  guard: (check: () => void) => void,
  isExpected: Expected,
  who: string,
): Logger {
  const nothing = (): void => undefined
  return {
    debug: nothing,
    info: nothing,
    warn: nothing,
    error: (message, fields = {}) =>
      guard(() => {
        if (isExpected(message, fields)) return
        const { code, error = fields['cause'] } = fields
        const known = typeof code === 'string' ? code : null
        throw new Violation(
          HELD_TO[known ?? ''] ?? 'defect',
          `${who} logged: ${message} (${known ?? String(error)})`,
        )
      }),
  }
}

export type Expected = (message: string, fields: Readonly<Record<string, unknown>>) => boolean

const LISTENER_FAILED = /^an? (error )?listener failed/

const isUnavailable = (error: unknown): boolean => error instanceof Error && error.message === UNAVAILABLE

export const expectedOfServer: Expected = (message, { error }) => {
  switch (message) {
    case 'handler failed':
      return error instanceof CodedError
    case 'authenticate failed':
      // A machine that slept finds the time of its questions over before it hears the answers.
      return (isSurewireError(error) && error.code === 'no_answer') || isUnavailable(error)
    default:
      return false
  }
}

/** What callbacks of this world throw on purpose says so; whether it was told as it has to be: books-callbacks.ts. */
const ON_PURPOSE = /^thrown inside '/

/**
 * `storeHasLost`: the store has lost something in this run. Only then may a server find a record gone under a connection that it has not
 * welcomed yet, and say so instead of WELCOME (EPO-3); what a live connection is told so, nobody logs as an error.
 */
export function expectedOfClient(
  message: string,
  { code, cause }: Readonly<Record<string, unknown>>,
  storeHasLost = false,
): boolean {
  if (code === 'state_lost') return storeHasLost
  if (LISTENER_FAILED.test(message) || code === 'handler_failed')
    return cause instanceof Error && ON_PURPOSE.test(cause.message)
  return typeof code === 'string' && CONNECTION.test(code)
}
