export { ws as wsResume } from './ws.js'
