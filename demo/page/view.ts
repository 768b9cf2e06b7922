/**
 * The page's numbers and words.
 *
 * Owns: what stands in which element. Does not own: the counting (traffic.ts, the server's book).
 */
import type { DemoRecord } from '../contract.js'
import type { Tally } from '../ledger.js'
import type { ServerSide } from './server-side.js'
import type { Traffic } from './traffic.js'

const MAX_LOG_LINES = 100

export function byId(id: string): HTMLElement {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`the page has no element #${id}`)
  return found
}

const count = (value: number): string => value.toLocaleString('en-US')
const duration = (ms: number | null): string => (ms === null ? '–' : `${count(Math.round(ms))} ms`)

function put(id: string, text: string): void {
  const target = byId(id)
  if (target.textContent !== text) target.textContent = text
}

/** A number that should stay 0. */
function putFault(id: string, value: number): void {
  put(id, count(value))
  byId(id).classList.toggle('bad', value > 0)
}

export function show(traffic: Traffic, server: ServerSide): void {
  traffic.down.sentUpTo(server.published)
  const down = traffic.down.tally()
  const { up } = server
  showFlows(traffic, server, down)
  putFault('down-lost', down.lost)
  putFault('up-lost', up.lost)
  putFault('down-duplicated', down.duplicated + down.redelivered)
  putFault('up-duplicated', up.duplicated)
  putFault('down-disorder', down.outOfOrder)
  putFault('up-disorder', up.outOfOrder)
  put('up-redelivered', count(up.redelivered))
  put('down-told', count(down.told))
  put('accepted', count(traffic.accepted))
  put('refused', count(traffic.refused))
  put('reconnects', count(Math.max(0, traffic.opened - 1)))
  put('faults', `${server.cuts}, ${server.stalls}, ${server.kills}`)
  put('p50', duration(traffic.quantile(0.5)))
  put('p99', duration(traffic.quantile(0.99)))
  put('pid', server.pid === null ? 'dead' : `${server.pid}`)
  put('last', describeRecord(traffic.lastRecord))
  showVerdict(up, down)
}

function showFlows(traffic: Traffic, { up, published }: ServerSide, down: Tally): void {
  put('up-sent', count(traffic.sent))
  put('up-once', count(up.once))
  put('up-waiting', count(Math.max(0, traffic.sent - reached(up))))
  put('down-sent', count(Math.max(published, reached(down))))
  put('down-once', count(down.once))
  put('down-waiting', count(down.waiting))
}

/** The highest index that the receiver knows something of. */
const reached = ({ once, lost, told, redelivered, duplicated }: Tally): number =>
  once + lost + told + redelivered + duplicated

function showVerdict(up: Tally, down: Tally): void {
  const broken = [up, down].reduce(
    (sum, { lost, duplicated, outOfOrder }) => sum + lost + duplicated + outOfOrder,
    0,
  )
  if (broken + down.redelivered > 0) return verdict('broken', 'The promise is broken. The table says how.')
  if (up.redelivered + down.told > 0) {
    const again = `${count(up.redelivered)} ran again, flagged`
    const gone = `${count(down.told)} will not come, and the page was told`
    return verdict('told', `The server was killed and forgot: ${again}; ${gone}.`)
  }
  verdict('calm', 'Nothing lost, nothing duplicated, nothing out of order.')
}

function verdict(kind: string, text: string): void {
  byId('verdict').dataset.kind = kind
  put('verdict', text)
}

function describeRecord(record: DemoRecord | null): string {
  const properties = record?.properties as { readonly title?: string } | undefined
  return properties?.title === undefined ? '\u00a0' : `Last record: ${properties.title}`
}

let latest = { text: '', times: 0 }

/** Adds a line to the log, the newest on top; one that repeats itself is counted instead. */
export function log(text: string, kind: 'news' | 'press' | 'problem' = 'news'): void {
  const list = byId('log')
  latest = { text, times: text === latest.text ? latest.times + 1 : 1 }
  if (latest.times > 1) list.firstElementChild?.remove()
  list.prepend(logLine(latest.times > 1 ? `${text} (${latest.times} times)` : text, kind))
  while (list.childElementCount > MAX_LOG_LINES) list.lastElementChild?.remove()
}

function logLine(text: string, kind: string): HTMLElement {
  const line = document.createElement('li')
  const time = document.createElement('time')
  const words = document.createElement('span')
  const now = new Date()
  time.dateTime = now.toISOString()
  time.textContent = `${now.toLocaleTimeString('en-GB')}.${Math.floor(now.getMilliseconds() / 100)}`
  words.textContent = text
  words.dataset.kind = kind
  line.append(time, words)
  return line
}
