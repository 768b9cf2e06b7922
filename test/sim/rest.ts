/**
 * How a world comes to rest: everything heals, everything settles, everything is closed.
 *
 * Owns: what must hold then (I4, I5, I9, I12).
 */
import { Violation } from '../../src/testing/simulation/index.js'
import type { Books } from './books.js'
import { isNamed } from './books-owners.js'
import { splitId } from './books-messages.js'
import type { Disk } from './disk.js'
import type { Member } from './member.js'
import { USERS } from './parameters.js'
import type { SurewireWorld } from './world.js'

/** Longer than any deadline of a handler. */
const PATIENCE_MS = 40_000

export async function comeToRest(world: SurewireWorld): Promise<void> {
  const { clock } = world
  heal(world)
  world.calm()
  await clock.advanceAsync(5_000)
  connectAll(world)
  await clock.advanceAsync(1_000)
  openForLeftovers(world)
  await clock.advanceAsync(90_000)
  connectAll(world)
  // A page that was closed while its timers were coarse has kept its outbox locked for a minute.
  openForLeftovers(world)
  await clock.advanceAsync(30_000)
  for (const user of USERS) if (signIn(world, user)) await drain(world)
  if (connectAnew(world)) await drain(world)
  await sayLastWords(world)
  await clock.advanceAsync(20_000)
  world.check()
  for (const member of world.members) checkMember(member, world)
  checkSockets(world)
  await checkPresence(world)
  await closeAll(world)
}

function heal({ clock, network, servers, members, former }: SurewireWorld): void {
  clock.throttle(0)
  network.heal()
  network.set({ latencyMs: 1, jitterMs: 0, lateEvents: false, bytesPerSecond: Number.POSITIVE_INFINITY })
  servers.heal()
  for (const member of [...members, ...former]) {
    const { page, disk } = member
    disk.latencyMs = 0
    page.throttle(0)
    page.thaw()
  }
}

function connectAll(world: SurewireWorld): void {
  for (const member of world.members) {
    if (member.closing) world.replace(member)
    else if (member.client.snapshot.status !== 'connected') member.connect()
  }
}

/** What pages left behind is drained by the next one: by the one that opens after their locks are free. */
function openForLeftovers(world: SurewireWorld): void {
  const left = world.members.filter(({ disk }) => [...disk.kept].length > 0)
  for (const { disk, habits } of left) world.open(habits, disk)
}

/** What waits for another user goes out when they sign in, with a page that is open and let go of it before. */
function signIn({ books, members }: SurewireWorld, user: string): boolean {
  const waited = members.filter(
    ({ durable, disk }) => durable && [...disk.kept].some((id) => isOf(id, user, disk, books)),
  )
  for (const member of waited) {
    member.user = user
    member.renewToken()
  }
  return waited.length > 0
}

/** What a connection had no place for goes out with the next. */
function connectAnew({ members }: SurewireWorld): boolean {
  const waited = members.filter(({ durable, disk }) => durable && [...disk.kept].length > 0)
  for (const member of waited) member.restart(false)
  return waited.length > 0
}

/** As long as what is stored goes out: a handler that never returns takes all of its deadline, and there may be several. */
async function drain({ clock, members }: SurewireWorld): Promise<void> {
  const disks = [...new Set(members.map(({ disk }) => disk))]
  const stored = (): number => disks.reduce((sum, { kept }) => sum + [...kept].length, 0)
  await clock.advanceAsync(20_000)
  for (let left = stored(), stillMs = 0; left > 0 && stillMs < PATIENCE_MS; ) {
    await clock.advanceAsync(5_000)
    const now = stored()
    stillMs = now < left ? 0 : stillMs + 5_000
    left = now
  }
}

/** A log that began anew tells so with its next entry: every log gets one. */
async function sayLastWords({ books, servers }: SurewireWorld): Promise<void> {
  const [server] = servers.running
  if (server === undefined) throw new Error('no server runs at rest')
  for (const log of books.truth.names()) {
    const [kind = '', name = ''] = log.split(/\/(.*)/s)
    if (kind === 'room') await server.toRoom(name).send('news', { to: log })
    else if (kind === 'user') await server.toUser(name).send('news', { to: log })
    else if (kind === 'session') await server.toSession(name).send('news', { to: log })
  }
  await server.toAll().send('news', { to: 'all' })
}

