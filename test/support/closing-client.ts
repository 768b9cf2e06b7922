/** Connects, sends, closes, and expects the process to end without being told. */
import { createClient } from '../../src/index.js'

const client = createClient({ url: process.argv[2] ?? '' })
await client.connect()
await client.send('hello', null).settled
await client.close()
process.send?.('closed')
process.disconnect?.()
