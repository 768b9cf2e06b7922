/**
 * Options of `createServer`, checked once, and the server's type.
 *
 * Owns: what a server over HTTP takes besides the engine's options.
 */
import type http from 'node:http'
import type { AnyContract, Contract } from '../protocol/contract.js'
import { ConfigError } from '../protocol/errors.js'
import { checkDuration, type CommonOptions } from './engine-options.js'
import type { CloseServerOptions, ServerApi } from './types.js'

/** Options of {@link createServer}. A wrong one raises a ConfigError that names the field. */
export interface ServerOptions<C extends Contract = AnyContract>
  extends CommonOptions<C, http.IncomingMessage> {
  /** @default 0: any free port */
  port?: number
  /** @default all interfaces */
  host?: string
  /** An HTTP server to attach to; its own request handlers stay. @default a new one, with /healthz and /status */
  server?: http.Server
  /** @default '/ws' */
  path?: string
}

/** A surewire server. */
export interface Server<C extends Contract = AnyContract> extends ServerApi<C> {
  /** Starts listening; rejects if the port is taken. With a `server` of your own that listens already, tells where. */
  listen(port?: number): Promise<{ port: number; url: string }>
  /**
   * AWAY to all, lets messages in hand be handled, closes every connection with 4100. Always settles; a second call
   * gives the same promise.
   */
  close(options?: CloseServerOptions): Promise<void>
}

/** Every option there is. */
const KNOWN: { readonly [option in keyof ServerOptions]-?: true } = {
  port: true,
  host: true,
  server: true,
  path: true,
  authenticate: true,
  authCacheMs: true,
  authorize: true,
  store: true,
  contract: true,
  heartbeat: true,
  limits: true,
  serializers: true,
  notifications: true,
  logger: true,
}

export function checkServerOptions<C extends Contract>(options: ServerOptions<C>): void {
  if (typeof options !== 'object' || options === null) throw new ConfigError('options', options, 'an object')
  for (const [option, value] of Object.entries(options)) {
    // A misspelt `authorize` would otherwise let everybody in.
    if (Object.hasOwn(KNOWN, option)) continue
    throw new ConfigError(option, value, `absent; the options here are ${Object.keys(KNOWN).join(', ')}`)
  }
  const { port, path, server, host } = options
  if (host !== undefined && typeof host !== 'string')
    throw new ConfigError('host', host, 'a host name or address')
  if (port !== undefined) checkPort(port)
  if (path !== undefined && (typeof path !== 'string' || !path.startsWith('/'))) {
    throw new ConfigError('path', path, "a path that starts with '/'")
  }
  if (server !== undefined && typeof server?.on !== 'function') {
    throw new ConfigError('server', server, 'a node:http server')
  }
}

export function checkPort(port: unknown): number {
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new ConfigError('port', port, 'an integer from 0 to 65535')
  }
  return port
}

export function checkCloseOptions(options: CloseServerOptions): void {
  for (const field of ['drainMs', 'retryAfterMs', 'spreadMs'] as const) {
    const value = options[field]
    if (value !== undefined) checkDuration(field, value)
  }
}
