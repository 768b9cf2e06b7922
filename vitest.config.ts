import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** The React adapter under one major of React, in jsdom. */
const reactProject = (
  name: string,
  alias: { find: RegExp; replacement: string }[],
  setupFiles: string[],
  exclude: string[] = [],
) => ({
  extends: true as const,
  resolve: { alias },
  test: {
    name,
    include: ['test/unit/react/**/*.test.{ts,tsx}'],
    exclude,
    environment: 'jsdom',
    setupFiles: [...setupFiles, 'test/support/react-setup.ts'],
    testTimeout: 10_000,
  },
})

export default defineConfig({
  resolve: {
    // package.json maps this name to built files; tests run the sources.
    alias: { '#platform': source('./src/transports/platform.node.ts') },
  },
  test: {
    // A flaky test is a bug in the product or in the test, never something to retry.
    retry: 0,
    // The main process only waits meanwhile: with two cores, two files at a time.
    maxWorkers: '100%',
    coverage: {
      provider: 'v8',
      include: ['src/**/*.{ts,tsx}'],
      reporter: ['text', 'html', 'json-summary'],
      reportsDirectory: 'coverage',
    },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.{ts,tsx}'],
          exclude: ['test/unit/react/**'],
          testTimeout: 5_000,
        },
      },
      reactProject('react19', [], []),
      reactProject(
        'react18',
        [
          { find: /^react$/, replacement: 'react18' },
          { find: /^react\//, replacement: 'react18/' },
          { find: /^react-dom$/, replacement: 'react-dom18' },
          { find: /^react-dom\//, replacement: 'react-dom18/' },
        ],
        ['test/support/react18-setup.ts'],
        // React 18 has no <Activity>.
        ['test/unit/react/hidden.test.tsx'],
      ),
      {
        extends: true,
        test: { name: 'conformance', include: ['test/conformance/**/*.test.ts'], testTimeout: 10_000 },
      },
      {
        extends: true,
        // The production client and server from a seed, in memory and on a manual clock.
        test: { name: 'sim', include: ['test/sim/**/*.test.ts'], testTimeout: 30_000 },
      },
      {
        extends: true,
        // Everyone whose server goes away, on a manual clock.
        test: { name: 'herd', include: ['test/herd/**/*.test.ts'], testTimeout: 30_000 },
      },
      {
        extends: true,
        // Every interleaving of a small protocol, by explicit search.
        test: { name: 'model', include: ['test/model/**/*.test.ts'], testTimeout: 120_000 },
      },
      {
        extends: true,
        // Spoilt frames for parsers and whole machines; `npm run fuzz` is the same for longer.
        test: { name: 'fuzz', include: ['test/fuzz/**/*.test.ts'], testTimeout: 30_000 },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          // Real sockets, child processes and real time: each file in a process of its own, one after another, and
          // only when the quick projects have left the machine to them.
          pool: 'forks',
          fileParallelism: false,
          sequence: { groupOrder: 1 },
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'failures',
          // One file for each failure of the catalogue; as the integration tests, and after them.
          include: ['test/failures/**/*.test.ts'],
          pool: 'forks',
          fileParallelism: false,
          sequence: { groupOrder: 2 },
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'types',
          include: [],
          typecheck: {
            enabled: true,
            only: true,
            include: ['test/types/**/*.test-d.ts'],
            tsconfig: './tsconfig.types.json',
            // Errors outside the type tests are `npm run types`' to report, once.
            ignoreSourceErrors: true,
          },
        },
      },
      {
        extends: true,
        // The repository about itself; it compiles and bundles, hence the time.
        test: { name: 'meta', include: ['test/meta/**/*.test.ts'], testTimeout: 60_000 },
      },
    ],
  },
})
