/**
 * The data that the demo replays: three files of the package vega-datasets, each a stream.
 *
 * Owns: reading them. A record's index in its stream, counted from 1, is all that the ledgers know of it; a stream that
 * runs longer than its file starts over with the records, not with the indices.
 */
import { readFileSync } from 'node:fs'
import type { DemoRecord } from './contract.js'

export interface Stream {
  readonly name: string
  readonly records: readonly DemoRecord[]
}

const directory = new URL('../node_modules/vega-datasets/data/', import.meta.url)
const read = (file: string): string => readFileSync(new URL(file, directory), 'utf8')

/** A week of earthquakes as the USGS published it. */
function earthquakes(): DemoRecord[] {
  const { features } = JSON.parse(read('earthquakes.json')) as { features: DemoRecord[] }
  return features
}

/** Ten years of five share prices, by month. */
function stocks(): DemoRecord[] {
  const [header = '', ...lines] = read('stocks.csv').trim().split('\n')
  const names = header.split(',')
  return lines.map((line) => {
    const cells = line.split(',')
    return Object.fromEntries(names.map((name, column) => [name, cells[column] ?? '']))
  })
}

/** Flights of 2001 in the United States. */
function flights(): DemoRecord[] {
  return JSON.parse(read('flights-20k.json')) as DemoRecord[]
}

export function loadStreams(): readonly Stream[] {
  return [
    { name: 'earthquakes', records: earthquakes() },
    { name: 'stocks', records: stocks() },
    { name: 'flights', records: flights() },
  ]
}

export function recordAt({ records, name }: Stream, index: number): DemoRecord {
  const record = records[(index - 1) % records.length]
  if (record === undefined) throw new RangeError(`the stream ${name} has no record ${index}`)
  return record
}

/** Spreads a file evenly over this time: the records that are due after `elapsedMs`. */
export function recordsDue({ records }: Stream, elapsedMs: number): number {
  return Math.floor((records.length * elapsedMs) / REPLAY_MS)
}

/** Each file is replayed once in this time. */
const REPLAY_MS = 20_000
