/**
 * surewire/server: the server and what belongs to it.
 *
 * Owns: the public names of this entry.
 */
export type { AnyContract, Contract, RequestSchema, Schema } from '../protocol/contract.js'
export { defineContract, type } from '../protocol/contract.js'
export {
  AuthError,
  ClosedError,
  ConfigError,
  DeliveryError,
  isSurewireError,
  ProtocolError,
  SurewireError,
} from '../protocol/errors.js'
export type { DeviceInfo, EntryMeta, Member, User } from '../protocol/frames.js'
export type { Serializer } from '../protocol/codec.js'
export type { Logger } from '../runtime/ports.js'
export { consoleLogger } from '../runtime/logger.js'
export { json } from '../serializers/json.js'
export type {
  Append,
  AppendListener,
  AttachRequest,
  AttachResult,
  Audience,
  BegunRequest,
  Commit,
  CommitResult,
  LogEntry,
  LogPage,
  LogState,
  ProducerRecord,
  SessionRecord,
  SessionRequest,
  SessionResult,
} from './core/store.js'
export { allowAll } from './engine-options.js'
export { type MemoryStoreOptions, memoryStore } from './memory-store.js'
export { createServer } from './node.js'
export type { Server, ServerOptions } from './options.js'
export { createPublisher } from './publisher.js'
export type {
  Action,
  Authorize,
  CloseServerOptions,
  Context,
  ContextTarget,
  Device,
  Heartbeat,
  Limits,
  MaybePromise,
  Notification,
  NotificationProvider,
  Publisher,
  PushOptions,
  RequestHandler,
  RoomSendOptions,
  SendHandler,
  Sent,
  ServerStats,
  SessionHandler,
  Store,
  Target,
  UserSendOptions,
} from './types.js'
