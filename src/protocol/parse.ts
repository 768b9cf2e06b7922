/**
 * Checking frames from the network (rule 13: trust nobody).
 *
 * Owns: nothing itself; the two ways in, so that each side ships only what it reads. A frame that fits is returned typed
 * and, but for the handshake's, without a copy; one that doesn't raises a ProtocolError that names frame and element.
 * Whether a frame is allowed now is the sessions' to say.
 */
export { parseClientFrame } from './client-frames.js'
export { parseServerFrame } from './server-frames.js'
