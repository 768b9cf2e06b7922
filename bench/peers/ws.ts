/** Bare `ws`: the baseline, with ids and acks by hand; and fire and forget, where a message counts once written. */
import { WebSocket } from 'ws'
import { openHandAcks, serveHandAcks, type TextSocket } from './hand-acks.js'
import type { Payload, Peer, PeerClient } from './peer.js'

function dial(url: string, received: (text: string) => void): TextSocket {
  const socket = new WebSocket(url, { perMessageDeflate: false })
  socket.on('error', () => undefined)
  socket.on('message', (data: Buffer) => received(data.toString()))
  return {
    send: (text) => socket.send(text),
    close: () => socket.terminate(),
    opened: () => new Promise((resolve) => socket.once('open', resolve)),
  }
}

export const wsAcks: Peer = {
  title: 'ws, acks by hand',
  promise: 'acknowledged while connected; lost when the connection breaks',
  packages: ['ws'],
  queues: false,
  pace: 1,
  serve: serveHandAcks,
  open: (url, options) => openHandAcks((received) => dial(url, received), options),
}

function openFireAndForget(url: string): PeerClient {
  const socket = new WebSocket(url, { perMessageDeflate: false })
  let handler: (payload: Payload) => void = () => undefined
  socket.on('error', () => undefined)
  socket.on('message', (data: Buffer) => {
    handler((JSON.parse(data.toString()) as { push: Payload }).push)
  })
  return {
    ready: () => new Promise((resolve) => socket.once('open', resolve)),
    send: (data, acknowledged) => socket.send(JSON.stringify({ data }), acknowledged),
    onPush(next) {
      handler = next
    },
    close: () => socket.terminate(),
  }
}

export const ws: Peer = {
  title: 'ws, fire and forget',
  promise: 'nothing',
  packages: ['ws'],
  queues: false,
  pace: 1,
  serve: serveHandAcks,
  open: openFireAndForget,
}
