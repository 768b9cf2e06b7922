/** The conformance kit, shown on our own server and on servers that are wrong on purpose. */
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { readDocument, rulesOf } from '../../scripts/protocol-document.js'
import { startConformanceServer } from '../../scripts/conformance-server.js'
import { type ConformanceReport, type KitWebSocket, runConformance } from '../../src/conformance/index.js'
import { FrameType } from '../../src/protocol/frames.js'
import { msgpack } from '../../src/serializers/msgpack.js'

type Frame = readonly unknown[]

/** What a wrong server says in place of a frame of ours. */
type Mistake = (frame: Frame) => readonly Frame[]

const honest: KitWebSocket = WebSocket

interface Mistakes {
  readonly says?: Mistake
  readonly hears?: Mistake
}

const right: Mistake = (frame) => [frame]

function through(mistake: Mistake, text: string): string {
  try {
    return JSON.stringify((JSON.parse(text) as Frame[]).flatMap((frame) => mistake(frame)))
  } catch {
    return text
  }
}

/** A WebSocket with a server at its end that makes mistakes: ours, with its frames changed on the way. */
function mistaken(mistakesOf: () => Mistakes): KitWebSocket {
  return class extends honest {
    readonly #mistakes = mistakesOf()

    override send(data: string | Uint8Array): void {
      super.send(typeof data === 'string' ? through(this.#mistakes.hears ?? right, data) : data)
    }

    override addEventListener(type: string, listener: (event: never) => void): void {
      super.addEventListener(
        type as 'open',
        (type === 'message' ? this.#mistake(listener) : listener) as () => void,
      )
    }

    #mistake(listener: (event: never) => void): (event: { readonly data: unknown }) => void {
      return ({ data }) => {
        const said = typeof data === 'string' ? through(this.#mistakes.says ?? right, data) : data
        listener({ data: said } as never)
      }
    }
  }
}

async function test(
  options: Partial<Parameters<typeof runConformance>[0]> = {},
  limits: Parameters<typeof startConformanceServer>[0] = {},
): Promise<ConformanceReport> {
  const server = await startConformanceServer(limits)
  try {
    return await runConformance({ url: server.url, WebSocket: honest, ...options })
  } finally {
    await server.close()
  }
}

const failed = ({ results }: ConformanceReport): string[] =>
  results.filter(({ ok }) => !ok).map(({ rule, detail }) => (detail === '' ? `${rule} without a word` : rule))

describe('the conformance kit', () => {
  it('checks every rule of the document that a server can be held to, and marks it alike', async () => {
    const report = await test({ patienceMs: 1, url: 'ws://127.0.0.1:9/ws' })
    const checked = report.results.map(({ rule, level }) => ({ id: rule, mark: level }))
    const stated = rulesOf(readDocument()).filter(({ mark }) => mark === 'core' || mark === 'option')
    const byId = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : 1)
    expect(checked.toSorted(byId)).toEqual(stated.toSorted(byId))
  })

  it('finds every rule broken where there is no server', async () => {
    const report = await test({ patienceMs: 100, url: 'ws://127.0.0.1:9/ws', only: ['HS', 'ACC-1'] })
    expect(report.conforms).toBe(false)
    expect(report.results.filter(({ ok }) => ok)).toEqual([])
    expect(report.results.at(-1)?.rule).toBe('ACC-1')
  })

  it('finds our server right, in JSON', async () => {
    const report = await test()
    expect(report.results.filter(({ ok }) => !ok)).toEqual([])
    expect(report.conforms).toBe(true)
  })

  it('finds our server right, in MessagePack', async () => {
    const report = await test({ serializer: msgpack() })
    expect(report.results.filter(({ ok }) => !ok)).toEqual([])
  })

  it('finds a server right about windows, however slowly it reads: handlers end before it has read all', async () => {
    const report = await test({ only: ['WIN-1', 'WIN-2'] }, { handlerMs: 20 })
    expect(report.results.map(({ rule, detail }) => [rule, detail])).toEqual([
      ['WIN-1', ''],
      ['WIN-2', ''],
    ])
  })

  it('finds out a server whose window is larger than it says', async () => {
    const says: Mistake = (frame) => {
      if (frame[0] !== FrameType.WELCOME) return [frame]
      const welcome = frame[1] as { window: { messages: number; bytes: number } }
      const { messages, bytes } = welcome.window
      return [[frame[0], { ...welcome, window: { messages: messages - 1, bytes: bytes / 2 } }]]
    }
    const only = ['WIN-1', 'WIN-2']
    const report = await test({ WebSocket: mistaken(() => ({ says })), only, patienceMs: 500 })
    expect(failed(report)).toEqual(only)
  })

  it('finds out a server that loses entries in silence', async () => {
    const silent = mistaken(() => ({ says: (frame) => (frame[0] === FrameType.GAP ? [] : [frame]) }))
    const report = await test({ WebSocket: silent, only: ['LOG', 'ROOM', 'ACC'], patienceMs: 500 })
    expect(failed(report)).toEqual(['LOG-5', 'LOG-6', 'LOG-7', 'LOG-8', 'ROOM-3'])
    expect(report.conforms).toBe(false)
  })

  it('finds out a server that forgets refusals', async () => {
    const kind = mistaken(() => ({ says: (frame) => (frame[0] === FrameType.REJECTED ? [] : [frame]) }))
    const report = await test({ WebSocket: kind, only: ['ORD', 'ACC', 'ROOM-8'], patienceMs: 500 })
    expect(failed(report)).toEqual(['ORD-3', 'ORD-4', 'ORD-5', 'ORD-6', 'ROOM-8'])
  })

  it('finds out a server that runs again what comes again', async () => {
    // Each SEND gets the next number, so that none is ever recognised.
    const forgetful = (): Mistakes => {
      let last = 0
      return {
        hears: (frame) => (frame[0] === FrameType.SEND ? [[frame[0], ++last, ...frame.slice(2)]] : [frame]),
      }
    }
    const only = ['ACC-1', 'ACC-2', 'ACC-4', 'ACC-5', 'ACC-9']
    const report = await test({ WebSocket: mistaken(forgetful), only, patienceMs: 500 })
    expect(failed(report)).toEqual(['ACC-2', 'ACC-5', 'ACC-9'])
  })

  it('finds out a server that does not know its sessions again', async () => {
    const says: Mistake = (frame) => {
      if (frame[0] !== FrameType.WELCOME) return [frame]
      const welcome = frame[1] as { session: object }
      return [[frame[0], { ...welcome, session: { ...welcome.session, resumed: false } }]]
    }
    const report = await test({ WebSocket: mistaken(() => ({ says })), only: ['ID', 'FEN'], patienceMs: 500 })
    expect(failed(report)).toEqual(['FEN-3', 'FEN-4', 'ID-10', 'ID-11'])
  })

  it('finds out a server whose frames are malformed', async () => {
    const says: Mistake = (frame) => (frame[0] === FrameType.ACCEPTED ? [[frame[0], frame[1]]] : [frame])
    const report = await test({
      WebSocket: mistaken(() => ({ says })),
      only: ['ACC-1', 'LOG-4'],
      patienceMs: 500,
    })
    expect(report.results.find(({ rule }) => rule === 'ACC-1')?.detail).toContain('ACCEPTED')
  })

  it('says so where there is no WebSocket to dial with', async () => {
    await expect(runConformance({ url: 'ws://127.0.0.1:9/ws' })).rejects.toThrow(/pass one/)
  })
})
