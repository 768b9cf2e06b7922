/**
 * The page, built by Vite, and the chat on the same port. `PORT`: 8080 unless set.
 *
 * Built, because Vite's development server reloads the page when it is back, and with the page goes what waits to be sent.
 */
import { allowAll, createServer } from 'surewire/server'
import { build, preview } from 'vite'

const vite = {
  root: import.meta.dirname,
  logLevel: 'error',
  // surewire is linked from this repository, which has a React of its own.
  resolve: { dedupe: ['react', 'react-dom'] },
  preview: { port: Number(process.env.PORT ?? 8080), strictPort: true },
}

await build(vite)
const site = await preview(vite)
const server = createServer({ server: site.httpServer, authorize: allowAll })

server.on('chat', (data, context) => {
  // Takes effect together with the acceptance of the message, or not at all.
  context.toRoom('lobby').send('chat', data)
})

console.log(`http://localhost:${vite.preview.port}/ (open it twice)`)

const stop = async () => {
  await server.close()
  await site.close()
}
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void stop())
