/**
 * Bytes that no WebSocket library would send: frames of RFC 6455 made by hand, written past `ws`.
 */
import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'

export interface FrameOptions {
  /** Clients mask. @default false */
  masked?: boolean
  /** RSV1: compressed, if that was agreed. @default false */
  compressed?: boolean
}

/** One final frame with this opcode (RFC 6455 section 5.2). The mask is zero, so that the payload stays readable. */
export function frameOf(opcode: number, payload: Buffer, options: FrameOptions = {}): Buffer {
  const { masked = false, compressed = false } = options
  const long = payload.length > 65_535
  const header = Buffer.alloc(payload.length < 126 ? 2 : long ? 10 : 4)
  header[0] = 0x80 | (compressed ? 0x40 : 0) | opcode
  if (payload.length < 126) header[1] = payload.length
  else if (long) {
    header[1] = 127
    header.writeBigUInt64BE(BigInt(payload.length), 2)
  } else {
    header[1] = 126
    header.writeUInt16BE(payload.length, 2)
  }
  if (!masked) return Buffer.concat([header, payload])
  header.writeUInt8(header.readUInt8(1) | 0x80, 1)
  return Buffer.concat([header, Buffer.alloc(4), payload])
}

/** Writes to the TCP socket below an open WebSocket. */
export function writeBelow(socket: WebSocket, bytes: Buffer): void {
  const { _socket: below } = socket as unknown as { _socket: Socket }
  below.write(bytes)
}
