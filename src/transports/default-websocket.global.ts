/**
 * Owns: the answer to "which WebSocket, if the application names none?" wherever the platform brings its own
 * (browsers, workers, Deno, Bun, React Native). package.json's `imports` chooses between this file and its twin
 * `default-websocket.node.ts`; both export the same names. Called by the websocket transport only.
 */

/** Whether the constructor takes request headers as its third argument. The platform's own never does. */
export const acceptsHeaders: boolean = false

/** Read at every dial, not once at import: polyfills and test doubles may arrive later. */
export function defaultWebSocket(): typeof globalThis.WebSocket | undefined {
  return globalThis.WebSocket
}
