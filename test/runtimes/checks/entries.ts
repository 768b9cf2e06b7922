/** Every entry of the package loads, and is the platform's own variant. */
import { type Check, errorOf, hasNodeSocket, holds } from '../check.js'

/** One name of each entry that applications import. */
const names: Readonly<Record<string, string>> = {
  index: 'createClient',
  msgpack: 'msgpack',
  server: 'createServer',
  testing: 'manualClock',
  conformance: 'runConformance',
  websocket: 'SurewireSocket',
  react: 'useClient',
  vanilla: 'bindStatus',
}

const entryName = (entry: string): string => (entry === 'index' ? 'surewire' : `surewire/${entry}`)

const loads = (entry: string): Check => ({
  title: `${entryName(entry)} loads`,
  run: async (bench) => {
    const loaded = await bench.loadAny(entry)
    const name = names[entry]
    if (name === undefined) holds(Object.keys(loaded).length > 0, 'the entry exports something')
    else holds(typeof loaded[name] === 'function', `the entry exports ${name}`)
  },
})

const oneCore: Check = {
  title: 'entries share one core: an error of one is known to the other',
  run: async (bench) => {
    const { isSurewireError, ConfigError } = await bench.load('index')
    const testing = await bench.load('testing')
    const error = await errorOf(() => testing.createTestServer({ authorize: 'yes' as never }))
    holds(isSurewireError(error), 'it is one of ours')
    holds(error instanceof ConfigError, 'it is of the same class')
  },
}

const platform: Check = {
  title: 'headers are sent where the sockets are those of `ws`, and refused by a ConfigError elsewhere',
  run: async (bench) => {
    const { webSocket } = await bench.load('index')
    const transports = [webSocket({ headers: { 'x-name': 'ada' } })]
    const client = await bench.client({ transports, reconnect: false })
    if (hasNodeSocket(bench.place)) {
      await client.connect()
      holds((await client.request('header', 'x-name')) === 'ada', 'the server saw the header')
    } else {
      const { code } = await errorOf(() => client.connect())
      holds(code === 'config_invalid', `the error says config_invalid, not ${String(code)}`)
    }
  },
}

export const entryChecks = (entries: readonly string[]): Check[] => [...entries.map(loads), oneCore, platform]
