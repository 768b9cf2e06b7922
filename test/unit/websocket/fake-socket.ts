/**
 * A WebSocket class whose network is the test, and a SurewireSocket on it with a manual clock.
 */
import { manualClock } from '../../../src/testing/manual-clock.js'
import {
  type ProtocolsProvider,
  SurewireSocket,
  type SurewireSocketOptions,
  type UrlProvider,
} from '../../../src/websocket/index.js'

export class FakeSocket extends EventTarget {
  static all: FakeSocket[] = []
  static get last(): FakeSocket {
    const last = FakeSocket.all.at(-1)
    if (last === undefined) throw new Error('nothing was dialled')
    return last
  }

  readonly url: string
  readonly protocols: readonly string[]
  readyState = 0
  protocol = ''
  extensions = ''
  binaryType = 'blob'
  bufferedAmount = 0
  readonly sent: unknown[] = []
  /** Arguments of `close()`. */
  closed: readonly unknown[] | null = null

  constructor(url: string, protocols: string[] = []) {
    super()
    this.url = url
    this.protocols = protocols
    FakeSocket.all.push(this)
  }

  send(data: unknown): void {
    this.sent.push(data)
  }

  close(code?: number, reason?: string): void {
    this.closed ??= [code, reason].filter((argument) => argument !== undefined)
    this.readyState = 2
  }

  open(protocol = ''): void {
    this.readyState = 1
    this.protocol = protocol
    this.dispatchEvent(new Event('open'))
  }

  message(data: unknown): void {
    this.dispatchEvent(Object.assign(new Event('message'), { data }))
  }

  fail(message: string): void {
    this.dispatchEvent(Object.assign(new Event('error'), { message, error: new Error(message) }))
    this.end(1006, '', false)
  }

  end(code = 1006, reason = '', wasClean = false): void {
    this.readyState = 3
    this.dispatchEvent(Object.assign(new Event('close'), { code, reason, wasClean }))
  }
}

export interface Rig {
  readonly socket: SurewireSocket
  readonly clock: ReturnType<typeof manualClock>
  /** One line per event: what it says and the `readyState` during it. */
  readonly log: string[]
  /** Lets the promises of a dial run. */
  readonly dialled: () => Promise<FakeSocket>
}

export interface RigOptions extends SurewireSocketOptions {
  url?: UrlProvider
  protocols?: ProtocolsProvider
  /** @default 0 */
  random?: number
}

export function rig({
  url = 'ws://host/path',
  protocols = [],
  random = 0,
  ...options
}: RigOptions = {}): Rig {
  FakeSocket.all = []
  const clock = manualClock()
  const given = { WebSocket: FakeSocket, ...options }
  const world = {
    now: () => clock.now(),
    setTimer: (callback: () => void, delayMs: number) => clock.setTimer(callback, delayMs),
    random: () => random,
  }
  const socket = new SurewireSocket(url, protocols, given, world)
  const log: string[] = []
  for (const type of ['open', 'message', 'error', 'close', 'drop', 'retry'])
    socket.addEventListener(type, (event) => log.push(`${describeEvent(event)} @${socket.readyState}`))
  const dialled = async (): Promise<FakeSocket> => {
    await clock.advanceAsync(0)
    return FakeSocket.last
  }
  return { socket, clock, log, dialled }
}

function describeEvent(event: Event): string {
  const fields = event as unknown as Record<string, unknown>
  const told = ['code', 'reason', 'wasClean', 'data', 'why', 'delayMs', 'attempt', 'message']
    .map((name) => fields[name])
    .filter((value) => value !== undefined && value !== '')
  return [event.type, ...told].join(' ')
}
