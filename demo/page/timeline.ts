/**
 * The coloured band: in which state the connection was during the last minute, and what was pressed when.
 *
 * Owns: that history and how it is drawn, also in words.
 */
import type { Status } from '../../src/index.js'

const SPAN_MS = 60_000

interface Stretch {
  readonly state: Status
  readonly from: number
}

export class Timeline {
  readonly #band: HTMLElement
  readonly #text: HTMLElement
  readonly #startedAt = performance.now()
  #stretches: Stretch[] = []
  #presses: number[] = []

  constructor(band: HTMLElement, text: HTMLElement) {
    this.#band = band
    this.#text = text
  }

  enter(state: Status): void {
    this.#stretches.push({ state, from: performance.now() })
  }

  press(): void {
    this.#presses.push(performance.now())
  }

  draw(): void {
    const now = performance.now()
    const start = now - SPAN_MS
    this.#forgetBefore(start)
    const stretches = this.#stretches.map(({ state, from }, at) => ({
      state,
      from: Math.max(from, start),
      to: this.#stretches[at + 1]?.from ?? now,
    }))
    const share = (ms: number): string => `${(100 * ms) / SPAN_MS}%`
    const parts = stretches.map(({ state, from, to }) => {
      const part = element('stretch', share(from - start))
      part.dataset.state = state
      part.style.width = share(to - from)
      return part
    })
    const marks = this.#presses.map((at) => element('press', share(at - start)))
    this.#band.replaceChildren(...parts, ...marks)
    this.#describe(stretches, now)
  }

  /** Keeps the stretch that the minute begins in. */
  #forgetBefore(start: number): void {
    const first = this.#stretches.findLastIndex(({ from }) => from <= start)
    this.#stretches = this.#stretches.slice(Math.max(0, first))
    this.#presses = this.#presses.filter((at) => at > start)
  }

  #describe(stretches: readonly { state: Status; from: number; to: number }[], now: number): void {
    const spanMs = Math.max(1, Math.min(SPAN_MS, now - this.#startedAt))
    const down = stretches.filter(({ state }) => state === 'reconnecting')
    const lengths = down.map(({ from, to }) => to - from)
    const upMs = stretches.reduce(
      (sum, { state, from, to }) => sum + (state === 'connected' ? to - from : 0),
      0,
    )
    const text =
      down.length === 0
        ? 'No interruption yet.'
        : `Connected ${Math.round((100 * upMs) / spanMs)} % of the time; ${down.length} ` +
          `${down.length === 1 ? 'interruption' : 'interruptions'}, the longest ${seconds(Math.max(...lengths))}.`
    if (this.#text.textContent !== text) this.#text.textContent = text
  }
}

const seconds = (ms: number): string => (ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`)

function element(className: string, left: string): HTMLElement {
  const made = document.createElement('div')
  made.className = className
  made.style.left = left
  return made
}
