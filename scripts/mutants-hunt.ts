/**
 * Hunting one mutant: a copy of the sources with its patch, compiled, run seed by seed until one fails.
 *
 * Owns: the copy, the patch, the process that runs the seeds, and what counts as killed.
 * Does not own: which mutants there are (test/mutants/mutants.ts), what is printed (mutants.ts).
 */
import { type ChildProcess, execFile, fork } from 'node:child_process'
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { messageOf } from '../src/protocol/errors.js'
import { ROOT } from './compile.js'
import type { SeedJob, SeedVerdict } from './mutants-worker.js'

const run = promisify(execFile)

/** What a simulated world is compiled from. */
const PARTS = ['src', 'test/sim', 'test/support', 'scripts', 'package.json', 'tsconfig.json']
/** A seed that takes a hundred times as long as it should will never end. */
const SEED_TIMEOUT_MS = 120_000
/** The books have other names as well, such as `protocol`; an error of the program is a `crash`. */
const INVARIANT = /^I([1-9]|1[0-3])$/
/** Seeds that crash or hang before a mutant is given up. */
const MAX_MISHAPS = 3
/** The first seeds run twice, for the invariant that the same seed gives the same trace. */
const SEEDS_RUN_TWICE = 1

export interface Hunt {
  readonly verdict:
    | { readonly is: 'killed'; readonly invariant: string; readonly message: string }
    | { readonly is: 'survived' }
  /** Seeds that were run. */
  readonly seeds: number
  readonly simulatedMs: number
  /** Crashes, runs without end, failures that are no invariant's: they don't count as killed. */
  readonly mishaps: readonly string[]
}

export interface HuntOptions {
  readonly seeds: number
  readonly minutes: number
  /** A defect that was only logged counts as well, where that is what the mutant is. */
  readonly isDefect: boolean
}

export class Hunter {
  readonly #copy: string

  private constructor(copy: string) {
    this.#copy = copy
  }

  /** Copies the repository as it is now: it may change meanwhile. */
  static async open(): Promise<Hunter> {
    const copy = await mkdtemp(path.join(tmpdir(), 'mutants-'))
    for (const part of PARTS) await cp(path.join(ROOT, part), path.join(copy, part), { recursive: true })
    await symlink(path.join(ROOT, 'node_modules'), path.join(copy, 'node_modules'))
    return new Hunter(copy)
  }

  async close(): Promise<void> {
    await rm(this.#copy, { recursive: true, force: true })
  }

  /** `patch`: a file of test/mutants/; `null`: the sources as they are. */
  async hunt(patch: string | null, options: HuntOptions): Promise<Hunt> {
    let program: string
    try {
      program = patch === null ? await this.#compile() : await this.#compileWith(patch)
    } catch (error) {
      return { verdict: { is: 'survived' }, seeds: 0, simulatedMs: 0, mishaps: [messageOf(error)] }
    }
    return runSeeds(program, options)
  }

  async #compileWith(patch: string): Promise<string> {
    const file = path.join(ROOT, 'test/mutants', patch)
    // Nothing is changed by one of which only a part applies.
    await this.#patch(['--dry-run', '-i', file])
    await this.#patch(['-i', file])
    try {
      return await this.#compile()
    } finally {
      await this.#patch(['-R', '-i', file])
    }
  }

  async #patch(args: readonly string[]): Promise<void> {
    const options = ['-p1', '--fuzz=1', '--no-backup-if-mismatch', '--force']
    try {
      await run('patch', [...options, ...args], { cwd: this.#copy })
    } catch (error) {
      const { stdout = '' } = error as { stdout?: string }
      throw new Error(`does not apply: ${stdout.replaceAll('\n', ' ')}`, { cause: error })
    }
  }

  async #compile(): Promise<string> {
    const outfile = path.join(this.#copy, 'build/worker.js')
    await build({
      absWorkingDir: this.#copy,
      entryPoints: ['scripts/mutants-worker.ts'],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
      sourcemap: 'inline',
      alias: { '#platform': path.join(this.#copy, 'src/transports/platform.node.ts') },
      logLevel: 'warning',
    })
    return outfile
  }
}

/** One process for all seeds, and another one after a crash. */
async function runSeeds(program: string, { seeds, minutes, isDefect }: HuntOptions): Promise<Hunt> {
  const mishaps: string[] = []
  let simulatedMs = 0
  let worker = start(program)
  try {
    for (let seed = 1; seed <= seeds; seed++) {
      const answer = await ask(worker, { seed: String(seed), minutes, twice: seed <= SEEDS_RUN_TWICE })
      simulatedMs += answer.simulatedMs
      const { failure } = answer
      if (failure === null) continue
      if (INVARIANT.test(failure.invariant) || (isDefect && failure.invariant === 'defect'))
        return { verdict: { is: 'killed', ...failure }, seeds: seed, simulatedMs, mishaps }
      mishaps.push(`seed ${seed}: ${failure.invariant}: ${failure.message}`)
      if (mishaps.length >= MAX_MISHAPS)
        return { verdict: { is: 'survived' }, seeds: seed, simulatedMs, mishaps }
      worker.kill('SIGKILL')
      worker = start(program)
    }
    return { verdict: { is: 'survived' }, seeds, simulatedMs, mishaps }
  } finally {
    worker.kill('SIGKILL')
  }
}

/** Without the TypeScript loader that this script may run under: the program is compiled. */
function start(program: string): ChildProcess {
  return fork(program, { execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
}

/** The worker's answer; a crash if it ends without one, or does not end. */
function ask(worker: ChildProcess, job: SeedJob): Promise<SeedVerdict> {
  return new Promise((resolve) => {
    let errors = ''
    const settle = (verdict: SeedVerdict): void => {
      clearTimeout(timer)
      worker.off('message', settle)
      worker.off('exit', ended)
      worker.stderr?.off('data', collect)
      resolve(verdict)
    }
    const crashed = (message: string): void =>
      settle({ failure: { invariant: 'crash', message }, simulatedMs: 0 })
    const ended = (): void => crashed(`the process ended: ${errors.trim().split('\n').at(-1) ?? ''}`)
    const collect = (data: Buffer): void => {
      errors = (errors + String(data)).slice(-2_000)
    }
    const timer = setTimeout(() => crashed('no end'), SEED_TIMEOUT_MS)
    worker.on('message', settle)
    worker.on('exit', ended)
    worker.stderr?.on('data', collect)
    worker.send(job)
  })
}
