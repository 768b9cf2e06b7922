/** Frames, read by the receiver of `ws`. */
import type { Writable } from 'node:stream'
import * as ws from 'ws'

/** Exported, but not in the types of `ws`. */
const { Receiver } = ws as unknown as { readonly Receiver: new (options: object) => Writable }

/** What `ws` makes of them; a server refuses frames that are not masked, a client those that are. */
export async function receivedBy(
  side: 'client' | 'server',
  frames: readonly Buffer[],
): Promise<[data: Buffer, isBinary: boolean][]> {
  const messages: [Buffer, boolean][] = []
  const receiver = new Receiver({ isServer: side === 'server' })
  receiver.on('message', (data: Buffer, isBinary: boolean) => messages.push([data, isBinary]))
  await new Promise<void>((resolve, reject) => {
    receiver.on('error', reject)
    receiver.end(Buffer.concat(frames), resolve)
  })
  return messages
}
