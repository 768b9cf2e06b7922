import { describe, expect, it } from 'vitest'
import { defineContract, type Schema, type } from '../../../src/protocol/contract.js'
import { FrameType } from '../../../src/protocol/frames.js'
import { accepted, reply } from '../../support/fake-server-frames.js'
import { ClientHarness } from '../../support/client-harness.js'

/** A schema that takes numbers and gives their double. */
const doubling: Schema<number, number> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) =>
      typeof value === 'number'
        ? { value: value * 2 }
        : { issues: [{ message: 'not a number', path: ['n'] }] },
  },
}

describe('the contract', () => {
  const contract = defineContract({
    send: { count: doubling },
    request: { double: { data: type<number>(), reply: doubling } },
  })
  const withContract = (): ClientHarness => new ClientHarness({ contract: contract as never })

  it('is checked by the sender, who sends what was given, not what the validator makes of it', async () => {
    const harness = withContract()
    harness.client.send('count', 21)
    const end = await harness.connect()

    expect(end.all(FrameType.SEND)[0]?.[4]).toBe(21)
  })

  it('refuses data that does not fit, and says where', async () => {
    const receipt = withContract().client.send('count', 'many')

    expect(receipt.state).toBe('rejected')
    await expect(receipt).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('n: not a number'),
    })
  })

  it.each(['unknown', 'toString', '__proto__'])('refuses a type that it does not have: %s', async (name) => {
    await expect(withContract().client.send(name, 1)).rejects.toMatchObject({ code: 'unknown_type' })
    await expect(withContract().client.request(name, 1)).rejects.toMatchObject({ code: 'unknown_type' })
  })

  it('transforms replies, and refuses those that do not fit', async () => {
    const harness = withContract()
    const good = harness.client.request('double', 1)
    const bad = harness.client.request('double', 1)
    const refused = bad.catch((error: unknown) => error)
    const end = await harness.connect()
    const producer = end.hello.producers[0]?.id ?? ''
    end.send(accepted(0, 2), reply(1, `${producer}.1`, 4), reply(2, `${producer}.2`, 'four'))
    await harness.pass()

    await expect(good).resolves.toBe(8)
    expect(await refused).toMatchObject({ code: 'invalid_reply' })
  })
})
