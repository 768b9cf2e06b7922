/**
 * Owns: collecting garbage when a test wants it, in a process that was not started for it.
 */
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** After this, what nobody holds is gone. In another task: what a WeakRef gave or was given lasts until its task ends. */
export async function collectGarbage(): Promise<void> {
  await setImmediate()
  collect()
}
