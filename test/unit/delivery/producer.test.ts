import { describe, expect, it } from 'vitest'
import { OutboxEntry, Producer } from '../../../src/delivery/producer.js'

function make(...seqs: number[]) {
  const producer = new Producer({ id: 'p', key: 'k', kind: 'messages', priority: 'normal' })
  const entries = seqs.map((seq) => {
    const entry = new OutboxEntry(producer, seq, seq, '[]', 2)
    producer.append(entry)
    return entry
  })
  return { producer, entries }
}

function at(entries: readonly OutboxEntry[], index: number): OutboxEntry {
  const entry = entries[index]
  if (entry === undefined) throw new Error(`there is no entry ${index}`)
  return entry
}

const queue = (producer: Producer): number[] => {
  const seqs: number[] = []
  for (let entry = producer.first; entry !== null; entry = entry.next) seqs.push(entry.seq)
  return seqs
}

describe('a producer’s queue', () => {
  it.each([0, 1, 2])('closes up when entry %i is taken out', (index) => {
    const { producer, entries } = make(1, 2, 3)
    producer.remove(at(entries, index))
    producer.append(new OutboxEntry(producer, 4, 4, '[]', 2))

    expect(queue(producer)).toEqual([1, 2, 3, 4].filter((seq) => seq !== index + 1))
  })

  it('is empty again, and begins anew', () => {
    const { producer, entries } = make(1)
    producer.remove(at(entries, 0))
    expect(producer.empty).toBe(true)
    producer.append(new OutboxEntry(producer, 2, 2, '[]', 2))

    expect(queue(producer)).toEqual([2])
    expect(producer.nextOnWire?.seq).toBe(2)
  })

  it('finds by number, and no holes', () => {
    const { producer } = make(2, 5)

    expect([1, 2, 3, 5, 6].map((seq) => producer.find(seq)?.seq ?? null)).toEqual([null, 2, null, 5, null])
  })
})

describe('what is next on the wire', () => {
  it('moves on with what is written and what is taken out', () => {
    const { producer, entries } = make(1, 2, 3)
    producer.startAfter(0, 0)
    producer.putOnWire(at(entries, 0))
    expect(producer).toMatchObject({ wireSeq: 2, written: 1 })
    producer.remove(at(entries, 1))

    expect(producer.nextOnWire?.seq).toBe(3)
  })

  it('begins after what the server has, on every connection', () => {
    const { producer, entries } = make(1, 2, 3)
    producer.startAfter(0, 0)
    for (const entry of entries) producer.putOnWire(entry)
    producer.detach()
    expect(producer.index).toBeNull()
    producer.startAfter(1, 4)

    expect(producer).toMatchObject({ index: 4, wireSeq: 2, written: 3 })
    expect(producer.nextOnWire?.seq).toBe(2)
  })

  it('is what comes, once everything else is written', () => {
    const { producer, entries } = make(1)
    producer.startAfter(0, 0)
    producer.putOnWire(at(entries, 0))
    expect(producer.nextOnWire).toBeNull()
    producer.append(new OutboxEntry(producer, 2, 2, '[]', 2))

    expect(producer.nextOnWire?.seq).toBe(2)
  })
})

describe('what a producer offers', () => {
  it('is its identity and its ledger; an epoch only when there is one', () => {
    const { producer } = make(1)
    expect(producer.offer()).toEqual({ id: 'p', key: 'k', kind: 'messages', attach: 1, floor: 0, written: 0 })
    producer.epoch = 'e'

    expect(producer.offer()).toMatchObject({ epoch: 'e' })
  })
})

describe('marks', () => {
  it('are taken out in order by what an acknowledgement covers', () => {
    const { producer } = make()
    producer.addMark({ seq: 2, bytes: 20, at: 1 })
    producer.addMark({ seq: 5, bytes: 50, at: 2 })
    expect(producer.oldestMark()).toBe(1)
    expect(producer.takeMark(1)).toBeNull()
    expect(producer.takeMark(4)?.bytes).toBe(20)
    expect(producer.takeMark(4)).toBeNull()
    expect(producer.oldestMark()).toBe(2)
    expect(producer.takeMark(9)?.bytes).toBe(50)

    expect(producer.oldestMark()).toBeNull()
  })

  it('belong to one connection', () => {
    const { producer } = make()
    producer.addMark({ seq: 2, bytes: 20, at: 1 })
    producer.startAfter(0, 0)

    expect(producer.oldestMark()).toBeNull()
  })
})
