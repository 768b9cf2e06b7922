/** partysocket's reconnecting WebSocket, with acknowledgements by hand. */
import { load } from './packages.js'
import { type ReconnectingClass, reconnectingPeer } from './reconnecting-socket.js'

const { WebSocket: PartyWebSocket } = await load<{ WebSocket: ReconnectingClass }>('partysocket')

export const partysocket = reconnectingPeer('partysocket', 'partysocket', PartyWebSocket)
