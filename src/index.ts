/**
 * surewire: messages that arrive once, in order, or say what became of them.
 *
 * The main entry: the client, contracts, errors, the default serializer and transport.
 *
 * @packageDocumentation
 */
export { createClient } from './client/create-client.js'
export { outboxStorage } from './client/outbox-storage.js'
export { createManager } from './client/manager.js'
export type * from './client/types.js'
export type { Dialect, Translator } from './connection/dialect.js'
export { CloseCode, type CloseAction, closeAction } from './protocol/close-codes.js'
export type { Encoded, Serializer } from './protocol/codec.js'
export {
  type AnyContract,
  type Contract,
  defineContract,
  type InputOf,
  type OutputOf,
  type PublishData,
  type ReceiveData,
  type ReceiveType,
  type ReplyData,
  type ReplyInput,
  type RequestData,
  type Register,
  type RegisteredContract,
  type RequestedData,
  type RequestSchema,
  type RequestType,
  type Schema,
  type SendData,
  type SendType,
  type SentData,
  type,
} from './protocol/contract.js'
export {
  AuthError,
  ClosedError,
  ConfigError,
  ConnectError,
  DeliveryError,
  isSurewireError,
  type OutcomeState,
  ProtocolError,
  SurewireError,
  TimeoutError,
} from './protocol/errors.js'
export type { DeviceInfo, Member, User } from './protocol/frames.js'
export type { Cursor, Gap, Message, Outcome, Priority, ReceiptState } from './protocol/messages.js'
export type { StorageChange, StoredMessage, StoredOutbox, StoredProducer } from './protocol/storage.js'
export { consoleLogger } from './runtime/logger.js'
export type {
  Clock,
  DialTarget,
  Link,
  LinkEvents,
  Logger,
  OutboxHandle,
  StorageAdapter,
  Random,
  Signal,
  Signals,
  Transport,
} from './runtime/ports.js'
export { json } from './serializers/json.js'
export { memoryStorage } from './storage/memory.js'
export { type WebSocketOptions, webSocket } from './transports/websocket.js'
