/**
 * surewire/testing: what the project tests itself with, for applications.
 *
 * A clock that moves only when told, a network in memory with faults, and a server on it: no ports, no waiting, and the
 * same run for the same seed.
 */
export { createTestClient, type ManualSignals, manualSignals, type TestClientOptions } from './client.js'
export { type ManualClock, type ManualClockOptions, manualClock, type SleepOptions } from './manual-clock.js'
export { createTestNetwork, type TestNetworkOptions } from './network.js'
export type {
  CutOptions,
  Direction,
  LinkFaults,
  ListenOptions,
  NetworkStats,
  PeerHandlers,
  Range,
  RefuseOptions,
  TestLink,
  TestNetwork,
  TestPeer,
  TestRequest,
  TraceEvent,
  Traffic,
} from './network-types.js'
export { type SeededRandom, seededRandom } from './seeded-random.js'
export { createTestServer, type RestartOptions, type TestServer, type TestServerOptions } from './server.js'
export * from './simulation/index.js'
