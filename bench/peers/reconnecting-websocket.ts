/** reconnecting-websocket, with acknowledgements by hand. */
import { load } from './packages.js'
import { type ReconnectingClass, reconnectingPeer } from './reconnecting-socket.js'

// Published as CommonJS: the class is the default of the default.
const module = await load<{ default: ReconnectingClass | { default: ReconnectingClass } }>(
  'reconnecting-websocket',
)
const Reconnecting = 'default' in module.default ? module.default.default : module.default

export const reconnectingWebSocket = reconnectingPeer(
  'reconnecting-websocket',
  'reconnecting-websocket',
  Reconnecting,
)
