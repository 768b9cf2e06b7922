import { describe, expect, it } from 'vitest'
import { nativeDialect } from '../../../src/dialects/native.js'
import { ProtocolError } from '../../../src/protocol/errors.js'
import { json } from '../../../src/serializers/json.js'
import { msgpack } from '../../../src/serializers/msgpack.js'

describe.each([json(), msgpack()])('the native dialect with $name', (serializer) => {
  const dialect = nativeDialect(serializer)
  const translator = dialect.translator()

  it('offers the subprotocol of its serializer', () => {
    expect(dialect.subprotocols).toEqual([`surewire.1.${serializer.name}`])
  })

  it('makes one message of the frames of a turn, and gives them back', () => {
    const frames = [
      [5, 1],
      [6, 1, null, 'type', { a: 1 }],
    ]
    const messages = translator.outgoing(frames.map((frame) => serializer.encode(frame)))
    expect(messages).toHaveLength(1)
    expect(translator.incoming(messages[0] as string)).toEqual(frames)
  })

  it('makes no message of no frames', () => {
    expect(translator.outgoing([])).toEqual([])
  })

  it.each([{ 0: [28] }, 'text', 5, null])('refuses a message that is no array: %j', (value) => {
    expect(() => translator.incoming(serializer.encode(value))).toThrow(ProtocolError)
  })

  it('never asks for time', () => {
    expect(translator.deadline()).toBeNull()
    expect(translator.tick(5)).toEqual([])
  })
})
