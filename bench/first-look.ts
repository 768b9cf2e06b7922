/**
 * A first look at speed: messages acknowledged per second and client CPU per message, against bare `ws` with
 * hand-written ids and acks, in one run, rounds interleaved. Ratios are what counts; absolute figures are the machine's.
 *
 *   npm run bench:first
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { WebSocket } from 'ws'
import { createClient } from '../src/index.js'

const MESSAGES = 60_000
const ROUNDS = 5
const PAYLOAD = { index: 0, text: 'x'.repeat(70) }

interface Measure {
  perSecond: number
  cpuMicros: number
}

type Run = (url: string, window: number) => Promise<Measure>

async function withServer<T>(kind: string, use: (url: string) => Promise<T>): Promise<T> {
  const file = fileURLToPath(new URL('first-look-server.js', import.meta.url))
  const child: ChildProcess = spawn(process.execPath, [file, kind], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  try {
    const url = await new Promise<string>((resolve) =>
      child.once('message', (message) => resolve(message as string)),
    )
    return await use(url)
  } finally {
    child.kill()
  }
}

/** Times `send` being called until `MESSAGES` acknowledgements came back, `window` unacknowledged at a time. */
function measure(window: number, send: (index: number, acknowledged: () => void) => void): Promise<Measure> {
  return new Promise((resolve) => {
    const cpu = process.cpuUsage()
    const start = performance.now()
    let sent = 0
    let acknowledged = 0
    const onAcknowledged = (): void => {
      acknowledged++
      if (sent < MESSAGES) send(sent++, onAcknowledged)
      else if (acknowledged === MESSAGES) {
        const seconds = (performance.now() - start) / 1_000
        const { user, system } = process.cpuUsage(cpu)
        resolve({ perSecond: MESSAGES / seconds, cpuMicros: (user + system) / MESSAGES })
      }
    }
    while (sent < Math.min(window, MESSAGES)) send(sent++, onAcknowledged)
  })
}

const bareWs: Run = async (url, window) => {
  const socket = new WebSocket(url, { perMessageDeflate: false })
  await new Promise((resolve) => socket.once('open', resolve))
  const pending = new Map<number, () => void>()
  socket.on('message', (data: Buffer) => {
    const { ack } = JSON.parse(data.toString()) as { ack: number }
    const acknowledged = pending.get(ack)
    pending.delete(ack)
    acknowledged?.()
  })
  const result = await measure(window, (index, acknowledged) => {
    pending.set(index, acknowledged)
    socket.send(JSON.stringify({ id: index, type: 'message', data: { ...PAYLOAD, index } }))
  })
  socket.terminate()
  return result
}

const surewire: Run = async (url, window) => {
  const client = createClient({ url, queue: { maxMessages: MESSAGES, maxBytes: 1e9 } })
  await client.connect()
  const pending = new Map<string, () => void>()
  client.lifecycle.on('settled', (receipt) => {
    const acknowledged = pending.get(receipt.id)
    pending.delete(receipt.id)
    acknowledged?.()
  })
  const result = await measure(window, (index, acknowledged) => {
    pending.set(client.send('message', { ...PAYLOAD, index }).id, acknowledged)
  })
  await client.close({ drainMs: 0 })
  return result
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] ?? 0

const rows: Record<string, string>[] = []
for (const window of [256, MESSAGES]) {
  const found: Record<'ws' | 'surewire', Measure[]> = { ws: [], surewire: [] }
  for (let round = 0; round < ROUNDS; round++) {
    found.ws.push(await withServer('ws', (url) => bareWs(url, window)))
    found.surewire.push(await withServer('surewire', (url) => surewire(url, window)))
  }
  const ratio = (key: keyof Measure): number =>
    median(found.surewire.map((measured, round) => measured[key] / (found.ws[round]?.[key] ?? 1)))
  rows.push({
    window: window === MESSAGES ? 'all at once' : String(window),
    'bare ws /s': median(found.ws.map(({ perSecond }) => perSecond)).toFixed(0),
    'surewire /s': median(found.surewire.map(({ perSecond }) => perSecond)).toFixed(0),
    'speed ratio': ratio('perSecond').toFixed(2),
    'bare ws client µs': median(found.ws.map(({ cpuMicros }) => cpuMicros)).toFixed(1),
    'surewire client µs': median(found.surewire.map(({ cpuMicros }) => cpuMicros)).toFixed(1),
    'CPU ratio': ratio('cpuMicros').toFixed(2),
  })
}
console.table(rows)
