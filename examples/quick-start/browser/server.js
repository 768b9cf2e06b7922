/** The page's files over HTTP, and the chat on the same port. `PORT`: 8080 unless set. No bundler. */
import { createReadStream } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { allowAll, createServer } from 'surewire/server'

const here = dirname(fileURLToPath(import.meta.url))
const surewire = dirname(createRequire(import.meta.url).resolve('surewire/package.json'))

const files = {
  '/': ['text/html', join(here, 'index.html')],
  '/main.js': ['text/javascript', join(here, 'main.js')],
  // The client, and surewire/vanilla, in one file.
  '/surewire.module.js': ['text/javascript', join(surewire, 'dist/surewire.module.js')],
}

const http = createHttpServer((request, response) => {
  const [type, path] = files[request.url ?? ''] ?? []
  if (path === undefined) return response.writeHead(404).end()
  response.writeHead(200, { 'content-type': `${type}; charset=utf-8` })
  createReadStream(path).pipe(response)
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
  http.close()
  http.closeAllConnections()
}
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void stop())
