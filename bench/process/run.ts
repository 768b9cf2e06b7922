/** The client's process: `run.js MEASURE PEER [SCALE]`. It starts the server's process, measures, and tells its parent. */
import { measures } from '../measures/index.js'
import { isPeerName, peers } from '../peers/index.js'
import { spawnServer } from './remote-server.js'

const [measureName = '', peerName = '', scale = '1'] = process.argv.slice(2)
const measure = measures.find(({ name }) => name === measureName)
if (measure === undefined || !isPeerName(peerName))
  throw new Error(`no measure or peer: ${measureName} ${peerName}`)
// Both ends load at the same time.
const [peer, server] = await Promise.all([peers[peerName](), spawnServer(peerName, process.execArgv)])
const { url } = measure.startsServer ? { url: '' } : await server.ask('start', { port: 0 })

const figures = await measure.run({
  peer,
  name: peerName,
  server,
  url,
  scale: Number(scale),
  open: (options) => peer.open(url, { receive: false, acknowledge: true, queue: 10_000, ...options }),
})
await server.stop()
// Peers leave timers and sockets behind; the parent has what it wants.
process.send?.(figures, () => process.exit())
