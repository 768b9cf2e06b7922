export { ws as mqtt } from './ws.js'
