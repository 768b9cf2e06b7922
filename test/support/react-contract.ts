/** The contract that the tests of the React adapter register, as an application does. */
import { defineContract, type } from '../../src/protocol/contract.js'

export const reactContract = defineContract({
  send: { note: type<number>() },
  receive: { news: type<number>(), line: type<string>() },
  request: {
    double: { data: type<number>(), reply: type<number>() },
    half: { data: type<number>(), reply: type<number>() },
  },
})

declare module '../../src/protocol/contract.js' {
  interface Register {
    contract: typeof reactContract
  }
}
