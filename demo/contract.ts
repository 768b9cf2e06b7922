/** What the demo's clients and its server say to each other. */
import { defineContract, type } from '../src/index.js'

/** A line of the data set, as it is. */
export type DemoRecord = Readonly<Record<string, unknown>>

/** A record with its place in its stream, which is what both ends keep count of. */
export interface Numbered {
  readonly stream: string
  readonly index: number
  readonly record: DemoRecord
}

/** Asks for a record by its index; the answer carries the index of the question. */
export interface Question {
  readonly stream: string
  readonly index: number
}

export const contract = defineContract({
  send: { record: type<Numbered>() },
  receive: { record: type<Numbered>() },
  request: { lookup: { data: type<Question>(), reply: type<Numbered>() } },
})

export type DemoContract = typeof contract

/** Room in which a stream of the server is published. */
export const roomOf = (stream: string): string => `demo/${stream}`
