/**
 * The demo's page: a surewire client through a proxy that the buttons break.
 *
 * Owns: starting, and joining buttons, events and what is drawn.
 */
import type { DemoRecord } from '../contract.js'
import type { ServerSide } from './server-side.js'
import { Timeline } from './timeline.js'
import { Traffic } from './traffic.js'
import { byId, log, show } from './view.js'

/** A new name each time the page is loaded: its counts begin at nothing, on both sides. */
const name = Math.random().toString(36).slice(2)
const timeline = new Timeline(byId('band'), byId('timeline-text'))
const calm = matchMedia('(prefers-reduced-motion: reduce)')

let traffic: Traffic | null = null
let server: ServerSide | null = null
let drawnAt = Number.NEGATIVE_INFINITY

/** Four times a second; once for those who asked for less motion. */
function draw(now: number): void {
  if (now - drawnAt >= (calm.matches ? 1_000 : 250)) {
    drawnAt = now
    timeline.draw()
    if (traffic !== null && server !== null) show(traffic, server)
  }
  requestAnimationFrame(draw)
}

async function start(url: string): Promise<void> {
  const records = (await (await fetch('/records.json')).json()) as readonly DemoRecord[]
  const started = new Traffic(name, url, records)
  traffic = started
  watch(started)
  await started.start()
}

function watch({ client }: Traffic): void {
  client.lifecycle.on('status', (next, _previous, { message }) => {
    timeline.enter(next)
    const pill = byId('status')
    pill.dataset.state = next
    pill.textContent = next
    log(`${next}: ${message}`, next === 'reconnecting' ? 'problem' : 'news')
  })
  client.lifecycle.on('gap', ({ log: where, from, to, why }) =>
    log(
      `gap in ${where}: from offset ${from} to ${to ?? 'its end, then it begins anew'} (${why})`,
      'problem',
    ),
  )
  client.lifecycle.on('error', ({ message }) => log(message, 'problem'))
  client.lifecycle.on('warning', ({ message }) => log(message, 'problem'))
}

async function press(button: string, words: string): Promise<void> {
  timeline.press()
  log(words, 'press')
  await tell(button)
}

/** Says something to the demo itself, beside the connection on trial. */
async function tell(button: string): Promise<void> {
  const { ok } = await fetch(`/${button}?page=${name}`, {
    method: 'POST',
    headers: { 'x-surewire-demo': '1' },
  })
  if (!ok) log(`the demo did not answer to ${button}`, 'problem')
}

function onPress(id: string, action: () => void): void {
  byId(id).addEventListener('click', action)
}

function bindButtons(): void {
  onPress('cut', () => void press('cut', 'you cut the connection'))
  onPress(
    'stall',
    () => void press('stall', 'you stalled the connection: for 5 s nothing flows, and nobody is told'),
  )
  onPress('kill', () => void press('kill', 'you killed the server (kill -9)'))
  onPress('send', () => {
    log('you sent 1,000 records', 'press')
    traffic?.send(1_000)
  })
  onPress('pause', () => {
    if (traffic === null) return
    traffic.paused = !traffic.paused
    byId('pause').setAttribute('aria-pressed', String(traffic.paused))
    void tell(traffic.paused ? 'pause' : 'resume')
  })
}

export function startPage(): void {
  bindButtons()
  const events = new EventSource(`/events?page=${name}`)
  events.addEventListener('hello', (event: MessageEvent<string>) => {
    const { url } = JSON.parse(event.data) as { url: string }
    if (traffic === null) start(url).catch((error: unknown) => log(String(error), 'problem'))
  })
  events.addEventListener('message', (event: MessageEvent<string>) => {
    server = JSON.parse(event.data) as ServerSide
  })
  events.addEventListener('error', () => {
    events.close()
    traffic?.client.close().catch((error: unknown) => log(String(error), 'problem'))
    log('the demo has ended; start it again and reload this page', 'problem')
  })
  requestAnimationFrame(draw)
}
