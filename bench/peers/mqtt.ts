/** MQTT over WebSocket, QoS 1 both ways: mqtt as the client, aedes as the broker. */
import type { Duplex } from 'node:stream'
import { createWebSocketStream, WebSocketServer } from 'ws'
import { listen } from './listen.js'
import { load } from './packages.js'
import type { OpenOptions, Payload, Peer, PeerClient, PeerServer, ServeOptions } from './peer.js'

interface Packet {
  readonly topic: string
  readonly payload: Buffer
}
interface Broker {
  handle(stream: Duplex): void
  on(event: 'publish', listener: (packet: Packet, client: object | null) => void): void
  publish(packet: { topic: string; payload: string; qos: number }, done: (error?: Error) => void): void
}
interface BrokerClass {
  createBroker(): Promise<Broker>
}
interface Client {
  once(event: 'connect', listener: () => void): void
  on(event: 'message', listener: (topic: string, payload: Buffer) => void): void
  on(event: 'error', listener: () => void): void
  publish(topic: string, payload: string, options: object, done: (error?: Error) => void): void
  subscribeAsync(topic: string, options: object): Promise<unknown>
  end(force: boolean): void
}
interface Mqtt {
  connect(url: string, options: object): Client
}

const UP = 'up'
const DOWN = 'down'

const failed = (error?: Error | null): void => {
  if (error != null) throw error
}

async function serve({ port, handled }: ServeOptions): Promise<PeerServer> {
  const { Aedes } = await load<{ Aedes: BrokerClass }>('aedes')
  const broker = await Aedes.createBroker()
  broker.on('publish', ({ topic, payload }, client) => {
    if (client !== null && topic === UP) handled(JSON.parse(payload.toString()) as Payload)
  })
  const { http, url, cut, lastConnectionAt } = await listen(port)
  const server = new WebSocketServer({
    server: http,
    perMessageDeflate: false,
    handleProtocols: (offered) => [...offered][0] ?? false,
  })
  server.on('connection', (socket) => {
    const stream = createWebSocketStream(socket)
    stream.on('error', () => undefined)
    broker.handle(stream)
  })
  const push = (payload: Payload): void =>
    broker.publish({ topic: DOWN, payload: JSON.stringify(payload), qos: 1 }, failed)
  return { url, push, cut, lastConnectionAt }
}

const loaded = await load<Mqtt & { default?: Mqtt }>('mqtt')
const mqttPackage: Mqtt = loaded.default ?? loaded

function open(url: string, { receive }: OpenOptions): PeerClient {
  const client = mqttPackage.connect(url, {
    protocolVersion: 4,
    clean: false,
    clientId: crypto.randomUUID(),
    reconnectPeriod: 50,
    queueQoSZero: true,
  })
  const connected = new Promise<void>((resolve) => client.once('connect', () => resolve()))
  client.on('error', () => undefined)
  let handler: (payload: Payload) => void = () => undefined
  return {
    async ready() {
      await connected
      if (!receive) return
      client.on('message', (_, payload) => handler(JSON.parse(payload.toString()) as Payload))
      await client.subscribeAsync(DOWN, { qos: 1 })
    },
    send(payload, acknowledged) {
      client.publish(UP, JSON.stringify(payload), { qos: 1 }, (error) => {
        failed(error)
        acknowledged()
      })
    },
    onPush(next) {
      handler = next
    },
    close: () => client.end(true),
  }
}

export const mqtt: Peer = {
  title: 'mqtt, QoS 1, with aedes',
  promise: 'at least once, at most 65,535 at a time',
  packages: ['mqtt', 'aedes', 'ws'],
  queues: true,
  pace: 0.2,
  serve,
  open,
}
