/**
 * Files from memory over HTTP, as any plain static server gives them, and nothing else: no bundler, no rewriting.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname } from 'node:path'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
}

export interface StaticServer {
  readonly url: string
  close(): void
}

/** `files`: path → content. `headers` come with each of them. */
export async function serveFiles(
  files: ReadonlyMap<string, string>,
  headers: Readonly<Record<string, string>> = {},
): Promise<StaticServer> {
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    const content = files.get(path)
    if (content === undefined) response.writeHead(404).end()
    else
      response
        .writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'text/plain', ...headers })
        .end(content)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
