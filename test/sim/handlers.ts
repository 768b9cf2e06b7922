/**
 * What the application at the server does with messages and requests.
 *
 * Owns: the handlers of one process, and telling the books of every run and its effects.
 */
import { CodedError } from './coded-error.js'
import type { Context } from '../../src/server/types.js'
import type { SeededRandom, TestServer } from '../../src/testing/index.js'
import { Violation } from '../../src/testing/simulation/index.js'
import type { Books } from './books.js'
import { type Run, splitId } from './books-messages.js'
import { isNamed } from './books-owners.js'
import { checkPayload, type Payload } from './payload.js'
import type { StorePort } from './store-port.js'

export interface HandlerHost {
  readonly name: string
  readonly books: Books
  readonly random: SeededRandom
  later(ms: number): Promise<void>
  readonly port: () => StorePort
}

type Work = (data: Payload, context: Context, run: Run) => unknown

/** Types of messages that the server handles. */
export const HANDLED = ['plain', 'fan', 'slow', 'fail', 'late'] as const
export const REQUESTS = ['echo', 'slow-echo', 'fan-echo', 'fail-echo'] as const

export function addHandlers(server: TestServer, host: HandlerHost): void {
  for (const [type, work] of Object.entries(messageWork(host))) on(server, host, type, work)
  on(server, host, 'chat', (data, context, run) => {
    if (context.room === null) return
    context.toRoom(context.room).send('chat', data)
    run.effects++
  })
  for (const [type, work] of Object.entries(requestWork(host))) {
    server.onRequest(type, (data, context) => perform(host, work, data as Payload, context))
  }
}

function messageWork(host: HandlerHost): Record<(typeof HANDLED)[number], Work> {
  return {
    plain: () => undefined,
    fan: (_data, context, run) => fan(context, run),
    slow: (data, context, run) => slowly(host, data, context, run),
    fail: ({ tag }, context) => {
      context.toUser('ada').send('note', { to: 'user/ada' })
      if (tag % 2 === 0) throw new CodedError('refused', 'as it should')
      return host.later(5).then(() => {
        throw new CodedError('refused', 'as it should')
      })
    },
    late: (_data, context) => void host.later(10).then(() => sendTooLate(host, context)),
  }
}

function requestWork(host: HandlerHost): Record<(typeof REQUESTS)[number], Work> {
  return {
    echo: ({ tag }) => ({ tag }),
    'slow-echo': async ({ tag, ms }, context, run) => {
      if (tag % 3 === 0) fan(context, run)
      context.signal.addEventListener('abort', () => {
        if ((context.signal.reason as { code?: string }).code === 'cancelled')
          host.books.sometimes('a request was cancelled while it ran')
      })
      await host.later(ms)
      return { tag }
    },
    'fan-echo': ({ tag }, context, run) => {
      fan(context, run)
      return { tag }
    },
    'fail-echo': (_data, context) => {
      context.toUser('ada').send('note', { to: 'user/ada' })
      throw new CodedError('refused', 'as it should')
    },
  }
}

function on(server: TestServer, host: HandlerHost, type: string, work: Work): void {
  server.on(type, (data, context) => {
    const result = perform(host, work, data as Payload, context)
    // A handler without a need for waiting is one without a promise.
    return result instanceof Promise ? result.then(() => undefined) : undefined
  })
}

/** Runs a handler under the eyes of the books. Without a need for waiting it ends at once. */
function perform(host: HandlerHost, work: Work, data: Payload, context: Context): unknown {
  const run = begin(host, context)
  host.books.guard(() => {
    if (checkPayload(data)) host.books.sometimes('bytes came to a server')
  })
  try {
    const result = work(data, context, run)
    if (!(result instanceof Promise)) {
      run.ended = 'done'
      return result
    }
    return result.then(
      (value) => {
        run.ended = 'done'
        return value
      },
      (error: unknown) => {
        run.ended = 'failed'
        throw error
      },
    )
  } catch (error) {
    run.ended = 'failed'
    throw error
  }
}

function begin({ name, books, port }: HandlerHost, { id, redelivered, signal, user }: Context): Run {
  const held = port().holds(splitId(id).producer)
  const run: Run = {
    process: name,
    epoch: held?.epoch ?? '',
    owner: held?.owner ?? '',
    redelivered,
    signal,
    effects: 0,
    ended: null,
  }
  signal.addEventListener('abort', () => {
    if ((signal.reason as { code?: string }).code === 'handler_timeout')
      books.sometimes('a handler passed its deadline')
  })
  books.note(`${name} runs ${id} ${redelivered}`)
  books.guard(() => {
    books.messages.ran(id, run)
    const message = books.messages.get(id)
    checkUser(books, run, id, user.id)
    checkBegun(books, run, id)
    checkAfterSends(books, port(), id)
    if (message !== undefined && message.runs.length > 1)
      books.sometimes('a message ran again, as redelivered')
    if (message?.runs.length === 1) books.count('messages')
  })
  return run
}

/** Takes its time before or after it sends. Some never return: only their deadline ends them. */
async function slowly(host: HandlerHost, { tag, ms }: Payload, context: Context, run: Run): Promise<void> {
  const sendsFirst = tag % 3 === 0
  if (sendsFirst) fan(context, run)
  if (tag % 31 === 0) return new Promise(() => undefined)
  await host.later(ms)
  if (!sendsFirst && !context.signal.aborted) fan(context, run)
}

/** To a room, to the sender, to its session. */
function fan(context: Context, run: Run): void {
  const { user, sessionId } = context
  context.toRoom('red').send('note', { to: 'room/red' })
  context.toUser(user.id).send('note', { to: `user/${user.id}` })
  context.toSession(sessionId).send('note', { to: `session/${sessionId}` })
  run.effects += 3
}

/** Counts for nothing, and says so. */
function sendTooLate({ books }: HandlerHost, context: Context): void {
  try {
    context.toRoom('red').send('note', { to: 'room/red' })
  } catch {
    return books.sometimes('a handler that had ended was refused what it sent')
  }
  books.guard(() => {
    throw new Violation('I1', `${context.id}: its handler could send after it had ended`)
  })
}

/**
 * A handler is told of the user whose sequence the message is in (rule 15): in the epoch that its process has. The store may have
 * forgotten that one, and begun another for somebody else.
 */
function checkUser({ producers }: Books, { epoch }: Run, id: string, user: string): void {
  const owner = producers.userIn(splitId(id).producer, epoch)
  if (owner === null || !isNamed(owner, user))
    throw new Violation('I9', `${id} is of ${owner ?? 'nobody'}, and its handler was told of ${user}`)
}

/** A request begins once the store holds that it began: whoever takes over must know (rule 2). */
function checkBegun({ messages, producers }: Books, { epoch }: Run, id: string): void {
  const { producer, seq } = splitId(id)
  if (messages.get(id)?.kind !== 'request' || producers.committed(producer, epoch) >= seq) return
  throw new Violation('I1', `request ${id} began before the store knew of it`)
}

/** A request begins once what came before it on its connection is committed. What another process took over is not waited for. */
function checkAfterSends({ messages, producers }: Books, port: StorePort, id: string): void {
  for (const { producer, owner, seq } of messages.get(id)?.after ?? []) {
    const held = port.holds(producer)
    if (held?.owner !== owner || owner !== producers.ownerOf(producer)) continue
    if (producers.committed(producer, held.epoch) >= seq) continue
    throw new Violation('I2', `request ${id} began before number ${seq} of ${producer} was committed`)
  }
}
