/**
 * The worked trace of docs/PROTOCOL.md: connect → cut → resume → gap, by the production client and server.
 *
 * Owns: the scene, and how its frames are written down. Time is virtual and chance comes from a seed, so that every run
 * is the same; ids and epochs get short names in the order of their appearance.
 */
import { FrameType } from '../src/protocol/frames.js'
import {
  createTestClient,
  createTestNetwork,
  createTestServer,
  manualClock,
  type TraceEvent,
} from '../src/testing/index.js'

const START = Date.UTC(2026, 0, 1)

export async function protocolTrace(): Promise<string> {
  const writer = new TraceWriter()
  const clock = manualClock({ wallMs: START })
  const network = createTestNetwork({ seed: 1, clock, faults: { latencyMs: 20 } })
  network.trace((event) => writer.note(event))
  const server = createTestServer({ network, limits: { historyMessages: 3 } })
  const client = createTestClient({
    network,
    url: server.url,
    heartbeat: { intervalMs: 25_000, timeoutMs: 10_000 },
    reconnect: { initialDelayMs: 500, jitter: 'none' },
  })
  const lobby = client.room('lobby')
  lobby.on('chat', () => undefined)
  client.lifecycle.on('gap', ({ from, to }) =>
    writer.say(clock.now(), `the application is told: entries ${from} to ${to} are missing`),
  )

  const send = (text: string): void => {
    const { settled } = lobby.send('chat', { text })
    void settled.then(({ outcome }) => writer.say(clock.now(), `the receipt of '${text}': ${outcome}`))
  }

  writer.say(clock.now(), 'connect() and join()')
  void client.connect()
  void lobby.join()
  await clock.advanceAsync(200)

  writer.say(clock.now(), 'room.send()')
  send('one')
  await clock.advanceAsync(200)

  writer.say(clock.now(), 'room.send() twice; the server commits both, but its answer is lost')
  send('two')
  send('three')
  await clock.advanceAsync(30)
  network.links()[0]?.cut()
  await clock.advanceAsync(1)

  for (let n = 4; n <= 7; n++) await server.toRoom('lobby').send('chat', { n })
  writer.say(clock.now(), 'the server sends four more to the room: of entries 1 to 7 it keeps the last three')
  await clock.advanceAsync(1_000)

  writer.say(clock.now(), 'close()')
  void client.close()
  await clock.advanceAsync(200)
  await server.close({ drainMs: 0 })
  return writer.text()
}

const nameOf = new Map<unknown, string>(Object.entries(FrameType).map(([name, type]) => [type, name]))

const ARROW = { up: '  C→S', down: '  C←S' } as const

class TraceWriter {
  readonly #lines: string[] = []
  /** Random text → its short name. */
  readonly #names = new Map<string, string>()
  readonly #counts = new Map<string, number>()

  text(): string {
    return this.#lines.join('')
  }

  /** Something that is no frame. */
  say(at: number, what: string): void {
    this.#lines.push(`${stamp(at)}  -- ${what}\n`)
  }

  note({ at, what, direction, data, detail }: TraceEvent): void {
    if (what === 'send' && direction !== undefined && typeof data === 'string') {
      for (const frame of JSON.parse(data) as unknown[][]) this.#frame(at, ARROW[direction], frame)
    } else if (what === 'cut') this.say(at, 'the connection is cut')
    else if (what === 'close' && detail !== undefined) this.say(at, `close ${detail}`)
  }

  #frame(at: number, arrow: string, frame: readonly unknown[]): void {
    const name = (nameOf.get(frame[0]) ?? '?').padEnd(8)
    this.#learn(frame)
    this.#lines.push(`${stamp(at)}${arrow}  ${name}  ${this.#shortened(JSON.stringify(frame))}\n`)
  }

  /** Finds what is random in a frame: producers, sessions, keys, then messages; all else is an epoch. */
  #learn(frame: readonly unknown[]): void {
    const text = JSON.stringify(frame)
    const all = (pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, found = '']) => found)
    for (const id of all(/"id":"([\w-]{21,22})","key":"[^"]+","kind"/g)) this.#call(id, 'P')
    for (const id of all(/"session":\{"id":"([\w-]{21,22})"/g)) this.#call(id, 'S')
    for (const key of all(/"key":"([\w-]{21,22})"/g)) this.#call(key, 'k')
    // The server's own: a random prefix and a count.
    for (const id of all(/"id":"([\w-]{21,22}\.\d+)","from":null/g)) this.#call(id, 'M')
    for (const id of all(/"id":"([\w-]{21,22})"/g)) this.#call(id, 'M')
    for (const epoch of all(/"([\w-]{21,22})"/g)) this.#call(epoch, 'e')
  }

  #call(random: string, letter: string): void {
    if (this.#names.has(random)) return
    const count = (this.#counts.get(letter) ?? 0) + 1
    this.#counts.set(letter, count)
    this.#names.set(random, `${letter}${count}`)
  }

  #shortened(json: string): string {
    let text = json
    for (const [random, name] of this.#names) text = text.replaceAll(random, name)
    return text
  }
}

const stamp = (at: number): string => `${Math.round(at).toString().padStart(5)} ms`
