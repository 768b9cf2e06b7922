import { afterEach, describe, expect, it, vi } from 'vitest'
import { maskedFrame } from '../../../src/transports/masked-frame.js'
import { receivedBy } from '../../support/received-frames.js'

/** The four bytes before the payload. */
const keyOf = (frame: Buffer, payload: number): string =>
  frame.subarray(frame.length - payload - 4, frame.length - payload).toString('hex')

afterEach(() => {
  vi.restoreAllMocks()
})

describe('a masked frame', () => {
  it.each([0, 1, 2, 3, 4, 5, 125, 126, 127, 4_095, 65_535, 65_536, 300_001])(
    'carries %d bytes, text and binary',
    async (bytes) => {
      const text = 'x'.repeat(bytes)
      const binary = new Uint8Array(bytes).map((_, at) => at * 7)
      const [first, second] = await receivedBy('server', [maskedFrame(text), maskedFrame(binary)])
      expect([first?.[0].toString() === text, first?.[1]]).toEqual([true, false])
      expect([second?.[0].equals(binary), second?.[1]]).toEqual([true, true])
    },
  )

  it('counts bytes, not characters, and half a character as the one that replaces it', async () => {
    const messages = await receivedBy('server', [maskedFrame('ä€😀'.repeat(20)), maskedFrame('a\ud800b')])
    expect(messages.map(([data]) => data.toString())).toEqual(['ä€😀'.repeat(20), 'a\ufffdb'])
  })

  it('takes bytes from the middle of a buffer, and leaves them as they are', async () => {
    const bytes = Uint8Array.from({ length: 50 }, (_, at) => at).subarray(3, 40)
    const before = [...bytes]
    const [message] = await receivedBy('server', [maskedFrame(bytes)])
    expect([...(message?.[0] ?? [])]).toEqual(before)
    expect([...bytes]).toEqual(before)
  })

  it.each([1, 2, 3, 4, 7])(
    'is whole if its memory begins at byte %d of what it is taken from',
    async (at) => {
      vi.spyOn(Buffer, 'allocUnsafe').mockImplementation((size) => Buffer.alloc(size + at).subarray(at))
      const frames = ['', 'y', 'y'.repeat(130), 'y'.repeat(70_003)].map((text) => maskedFrame(text))
      vi.restoreAllMocks()
      const messages = await receivedBy('server', frames)
      expect(messages.map(([data]) => data.length)).toEqual([0, 1, 130, 70_003])
      expect(messages.every(([data]) => /^y*$/.test(data.toString()))).toBe(true)
    },
  )

  it('has a key of its own, also after as many as are drawn at once', () => {
    const drawn = Array.from({ length: 3_000 }, () => keyOf(maskedFrame('hello'), 5))
    // Of 3,000 random words of 32 bits hardly two are alike.
    expect(new Set(drawn).size).toBeGreaterThan(2_990)
  })
})
