import { describe, expect, it } from 'vitest'
import type { Disk as DiskType } from './disk.js'
import { ClaimBook } from './books-claims.js'
import { type Lane, LinkBook } from './books-link.js'
import { MessageBook } from './books-messages.js'
import { broken, message, page } from './books-support.js'
import { Disk } from './disk.js'

const LATER = 60_000

/** A disk with one message in outbox `p`. */
function diskOf(user: string | null): DiskType {
  const disk = new Disk()
  const producer = { id: 'p', key: 'k', attach: 1, epoch: 'e1', user, floor: 0 }
  const body = [] as unknown as never
  disk.applied([
    { type: 'producer', producer },
    { type: 'append', message: { producer: 'p', seq: 1, body } },
  ])
  return disk
}

function bookOf(disk: DiskType, lanes: readonly Lane[] = []): ClaimBook {
  const messages = new MessageBook()
  for (const { offer } of lanes) messages.sent(message(`${offer.id}.1`))
  const link = new LinkBook(1, page({ name: 'ada2' }))
  link.lanes.push(...lanes)
  return new ClaimBook({ name: 'ada2', disk, messages, link: () => link })
}

const lane = (id: string, state: Lane['state'] = { last: 0, held: 0, epoch: 'e1', refused: [] }): Lane => ({
  offer: { id, key: 'k', kind: 'messages', attach: 2, floor: 0, written: 1, epoch: 'e1' },
  index: 0,
  state,
  ackSent: 0,
  ackArrived: 0,
  written: 0,
  told: new Set(),
  ackBefore: 0,
})

describe('the book of what was let go of', () => {
  /** As ben it lets go of what is ada's, and becomes ada. */
  const signsIn = (disk: DiskType, user = 'ada'): ClaimBook => {
    const book = bookOf(disk)
    book.opened('ben', 0)
    disk.letGo(['p'])
    book.released('p')
    book.opened(user, 0)
    return book
  }

  it('notices an outbox that waits although its user signed in where it was let go of', () => {
    expect(broken(() => signsIn(diskOf('ada')).check(LATER))).toBe('I4')
    expect(broken(() => signsIn(diskOf('anonymous:s1'), 'anonymous:s2').check(LATER))).toBe('I4')
    expect(broken(() => signsIn(diskOf('ada'), 'ben').check(LATER))).toBe('none')
  })

  it('lets pass one that was claimed, is on its way, or was let go of since', () => {
    const disk = diskOf('ada')
    const book = signsIn(disk)
    book.check(1)
    disk.taken(['p'])
    expect(broken(() => book.check(LATER))).toBe('none')
    const later = signsIn(disk)
    disk.letGo(['p'])
    expect(broken(() => later.check(LATER))).toBe('none')
  })

  it('asks a page that was there already from its next connection on, whoever let go of it', () => {
    const disk = diskOf('ada')
    const book = bookOf(disk)
    book.opened('ada', 0)
    disk.letGo(['p'])
    expect(broken(() => book.check(LATER))).toBe('none')
    book.opened('ada', LATER)
    expect(broken(() => book.check(LATER))).toBe('none')
    expect(broken(() => book.check(2 * LATER))).toBe('I4')
  })

  it('notices a page that lets go of what is its own user’s, unless it is full, or was refused it', () => {
    const letsGo = (lanes: readonly Lane[]): string => {
      const disk = diskOf('ada')
      const book = bookOf(disk, lanes)
      book.opened('ada', 0)
      disk.letGo(['p'])
      book.released('p')
      return broken(() => book.check(LATER))
    }
    const eight = ['1', '2', '3', '4', '5', '6', '7', '8'].map((name) => lane(`q${name}`))
    expect(letsGo([])).toBe('I4')
    expect(letsGo(eight.slice(1))).toBe('I4')
    expect(letsGo(eight)).toBe('none')
    expect(letsGo([lane('p', null)])).toBe('none')
  })
})
