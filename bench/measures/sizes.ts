/**
 * What an application ships: each entry of the library, and the peers' clients, bundled for browsers by esbuild,
 * minified, after gzip -9.
 *
 * Owns: the list. Runs in the process of scripts/bench.ts: it needs the bundler and the sources where they are.
 */
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { bundleForBrowser, root } from '../../scripts/browser-bundle.js'

export interface SizeResult {
  readonly name: string
  /** `null`: it cannot be bundled for browsers. */
  readonly gzipBytes: number | null
  readonly minifiedBytes: number | null
}

const OURS: readonly (readonly [name: string, code: string])[] = [
  ['surewire, createClient alone', `import { createClient } from 'surewire'; globalThis.x = createClient`],
  ['surewire, everything', `import * as all from 'surewire'; globalThis.x = all`],
  ['surewire/msgpack', `import * as all from 'surewire/msgpack'; globalThis.x = all`],
  ['surewire/testing', `import * as all from 'surewire/testing'; globalThis.x = all`],
  ['surewire/conformance', `import * as all from 'surewire/conformance'; globalThis.x = all`],
]

const PEERS: readonly (readonly [name: string, code: string])[] = [
  ['partysocket', `import { WebSocket as x } from 'partysocket'; globalThis.x = x`],
  ['reconnecting-websocket', `import x from 'reconnecting-websocket'; globalThis.x = x`],
  ['graphql-ws', `import { createClient as x } from 'graphql-ws'; globalThis.x = x`],
  ['socket.io-client', `import { io as x } from 'socket.io-client'; globalThis.x = x`],
  ['mqtt', `import x from 'mqtt'; globalThis.x = x`],
]

async function bundlePeer(code: string): Promise<Uint8Array | null> {
  const result = await build({
    stdin: { contents: code, resolveDir: `${root}bench`, loader: 'ts' },
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    define: { 'process.env.NODE_ENV': '"production"' },
    legalComments: 'none',
    logLevel: 'silent',
  })
  return result.outputFiles[0]?.contents ?? null
}

export async function measureSizes(): Promise<SizeResult[]> {
  const results: SizeResult[] = []
  for (const [name, code] of OURS) results.push(sizeOf(name, await bundleForBrowser({ code })))
  for (const [name, code] of PEERS) {
    const bundle = await bundlePeer(code).catch((error: unknown) => {
      console.error(`${name} cannot be bundled: ${String(error)}`)
      return null
    })
    results.push(sizeOf(name, bundle))
  }
  return results
}

function sizeOf(name: string, bundle: Uint8Array | null): SizeResult {
  if (bundle === null) return { name, gzipBytes: null, minifiedBytes: null }
  return {
    name,
    gzipBytes: gzipSync(bundle, { level: 9 }).byteLength,
    minifiedBytes: bundle.byteLength,
  }
}
