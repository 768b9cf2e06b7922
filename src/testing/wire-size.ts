/**
 * How many bytes a message has on the wire.
 */
import type { Encoded } from '../protocol/codec.js';

const encoder = new TextEncoder();

export function wireSize(data: Encoded): number {
  return typeof data === 'string' ? encoder.encode(data).byteLength : data.byteLength;
}
