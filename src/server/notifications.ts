/**
 * Reaching users who are not connected.
 *
 * Owns: when the notification provider is asked. Its failures are logged and stop nothing.
 */
import type { Logger } from '../runtime/ports.js'
import { isPromise } from './promises.js'
import type { NotificationProvider, PushOptions, UserSendOptions } from './types.js'

export class Pusher {
  readonly #provider: NotificationProvider | undefined
  readonly #logger: Logger
  readonly #isConnected: (userId: string, devices: readonly string[] | undefined) => boolean

  constructor(
    provider: NotificationProvider | undefined,
    logger: Logger,
    isConnected: (userId: string, devices: readonly string[] | undefined) => boolean,
  ) {
    this.#provider = provider
    this.#logger = logger
    this.#isConnected = isConnected
  }

  push(userId: string, type: string, data: unknown, { push, devices }: UserSendOptions): void {
    const provider = this.#provider
    if (push === undefined || push === false || provider === undefined) return
    if (this.#isConnected(userId, devices)) return
    const { priority = 'normal', title, body }: PushOptions = push === true ? {} : push
    const failed = (error: unknown): void =>
      this.#logger.error('notification failed', { provider: provider.name, user: userId, type, error })
    try {
      const result = provider.notify({
        userId,
        type,
        data,
        priority,
        title: title ?? null,
        body: body ?? null,
      })
      if (isPromise(result)) result.then(undefined, failed)
    } catch (error) {
      failed(error)
    }
  }
}
