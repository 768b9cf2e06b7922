export { ws as reconnectingWebSocket } from './ws.js'
