/**
 * Loggers.
 *
 * Owns: the silent one (the default), one for the console, and the guard around a user's own.
 * Does not own: what is logged.
 */
import type { Logger } from './ports.js'
import { isThenable } from './thenable.js'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** From chatty to quiet. */
const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

/** What a logger writes to. */
export type LogTarget = Pick<Console, LogLevel>

const nothing = (): void => undefined

/** Says nothing. The default. */
export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing }

/**
 * Writes to the console, one call per line: `[surewire] message`, then the fields as an object.
 *
 * @param level The least important level that is written; @default 'info'
 * @example
 * createClient({ url, logger: consoleLogger('debug') })
 */
export function consoleLogger(level: LogLevel = 'info', target: LogTarget = globalThis.console): Logger {
  const lowest = LEVELS.indexOf(level)
  const writer = (at: LogLevel): Logger[LogLevel] => {
    if (LEVELS.indexOf(at) < lowest) return nothing
    return (message, fields) => {
      if (fields === undefined) target[at](`[surewire] ${message}`)
      else target[at](`[surewire] ${message}`, fields)
    }
  }
  return { debug: writer('debug'), info: writer('info'), warn: writer('warn'), error: writer('error') }
}

/**
 * A logger whose failures stay its own: one that throws must not break a connection. There is nowhere left to report
 * such an error to but `onFault`, which is called for the first of them.
 */
export function guardLogger(logger: Logger, onFault: (error: unknown) => void = nothing): Logger {
  let reported = false
  const guarded =
    (level: LogLevel): Logger[LogLevel] =>
    (message, fields) => {
      try {
        const result: unknown = logger[level](message, fields)
        // An asynchronous logger's rejection would end a Node process.
        if (isThenable(result)) result.then(undefined, report)
      } catch (error) {
        report(error)
      }
    }
  const report = (error: unknown): void => {
    if (reported) return
    reported = true
    onFault(error)
  }
  return { debug: guarded('debug'), info: guarded('info'), warn: guarded('warn'), error: guarded('error') }
}
