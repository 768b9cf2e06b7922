export { ws as graphqlWs } from './ws.js'
