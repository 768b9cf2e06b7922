/**
 * What one page may hold: messages in its queue (I7), and nothing of its platform once it is closed (I12).
 */
import { Violation } from '../../src/testing/simulation/index.js'
import type { Member } from './member.js'

export function checkQueue({ name, client, habits, queue }: Member): void {
  const { queued } = client.snapshot
  if (queued > habits.maxMessages)
    throw new Violation('I7', `${name}: ${queued} messages wait; the queue takes ${habits.maxMessages}`)
  queue.check()
}

export function checkLetGo({ name, client, page, pending }: Member): void {
  const { status } = client.snapshot
  const { timers, listeners, handles, links } = page.held
  if (timers + listeners + handles + links + pending.size === 0 && status === 'closed') return
  throw new Violation(
    'I12',
    `${name} is closed (${status}) and holds ${timers} timers, ${listeners} listeners, ${handles} locks, ${links} sockets, ${pending.size} promises`,
  )
}
