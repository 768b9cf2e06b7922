/**
 * surewire/conformance: any server, held against the rules of docs/PROTOCOL.md over the network.
 */
export {
  type ConformanceOptions,
  type ConformanceReport,
  type RuleResult,
  runConformance,
} from './run.js'
export type { Level } from './rule.js'
export type { KitCodec, KitSocket, KitWebSocket } from './socket.js'
