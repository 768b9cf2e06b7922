/** The page by Vite, and the chat on the same port. `PORT`: 8080 unless set. */
import { createServer as createHttpServer } from 'node:http'
import { allowAll, createServer } from 'surewire/server'
import { createServer as createVite } from 'vite'

const http = createHttpServer((request, response) => vite.middlewares(request, response))
const vite = await createVite({
  root: import.meta.dirname,
  appType: 'spa',
  server: { middlewareMode: true, hmr: { server: http } },
  // surewire is linked from this repository, which has a React of its own.
  resolve: { dedupe: ['react', 'react-dom'] },
})

const server = createServer({ server: http, authorize: allowAll })

server.on('chat', (data, context) => {
  // Takes effect together with the acceptance of the message, or not at all.
  context.toRoom('lobby').send('chat', data)
})

http.listen(Number(process.env.PORT ?? 8080), () => {
  console.log(`http://localhost:${http.address().port}/ (open it twice)`)
})

const stop = async () => {
  await server.close()
  await vite.close()
  http.close()
  http.closeAllConnections()
}
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void stop())
