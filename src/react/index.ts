'use client'
/**
 * surewire/react: a client's connection, messages, rooms and requests as React hooks, for React 18 and 19.
 *
 * The types of messages are those of the contract that the application registers; see `Register` in `surewire`.
 *
 * @packageDocumentation
 */
export {
  type ConnectionLabels,
  ConnectionStatus,
  type ConnectionStatusProps,
} from './connection-status.js'
export { SurewireProvider, type SurewireProviderProps } from './provider.js'
export { useClient } from './context.js'
export { type ConnectOptions, useConnect } from './use-connect.js'
export { useConnection } from './use-connection.js'
export { type UseMessageOptions, useMessage } from './use-message.js'
export { type UsePresence, usePresence } from './use-presence.js'
export { type UseRequest, useRequest, type UseRequestOptions } from './use-request.js'
export { type UseRoom, useRoom } from './use-room.js'
