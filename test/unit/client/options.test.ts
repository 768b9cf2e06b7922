import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createClient } from '../../../src/client/create-client.js'
import { connectionConfig, DEFAULTS, resolveOptions } from '../../../src/client/options.js'
import type { ClientOptions } from '../../../src/client/types.js'
import { json } from '../../../src/serializers/json.js'

const url = 'wss://example.com/ws'

/** The ConfigError of wrong options. */
function errorOf(options: unknown): { field: string; message: string; code: string } {
  try {
    resolveOptions(options as ClientOptions)
  } catch (error) {
    return error as never
  }
  throw new Error('the options should be refused')
}

describe('a wrong option', () => {
  it.each([
    ['url', { url: undefined }],
    ['url', { url: '' }],
    ['url', { url: 'no address' }],
    ['url', { url: 'ftp://example.com' }],
    ['url', { url: 7 }],
    ['name', { url, name: '' }],
    ['name', { url, name: 7 }],
    ['connectTimeoutMs', { url, connectTimeoutMs: 0 }],
    ['connectTimeoutMs', { url, connectTimeoutMs: Number.POSITIVE_INFINITY }],
    ['connectTimeoutMs', { url, connectTimeoutMs: '5s' }],
    ['heartbeat', { url, heartbeat: true }],
    ['heartbeat.intervalMs', { url, heartbeat: { intervalMs: 0 } }],
    ['heartbeat.timeoutMs', { url, heartbeat: { timeoutMs: Number.NaN } }],
    ['heartbeat.interval', { url, heartbeat: { interval: 5 } }],
    ['reconnect', { url, reconnect: 'yes' }],
    ['reconnect.initialDelayMs', { url, reconnect: { initialDelayMs: -1 } }],
    ['reconnect.maxDelayMs', { url, reconnect: { maxDelayMs: Number.POSITIVE_INFINITY } }],
    ['reconnect.stableAfterMs', { url, reconnect: { stableAfterMs: '1' } }],
    ['reconnect.factor', { url, reconnect: { factor: 0.5 } }],
    ['reconnect.maxAttempts', { url, reconnect: { maxAttempts: 0 } }],
    ['reconnect.jitter', { url, reconnect: { jitter: 'some' } }],
    ['reconnect.retries', { url, reconnect: { retries: 5 } }],
    ['queue', { url, queue: null }],
    ['queue.maxMessages', { url, queue: { maxMessages: 0 } }],
    ['queue.maxBytes', { url, queue: { maxBytes: Number.NaN } }],
    ['queue.overflow', { url, queue: { overflow: 'drop' } }],
    ['queue.storage', { url, queue: { storage: {} } }],
    ['queue.limit', { url, queue: { limit: 5 } }],
    ['onUnknown', { url, onUnknown: 'retry' }],
    ['userLog', { url, userLog: 'start' }],
    ['userLog.from', { url, userLog: { from: 'then' } }],
    ['request', { url, request: 5_000 }],
    ['request.timeoutMs', { url, request: { timeoutMs: 0 } }],
    ['request.timeout', { url, request: { timeout: 5 } }],
    ['serializer', { url, serializer: JSON }],
    ['dialect', { url, dialect: 'native' }],
    ['contract', { url, contract: 'contract' }],
    ['transports', { url, transports: [] }],
    ['transports', { url, transports: [{}] }],
    ['device', { url, device: 'phone' }],
    ['device', { url, device: { id: 1n } }],
    ['logger', { url, logger: { info: () => undefined } }],
    ['signals', { url, signals: 'yes' }],
    ['closeOnSignals', { url, closeOnSignals: 'SIGTERM' }],
    ['closeOnSignals', { url, closeOnSignals: [15] }],
    ['ulr', { url, ulr: 'x' }],
    ['connectTimeout', { url, connectTimeout: 5 }],
  ])('is named: %s', (field, options) => {
    const error = errorOf(options)

    expect(error).toMatchObject({ name: 'ConfigError', code: 'config_invalid', field })
    expect(error.message).toContain(`'${field}'`)
    expect(error.message).toMatch(/must be /)
  })

  it.each([[undefined], [null], ['wss://example.com'], [7]])('are options that are none: %s', (options) => {
    expect(errorOf(options).field).toBe('options')
  })

  it('is said by the client’s name where it has one', () => {
    expect(errorOf({ url, name: 'kitchen', onUnknown: 'x' }).message).toContain('(kitchen)')
  })

  it('is raised by createClient, before anything happens', () => {
    expect(() => createClient({ url: 'nonsense' })).toThrow(/url/)
  })
})

