/**
 * Owns: tests that need a program of the machine (a browser, a server). Where it is missing they are skipped and the
 * report says why; with SUREWIRE_REQUIRE_ALL=1, as in .ci/run, a missing program is a failure.
 */
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { describe, expect, it } from 'vitest'

/** The full path of a command on PATH, or null. */
export function findCommand(command: string, path: string = process.env.PATH ?? ''): string | null {
  for (const directory of path.split(delimiter)) {
    const candidate = join(directory, command)
    try {
      accessSync(candidate, constants.X_OK)
      if (statSync(candidate).isFile()) return candidate
    } catch {
      // Not here: look on.
    }
  }
  return null
}

export type Requirement = 'run' | 'skip' | 'fail'

/** What becomes of tests that need `command`. */
export function requirement(
  command: string,
  env: { readonly [name: string]: string | undefined } = process.env,
): Requirement {
  if (findCommand(command, env.PATH) !== null) return 'run'
  return env.SUREWIRE_REQUIRE_ALL === '1' ? 'fail' : 'skip'
}

/** What a command has to be besides there. */
export interface Needs {
  /** Directories to look in. @default PATH */
  readonly path?: string
  /** Whether this executable will do, such as a Python with a certain package. */
  readonly works?: (executable: string) => boolean
  /** What to install. @default the command */
  readonly package?: string
}

/** A `describe` whose tests need `command` to be installed. `fn` gets the command's full path. */
export function describeIf(
  command: string,
  name: string,
  fn: (executable: string) => void,
  needs: Needs = {},
): void {
  const path = needs.path ?? process.env.PATH
  const executable = findCommand(command, path)
  const works = executable !== null && needs.works?.(executable) !== false
  const missing = needs.package ?? command
  const run = () => {
    fn(executable ?? command)
  }
  const fail = () => {
    it(`needs ${missing}`, () => {
      expect.fail(`${missing} is not installed, and SUREWIRE_REQUIRE_ALL=1 asks for every test`)
    })
  }
  // What does not work counts as not there.
  const becomes = requirement(command, { ...process.env, PATH: works ? path : '' })
  if (becomes === 'run') describe(name, run)
  else if (becomes === 'fail') describe(name, fail)
  else describe.skip(`${name} (skipped: ${missing} is not installed)`, run)
}
