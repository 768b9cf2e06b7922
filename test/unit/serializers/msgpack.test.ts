import { encode as libraryEncode, ExtData } from '@msgpack/msgpack'
import { describe, expect, it } from 'vitest'
import { MAX_DEPTH } from '../../../src/protocol/codec.js'
import { ProtocolError } from '../../../src/protocol/errors.js'
import { msgpack } from '../../../src/serializers/msgpack.js'

const serializer = msgpack()
const decode = (...bytes: number[]): unknown => serializer.decode(new Uint8Array(bytes), MAX_DEPTH)
const refused = (code: string) => expect.objectContaining({ name: 'ProtocolError', code })

describe('msgpack', () => {
  it.each([0, 1, 255, 256, 65_536])('carries %i bytes of binary data as Uint8Array', (length) => {
    const bytes = new Uint8Array(length).fill(7)
    const data = serializer.decode(serializer.encode(['room', 'file', bytes]), MAX_DEPTH) as unknown[]
    expect(data[2]).toStrictEqual(bytes)
  })

  it('gives Uint8Arrays even if the message came in a Buffer', () => {
    const message = Buffer.from(serializer.encode([new Uint8Array([1])]) as Uint8Array)
    const [bytes] = serializer.decode(message, MAX_DEPTH) as [Uint8Array]
    expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype)
    expect(bytes).toStrictEqual(new Uint8Array([1]))
  })

  it('reads a message that lies inside a larger buffer', () => {
    const message = serializer.encode([2 ** 40, 'x']) as Uint8Array
    const large = new Uint8Array(message.length + 10)
    large.set(message, 5)
    expect(serializer.decode(large.subarray(5, 5 + message.length), MAX_DEPTH)).toEqual([2 ** 40, 'x'])
  })

  it('keeps NaN and infinities', () => {
    const numbers = [Number.NaN, Infinity, -Infinity]
    expect(serializer.decode(serializer.encode(numbers), MAX_DEPTH)).toEqual(numbers)
  })

  it('refuses a Date and anything with toJSON, which would lose their content', () => {
    expect(() => serializer.encode([{ at: new Date() }])).toThrow(
      /^msgpack\(\) cannot encode a Date: send its ISO/,
    )
    expect(() => serializer.encode([new URL('ws://a')])).toThrow(/does not call toJSON\(\)/)
  })

  it('puts numbers in front of arrays only', () => {
    expect(() => serializer.prepend([1], serializer.encode({ a: 1 }))).toThrow(TypeError)
    expect(() => serializer.prepend([1], new Uint8Array())).toThrow(TypeError)
  })

  it.each([
    ['an array of 2^32 - 1', [0xdd, 0xff, 0xff, 0xff, 0xff]],
    ['a map of 2^32 - 1', [0xdf, 0xff, 0xff, 0xff, 0xff]],
    ['a string of 2^32 - 1', [0xdb, 0xff, 0xff, 0xff, 0xff]],
    ['binary data of 2^32 - 1', [0xc6, 0xff, 0xff, 0xff, 0xff]],
    ['a count without its bytes', [0xdc, 0x00]],
    ['arrays whose counts add up to more than is there', [0x93, 0x92, 0xc0, 0xc0, 0xc0]],
    ['nothing', []],
    ['a second value', [0xc0, 0xc0]],
    ['the byte that is never used', [0xc1]],
    ['an integer without its bytes', [0xcf, 0x00]],
    ['a key that is no string', [0x81, 0xc0, 0xc0]],
  ])('refuses %s before anything is allocated', (_what, bytes) => {
    const before = process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed
    expect(() => decode(...bytes)).toThrow(refused('malformed'))
    expect(process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed - before).toBeLessThan(
      50_000_000,
    )
  })

  it('refuses lengths that lie at every level, quickly', () => {
    const bytes = new Uint8Array(300_000)
    for (let at = 0; at < bytes.length; at += 5) bytes.set([0xdd, 0, 0, 0xff, 0xff], at)
    expect(() => serializer.decode(bytes, MAX_DEPTH)).toThrow(ProtocolError)
  })

  it('refuses extension types, timestamps too', () => {
    expect(() => serializer.decode(libraryEncode(new Date()), MAX_DEPTH)).toThrow(refused('malformed'))
    expect(() => serializer.decode(libraryEncode(new ExtData(5, new Uint8Array(3))), MAX_DEPTH)).toThrow(
      /extension types/,
    )
  })

  it.each([
    ['2^53 - 1', [0xcf, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], Number.MAX_SAFE_INTEGER],
    ['-(2^53 - 1)', [0xd3, 0xff, 0xe0, 0, 0, 0, 0, 0, 1], Number.MIN_SAFE_INTEGER],
  ])('takes the integer %s', (_what, bytes, expected) => {
    expect(decode(...bytes)).toBe(expected)
  })

  it.each([
    ['2^53', [0xcf, 0, 0x20, 0, 0, 0, 0, 0, 0]],
    ['-2^53', [0xd3, 0xff, 0xe0, 0, 0, 0, 0, 0, 0]],
    ['2^64 - 1', [0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
  ])('refuses the integer %s, which would be rounded', (_what, bytes) => {
    expect(() => decode(...bytes)).toThrow(/beyond 2\^53 - 1/)
  })

  it('refuses the key __proto__, overlong too', () => {
    const plain = [...Buffer.from('__proto__')]
    expect(() => decode(0x81, 0xa9, ...plain, 0xc0)).toThrow(refused('forbidden_key'))
    const overlong = [0xc1, 0x9f, ...plain.slice(1)]
    expect(() => decode(0x81, 0xaa, ...overlong, 0xc0)).toThrow(refused('forbidden_key'))
  })

  it.each([
    ['a number', [0x01]],
    ['nil', [0xc0]],
    ['bytes', [0xc4, 0x01, 0x61]],
  ])('refuses %s as the key of a map', (_what, key) => {
    expect(() => decode(0x81, ...key, 0xc0)).toThrow(refused('malformed'))
  })

  it('lets __proto__ through as text', () => {
    expect(serializer.decode(serializer.encode(['__proto__']), MAX_DEPTH)).toEqual(['__proto__'])
  })
})
