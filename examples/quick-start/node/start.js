/** Server and client in one process, until Ctrl+C. `PORT`: 8080 unless set. */
import { runClient } from './client.js'
import { startServer } from './server.js'

const port = Number(process.env.PORT ?? 8080)
const server = await startServer(port)
const client = await runClient(port)

const stop = async () => {
  await client.close()
  await server.close()
}
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void stop())
