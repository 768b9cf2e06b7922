/**
 * What the platform tells a client: that the world changed, that the machine slept, that the process ends.
 *
 * Owns: listening while there is something to wake, and letting go of it.
 * Does not own: where signals come from (runtime/signals.ts, process-signals.ts), nor what waking does (session/).
 */
import type { Contract } from '../protocol/contract.js'
import type { Announcer } from './announcer.js'
import type { ClientDriver, ClientEnvironment } from './environment.js'
import type { Lifetime } from './lifetime.js'
import { closeOnSignals } from './process-signals.js'
import type { ClientOptions } from './types.js'

/** What it needs of its client. */
export interface PlatformHost {
  readonly environment: ClientEnvironment
  readonly announcer: Announcer
  readonly driver: ClientDriver
  readonly lifetime: Lifetime
}

export class PlatformWatch {
  readonly #options: Pick<ClientOptions<Contract>, 'signals' | 'closeOnSignals'>
  readonly #stops: (() => void)[] = []

  constructor(options: Pick<ClientOptions<Contract>, 'signals' | 'closeOnSignals'>) {
    this.#options = options
  }

  /** From the first dial on: a client that never connects, such as one that a server rendered, holds nothing. */
  start({ environment, announcer, driver, lifetime }: PlatformHost): void {
    if (this.#stops.length > 0) return
    const { signals, closeOnSignals: names } = this.#options
    if (signals !== false) {
      const stop = environment.signals.listen((signal) => {
        announcer.log('debug', 'platform signal', { signal })
        if (signal !== 'hidden') wake(driver, signal, `the platform reported '${signal}'`)
      })
      this.#stops.push(stop)
    }
    if (names) this.#stops.push(closeOnSignals(names, () => lifetime.close({})))
  }

  stop(): void {
    for (const stop of this.#stops.splice(0)) stop()
  }
}

/** Says that what was known of the connection may no longer hold. */
export function wake(driver: ClientDriver, code: string, message: string): void {
  driver.dispatch({ type: 'wake', cause: { code, message } })
}
