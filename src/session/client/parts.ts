/**
 * The parts of a client's session, as they know each other.
 *
 * Owns: nothing but the list; session.ts makes the parts.
 */
import type { Connection } from '../../connection/machine.js'
import type { Serializer } from '../../protocol/codec.js'
import type { Sink } from '../../protocol/machine.js'
import type { Outbox } from '../../delivery/outbox.js'
import type { Downlink } from './downlink.js'
import type { Handshake } from './handshake.js'
import type { SessionCounters, SessionEffect } from './inputs.js'
import type { Persistence } from './persistence.js'
import type { Requests } from './requests.js'
import type { Rooms } from './rooms.js'
import type { RoundTrip } from './round-trip.js'
import type { Uplink } from './uplink.js'

export interface SessionParts {
  readonly emit: Sink<SessionEffect>
  readonly serializer: Serializer
  readonly counters: SessionCounters
  readonly roundTrip: RoundTrip
  readonly connection: Connection
  readonly handshake: Handshake
  readonly outbox: Outbox
  readonly uplink: Uplink
  readonly downlink: Downlink
  readonly rooms: Rooms
  readonly requests: Requests
  readonly persistence: Persistence | null
}