describe('right options', () => {
  it.each([
    [{ url }],
    [{ url: new URL(url) }],
    [{ url: 'https://example.com/ws' }],
    [{ url: () => url }],
    [{ url, heartbeat: false as const, reconnect: false as const }],
    [{ url, heartbeat: {}, reconnect: {}, queue: {}, request: {} }],
    [{ url, reconnect: { initialDelayMs: 0, maxAttempts: Number.POSITIVE_INFINITY } }],
    [{ url, name: 'x', auth: null, serializer: json(), device: { kind: 'mobile' }, signals: false }],
    [{ url, closeOnSignals: ['SIGTERM' as const] }],
  ])('pass: %j', (options) => {
    expect(() => resolveOptions(options)).not.toThrow()
  })

  it('get their defaults', () => {
    expect(resolveOptions({ url })).toMatchObject({
      name: 'surewire',
      contract: null,
      serializer: { name: 'json' },
      dialect: { name: 'native', subprotocols: ['surewire.1.json'] },
      transports: [{ name: 'websocket' }],
      queue: { maxMessages: 10_000, maxBytes: 16_777_216, overflow: 'reject' },
      requestTimeoutMs: 15_000,
    })
    expect(connectionConfig({})).toEqual({
      connectTimeoutMs: 20_000,
      heartbeat: DEFAULTS.heartbeat,
      reconnect: DEFAULTS.reconnect,
      freshCredentials: false,
    })
  })

  it('say what is switched off, and whether credentials can be read anew', () => {
    expect(connectionConfig({ heartbeat: false, reconnect: false, auth: () => 'x' })).toMatchObject({
      heartbeat: null,
      reconnect: null,
      freshCredentials: true,
    })
  })
})

describe('docstrings', () => {
  const source = readFileSync(new URL('../../../src/client/types.ts', import.meta.url), 'utf8')

  /** `@default` of every field of an interface, by name. */
  function documented(name: string): Record<string, string> {
    const body = source.split(new RegExp(`export interface ${name}\\b[^{]*{`))[1]?.split('\n}')[0] ?? ''
    const found = [...body.matchAll(/@default ([^\n]+?) ?\*\/\s+(\w+)\??:/g)]
    return Object.fromEntries(found.map(([, value = '', field = '']) => [field, value.trim()]))
  }

  it.each([
    ['HeartbeatOptions', DEFAULTS.heartbeat, {}],
    ['ReconnectOptions', DEFAULTS.reconnect, {}],
    ['QueueOptions', DEFAULTS.queue, { storage: 'memory' }],
    [
      'ClientOptions',
      {
        name: DEFAULTS.name,
        connectTimeoutMs: DEFAULTS.connectTimeoutMs,
        onUnknown: DEFAULTS.onUnknown,
        timeoutMs: DEFAULTS.request.timeoutMs,
      },
      {
        serializer: 'json()',
        dialect: 'native',
        transports: '[webSocket()]',
        userLog: "{ from: 'now' }",
        logger: 'silent',
        signals: 'true',
        closeOnSignals: 'false',
      },
    ],
  ])('state the defaults of %s', (name, values, inWords) => {
    const expected = Object.fromEntries(
      Object.entries(values).map(([field, value]) => [
        field,
        typeof value === 'string' ? `'${value}'` : String(value),
      ]),
    )
    const stated = Object.fromEntries(
      Object.entries(documented(name)).map(([field, text]) => [
        field,
        /^[\d_]+$/.test(text) ? text.replaceAll('_', '') : text,
      ]),
    )

    expect(stated).toEqual({ ...expected, ...inWords })
  })
})
