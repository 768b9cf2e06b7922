/**
 * Some thousands of clients in one process, each the production one with its defaults, joined to a room.
 *
 * They connect some at a time at first; how they come back is their own affair.
 */
import { type Client, createClient } from '../../src/index.js'
import { answerQuestions, leaveChannel } from './channel.js'
import { type ClientLine, Journal, monotonicMs } from './journal.js'
import type { ReturnClientsArguments, ReturnStatus } from './return-names.js'
import { roomOf } from './return-names.js'

/** Dials under way at a time while the run is prepared. */
const TOGETHER = 50

const options = JSON.parse(process.argv[2] ?? '{}') as ReturnClientsArguments
const journal = new Journal<ClientLine>(options.journal)
const clients: Client[] = []
/** When each client was welcomed last. */
const openedAt: number[] = []
let news = 0
let unsettled = 0
let round = 0

function make(index: number): Client {
  const client = createClient({
    url: options.url,
    auth: `user-${options.first + index}`,
    name: `client ${index}`,
  })
  client.lifecycle.on('open', () => {
    openedAt[index] = monotonicMs()
  })
  client.lifecycle.on('error', ({ name, code, message }) => {
    if (client.snapshot.status === 'closed')
      journal.write({ what: 'error', message: `${name} ${code}: ${message}` })
  })
  client.room(roomOf(options.first + index)).on('news', () => void news++)
  clients.push(client)
  return client
}

async function openSome(next: () => number | null): Promise<void> {
  for (let index = next(); index !== null; index = next()) {
    const client = make(index)
    await client.connect()
    await client.room(roomOf(options.first + index)).join()
  }
}

async function open(): Promise<void> {
  let made = 0
  const next = (): number | null => (made < options.count ? made++ : null)
  await Promise.all(Array.from({ length: TOGETHER }, () => openSome(next)))
}

/** One message from each. */
function send(): void {
  round++
  for (const [index, client] of clients.entries()) {
    const key = `${options.first + index}/${round}`
    const { id, settled } = client.send('note', { key })
    journal.write({ what: 'sent', id, key, type: 'plain', fragile: false })
    unsettled++
    void settled.then(({ outcome }) => {
      unsettled--
      journal.write({ what: 'settled', id, outcome })
    })
  }
}

const isBack = (client: Client, index: number): boolean =>
  client.snapshot.status === 'connected' &&
  client.room(roomOf(options.first + index)).snapshot.status === 'joined'

function status(since: number): ReturnStatus {
  const back = clients.filter(
    (client, index) => (openedAt[index] ?? 0) > since && isBack(client, index),
  ).length
  return { back, unsettled, news, lastOpenedAt: openedAt.reduce((latest, at) => Math.max(latest, at), 0) }
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

answerQuestions({
  ready: () => null,
  open,
  send,
  status,
  usage: () => ({ rss: process.memoryUsage().rss, cpuMs: cpuMs() }),
  end: async () => {
    await Promise.all(clients.map((client) => client.close({ drainMs: 0 })))
    leaveChannel()
  },
})
