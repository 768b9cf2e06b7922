/**
 * The parts of a client, as they know each other.
 *
 * Owns: nothing but the list; client.ts makes the parts.
 */
import type { Dialer } from '../runtime/dialer.js'
import type { Announcer } from './announcer.js'
import type { ClientDriver, ClientEnvironment } from './environment.js'
import type { HandlerRegistry } from './handlers.js'
import type { Inbox } from './inbox.js'
import type { Lifetime } from './lifetime.js'
import type { MessageSender } from './message-sender.js'
import type { PlatformWatch } from './platform-watch.js'
import type { StatusView } from './status.js'
import type { StorageWriter } from './storage-writer.js'
import type { Subscribers } from './subscribers.js'

export interface ClientParts {
  readonly environment: ClientEnvironment
  readonly announcer: Announcer
  readonly driver: ClientDriver
  readonly view: StatusView
  readonly lifetime: Lifetime
  readonly platform: PlatformWatch
  readonly storage: StorageWriter | null
  readonly dialer: Dialer
  readonly handlers: HandlerRegistry
  readonly subscribers: Subscribers
  readonly inbox: Inbox
  readonly sender: MessageSender
}
