import { describe, expect, it } from 'vitest'
import { createClient, defineContract, type } from '../../../src/index.js'
import { createServer } from '../../../src/server/index.js'

const broken = { send: { chat: 1 } } as never

describe('a contract', () => {
  it('whose schema is none is refused by both sides, with the place named', () => {
    expect(() => createClient({ url: 'ws://x.test', contract: broken })).toThrow(/contract\.send\.chat/)
    expect(() => createServer({ contract: broken })).toThrow(/contract\.send\.chat/)
    const request = { request: { ask: { data: type<string>() } } } as never
    expect(() => createClient({ url: 'ws://x.test', contract: request })).toThrow(
      /contract\.request\.ask\.reply/,
    )
  })

  it('whose validator fails ends the message as rejected, and send() does not throw', async () => {
    const failing = {
      '~standard': {
        version: 1 as const,
        vendor: 'test',
        validate: (): never => {
          throw new Error('out of order')
        },
      },
    }
    const client = createClient({ url: 'ws://x.test', contract: defineContract({ send: { chat: failing } }) })

    expect(await client.send('chat', 'hi').settled).toMatchObject({
      outcome: 'rejected',
      code: 'invalid',
      message: "'chat' does not fit the contract: its validator failed: out of order",
    })
  })
})
