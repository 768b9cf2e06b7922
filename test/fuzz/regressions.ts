/**
 * Every input that ever failed, by name.
 *
 * Owns: the messages and the steps, as small as they were shrunk to.
 */
import type { Library } from './library.js'
import type { Message } from './parser-target.js'
import type { Step } from './steps.js'

const json = (side: Message['side'], frame: unknown): Message => ({
  codec: 'json',
  side,
  data: JSON.stringify([frame]),
})

const bytes = (side: Message['side'], values: readonly number[]): Message => ({
  codec: 'msgpack',
  side,
  data: Uint8Array.from(values),
})

export const FAILED_MESSAGES: readonly (readonly [string, Message])[] = [
  ['PRESENCE of a server without members', json('server', [21, 'lobby', 5, 'sync', null])],
  ['SEND without data', json('client', [6, 7, null, 'note'])],
  ['REQUEST without data', json('client', [7, 1, 'echo'])],
  ['VOLATILE of a client without data', json('client', [20, 'lobby', 'typing'])],
  ['VOLATILE of a server without data', json('server', [20, 'lobby', 'typing'])],
  ['a MessagePack map with a number for a key', bytes('client', [0x91, 0x92, 0x18, 0x81, 0x01, 0xc0])],
  [
    'a MessagePack map with a number of 64 bits for a key',
    bytes('client', [0x81, 0xcf, 0x00, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xfd, 0x9f, 0xff]),
  ],
]

const HELLO = {
  v: 1,
  producers: [],
  cursors: { 'room/lobby': ['', Number.MAX_SAFE_INTEGER] },
  window: { messages: 10, bytes: 10_000 },
  maxFrame: 10_000,
}

/** A reader that claims the last offset there is: the GAP that answers it began at 2^53. */
export const LAST_OFFSET: readonly Step[] = [
  { do: 'open', link: 1 },
  { do: 'batch', link: 1, frames: [[1, HELLO]] },
  { do: 'batch', link: 1, frames: [[16, 1, 'den', null, Number.MAX_SAFE_INTEGER]] },
]

/** A frame whose type is an object that says it is no text and no number: the judge asked it for a number. */
export const TYPE_WITHOUT_A_NUMBER: readonly Step[] = [
  { do: 'open', link: 1 },
  { do: 'batch', link: 1, frames: [[{ toString: ['', 0] }]] },
]

/** A client is closed while a request is open, and the server ends the connection before it has drained. */
export function closedWhileDraining({ recorded }: Library): Step[] {
  const steps = recorded[0]?.client.steps ?? []
  const lastAct = steps.findLast((step) => step.do === 'act')
  if (lastAct?.do !== 'act') throw new Error('the recording has no acts')
  const until = steps.findIndex((step) => step.do === 'act' && step.act > 5)
  // The reply to the request is held back, and so is every acknowledgement.
  const before = steps.slice(0, until).filter((step) => step.do !== 'batch' || isHandshake(step.frames))
  return [
    ...before,
    { do: 'act', act: lastAct.act },
    { do: 'batch', link: 1, frames: [[28]] },
    { do: 'close', link: 1, code: 1_000 },
  ]
}

const isHandshake = (frames: readonly unknown[]): boolean =>
  frames.every((frame) => Array.isArray(frame) && (frame[0] === 2 || frame[0] === 4))