function checkMember(member: Member, world: SurewireWorld): void {
  const { books } = world
  const { name, client, pending, logs } = member
  const { status, queued, inFlight, error } = client.snapshot
  if (status !== 'connected') throw new Violation('I4', `${name} is ${status} at rest: ${error?.message}`)
  if (queued + inFlight + pending.size > 0) {
    throw new Violation('I4', `${name}: ${queued} queued, ${inFlight} in flight, ${pending.size} unsettled`)
  }
  checkBegun(member, books)
  for (const reader of logs.readers.values()) {
    if (reader.mustEnd) throw new Violation('I5', `${name}: ${reader.log} ended without a word`)
    if (!reader.retired) reader.checkComplete()
  }
  checkDisk(member, world)
}

/** What is stored is sent: its user was there last. But for what a page holds that gave up on its storage. */
function checkDisk({ durable, disk }: Member, { members }: SurewireWorld): void {
  if (!durable) return
  if (members.some((one) => one.disk === disk && one.habits.durable && !one.durable)) return
  for (const id of disk.kept) throw new Violation('I4', `${id} is stored, and nobody sends it`)
}

/** As its page was told, as the disk says, or else the store's record. */
function isOf(id: string, user: string, disk: Disk, { messages, producers }: Books): boolean {
  const { producer } = splitId(id)
  const owner = messages.get(id)?.owner ?? disk.userOf(producer)
  return owner === null ? isNamed(producers.userOf(producer) ?? '', user) : owner === user
}

/** What began is over: answered, or said to be unknown (I10). */
function checkBegun({ link }: Member, { producers }: Books): void {
  for (const { offer, state } of link?.lanes ?? []) {
    // One that was refused belongs to another user now: nobody attaches it, and nobody waits for its answers.
    if (state == null) continue
    const [seq] = producers.begun(offer.id, state.epoch)
    if (seq !== undefined)
      throw new Violation('I10', `request ${offer.id}.${seq} began, and was never answered`)
  }
}

/** One live socket of each session (I9). */
function checkSockets({ network, books }: SurewireWorld): void {
  const sessions = new Map<string, number>()
  for (const link of network.links()) {
    const session = books.wire.link(link.id)?.welcome?.session.id
    if (link.state !== 'open' || session === undefined) continue
    const other = sessions.get(session)
    if (other !== undefined) throw new Violation('I9', `session ${session} has links ${other} and ${link.id}`)
    sessions.set(session, link.id)
  }
}

/** Each node knows of its own; all who follow a room there see the same members. */
async function checkPresence({ members, servers }: SurewireWorld): Promise<void> {
  for (const member of members) {
    const server = servers.at(member.node)
    if (server === undefined) continue
    for (const [log] of member.logs.readers) {
      if (!log.startsWith('room/')) continue
      const room = log.slice('room/'.length)
      const seen = [...member.client.room(room).presence.get().keys()].sort()
      const known = (await server.presence(room)).map(({ id }) => id).sort()
      if (seen.join() !== known.join()) {
        throw new Violation('I5', `${member.name} sees ${seen.join()} in ${room}, the server ${known.join()}`)
      }
      const own = member.client.snapshot.session?.id ?? ''
      if (member.present.has(room) !== known.includes(own)) {
        throw new Violation(
          'I5',
          `${member.name} in ${room}: present ${member.present.has(room)}, the server says otherwise`,
        )
      }
    }
  }
}

async function closeAll(world: SurewireWorld): Promise<void> {
  const { clock, members, servers } = world
  for (const member of members) member.close(1_000)
  await clock.advanceAsync(5_000)
  world.check()
  const open = members.find(({ closed }) => !closed)
  if (open !== undefined) throw new Violation('I12', `${open.name} does not come to the end of close()`)
  await Promise.all([servers.closeAll(), clock.advanceAsync(1_000)])
  await clock.advanceAsync(65_000)
  if (clock.pendingTimers > 0) throw new Violation('I12', `${clock.pendingTimers} timers are left`)
}
