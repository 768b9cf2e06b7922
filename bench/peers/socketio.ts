export { ws as socketio } from './ws.js'
export { ws as socketioRetries } from './ws.js'
