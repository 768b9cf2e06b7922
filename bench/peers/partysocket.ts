export { ws as partysocket } from './ws.js'
