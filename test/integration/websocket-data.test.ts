/**
 * What a SurewireSocket sends arrives as it was, whatever kind of data it is, at a server of `ws`.
 */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { WebSocketServer } from 'ws'
import { SurewireSocket } from '../../src/websocket/index.js'

/** What the server gets of what an open socket sends in one go. */
async function arrived(
  sent: readonly (string | Blob | BufferSource)[],
  deflate: boolean,
): Promise<unknown[]> {
  const server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    perMessageDeflate: deflate && { threshold: 0 },
  })
  onTestFinished(() => {
    server.close()
  })
  await once(server, 'listening')
  const got: unknown[] = []
  const all = new Promise<void>((resolve) => {
    server.on('connection', (peer) => {
      peer.on('message', (data: Buffer, isBinary) => {
        got.push(isBinary ? [...data] : data.toString())
        if (got.length === sent.length) resolve()
      })
    })
  })
  const socket = new SurewireSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  onTestFinished(() => socket.close())
  await new Promise((resolve) => socket.addEventListener('open', resolve))
  for (const data of sent) socket.send(data)
  await all
  return got
}

it.each([false, true])('text, bytes, views and Blobs, in order, deflated: %s', async (deflate) => {
  const bytes = Uint8Array.from([9, 8, 7, 6, 5])
  const got = await arrived(
    [
      'first',
      bytes,
      bytes.subarray(1, 3),
      bytes.slice().buffer,
      Uint16Array.of(258, 772),
      new DataView(bytes.buffer, 2, 2),
      'between',
      new Blob(['of a blob']),
      'after the blob',
      bytes,
    ],
    deflate,
  )
  expect(got).toEqual([
    'first',
    [9, 8, 7, 6, 5],
    [8, 7],
    [9, 8, 7, 6, 5],
    [2, 1, 4, 3],
    [7, 6],
    'between',
    [...Buffer.from('of a blob')],
    'after the blob',
    [9, 8, 7, 6, 5],
  ])
})

it('a buffer of a thousand ones as a thousand ones', async () => {
  const ones = new Uint8Array(1_000).fill(1)
  expect(await arrived([ones.buffer], false)).toEqual([[...ones]])
})
