/** The package's entries: built name in dist/ → source. package.json's `exports` must agree (test/meta/package.test.ts). */
export const entries = {
  index: 'src/index.ts',
  msgpack: 'src/serializers/msgpack.ts',
  server: 'src/server/index.ts',
  testing: 'src/testing/index.ts',
  conformance: 'src/conformance/index.ts',
  websocket: 'src/websocket/index.ts',
  react: 'src/react/index.ts',
  vanilla: 'src/vanilla/index.ts',
} as const

/** Built like entries, reached only through package.json's `imports`. */
export const privateEntries = {
  'platform.web': 'src/transports/platform.web.ts',
  'platform.node': 'src/transports/platform.node.ts',
  'platform.server': 'src/transports/platform.server.ts',
} as const
