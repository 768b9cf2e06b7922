/**
 * `npm run failures:prove`: shows that the tests of the failure catalogue would notice.
 *
 * For every test/failures/NN.patch, which takes the handling of failure NN out of src/: in a copy of the repository
 * the test of that number has to fail with the patch, and all of them have to pass without. Numbers after the command
 * restrict it: `npm run failures:prove -- 3 12`.
 */
import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('..', import.meta.url))
const FOLDER = 'test/failures'
/** Numbers of the catalogue. */
const FAILURES = 70
/** Tests of sockets wait more than they compute. */
const SIDE_BY_SIDE = 2
/** A test that waits for ever because of its patch has failed, too. */
const TIMEOUT_MS = 120_000
/** Characters of a message that fit a line. */
const MAX_DETAIL = 90

/** What a run of vitest came to. `failed`: titles of failed tests with their first message. */
interface Verdict {
  readonly passed: number
  readonly failed: readonly { readonly title: string; readonly message: string }[]
  /** Nothing ran, or a file broke as a whole: that proves nothing. */
  readonly broken: string | null
}

interface Failure {
  readonly number: number
  readonly test: string | null
  readonly patch: string | null
}

interface Row {
  readonly number: number
  readonly name: string
  readonly ok: boolean
  readonly detail: string
}

const wanted = process.argv.slice(2).map(Number)
const failures = (await catalogue()).filter(({ number }) => wanted.length === 0 || wanted.includes(number))
const provable = failures.filter((failure): failure is Provable => isProvable(failure))
await withCopy(ROOT, async (snapshot) => {
  // The repository may change meanwhile: everything is judged as it is now.
  const rows = await proveAll(snapshot, provable)
  const baseline = await vitest(
    snapshot,
    provable.map(({ test }) => test),
  )
  report(rows, baseline)
})

type Provable = Failure & { readonly test: string; readonly patch: string }

function isProvable({ test, patch }: Failure): boolean {
  return test !== null && patch !== null
}

async function catalogue(): Promise<Failure[]> {
  const files = await readdir(path.join(ROOT, FOLDER))
  const find = (number: number, ending: RegExp): string | null => {
    const start = String(number).padStart(2, '0')
    const file = files.find((name) => name.startsWith(start) && ending.test(name.slice(start.length)))
    return file === undefined ? null : `${FOLDER}/${file}`
  }
  return Array.from({ length: FAILURES }, (_, index) => ({
    number: index + 1,
    test: find(index + 1, /^-.*\.test\.tsx?$/),
    patch: find(index + 1, /^\.patch$/),
  }))
}

async function proveAll(snapshot: string, list: readonly Provable[]): Promise<Row[]> {
  const waiting = [...list]
  const done: Row[] = []
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const row = await prove(snapshot, next)
      console.log(line(row))
      done.push(row)
    }
  }
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work))
  return done.toSorted((a, b) => a.number - b.number)
}

async function prove(snapshot: string, { number, test, patch }: Provable): Promise<Row> {
  const name = path.basename(test).replace(/\.test\.tsx?$/, '')
  return withCopy(snapshot, async (copy) => {
    const applied = await apply(copy, patch)
    if (applied !== null) return { number, name, ok: false, detail: `the patch does not apply: ${applied}` }
    const { broken, failed, passed } = await vitest(copy, [test])
    if (broken !== null) return { number, name, ok: false, detail: `the file broke: ${broken}` }
    const [first] = failed
    if (first === undefined) return { number, name, ok: false, detail: `${passed} passed, none failed` }
    return {
      number,
      name,
      ok: true,
      detail: `${failed.length} of ${failed.length + passed}: ${first.message}`,
    }
  })
}

/** Works in a copy of what the tests need; the packages are shared. */
async function withCopy<Result>(from: string, work: (copy: string) => Promise<Result>): Promise<Result> {
  const copy = await mkdtemp(path.join(tmpdir(), 'failures-'))
  try {
    for (const part of ['src', 'test', 'tools', 'package.json', 'tsconfig.json', 'vitest.config.ts']) {
      await cp(path.join(from, part), path.join(copy, part), { recursive: true })
    }
    await symlink(path.join(ROOT, 'node_modules'), path.join(copy, 'node_modules'))
    return await work(copy)
  } finally {
    await rm(copy, { recursive: true, force: true })
  }
}

/** Returns why it doesn't apply, or `null`. */
async function apply(copy: string, patch: string): Promise<string | null> {
  try {
    await run('patch', ['-p1', '--fuzz=1', '--no-backup-if-mismatch', '-i', path.join(copy, patch)], {
      cwd: copy,
    })
    return null
  } catch (error) {
    return firstLine((error as { stdout?: string }).stdout ?? String(error))
  }
}

async function vitest(copy: string, tests: readonly string[]): Promise<Verdict> {
  const output = path.join(copy, 'verdict.json')
  const vitestBin = path.join(copy, 'node_modules/vitest/vitest.mjs')
  const options = ['--project', 'failures', '--reporter', 'json', '--outputFile', output]
  // Its exit code says less than its report.
  await run(process.execPath, [vitestBin, 'run', ...options, ...tests], {
    cwd: copy,
    timeout: TIMEOUT_MS * Math.max(1, tests.length / 4),
    killSignal: 'SIGKILL',
    maxBuffer: 64 * 1024 * 1024,
  }).catch(() => undefined)
  try {
    return readVerdict(JSON.parse(await readFile(output, 'utf8')) as VitestReport)
  } catch (error) {
    return { passed: 0, failed: [], broken: `vitest left no report: ${firstLine(String(error))}` }
  }
}

interface VitestReport {
  readonly testResults: readonly {
    readonly name: string
    readonly message: string
    readonly assertionResults: readonly {
      readonly fullName: string
      readonly status: string
      readonly failureMessages: readonly string[]
    }[]
  }[]
}

function readVerdict({ testResults }: VitestReport): Verdict {
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults)
  const empty = testResults.find(({ assertionResults }) => assertionResults.length === 0)
  const failed = tests
    .filter(({ status }) => status === 'failed')
    .map(({ fullName, failureMessages }) => ({
      title: fullName,
      message: firstLine(failureMessages[0] ?? ''),
    }))
  return {
    passed: tests.filter(({ status }) => status === 'passed').length,
    failed,
    broken: empty === undefined ? (tests.length === 0 ? 'no test ran' : null) : firstLine(empty.message),
  }
}

function firstLine(text: string): string {
  const [first = ''] = text.split('\n')
  return first.length > MAX_DETAIL ? `${first.slice(0, MAX_DETAIL)}…` : first
}

function line({ ok, name, detail }: Row): string {
  return `${ok ? 'noticed' : 'MISSED '}  ${name.padEnd(34)} ${detail}`
}

function report(proved: readonly Row[], { broken, failed, passed }: Verdict): void {
  console.log(`\n${proved.length} patches:`)
  for (const row of proved) console.log(line(row))
  console.log(
    `\nwithout a patch: ${passed} tests passed, ${failed.length} failed${broken === null ? '' : `; ${broken}`}`,
  )
  for (const { title, message } of failed) console.log(`  ${title}: ${message}`)
  const without = (missing: (failure: Failure) => boolean): string =>
    failures
      .filter(missing)
      .map(({ number }) => number)
      .join(' ') || 'none'
  console.log(`numbers without a test: ${without(({ test }) => test === null)}`)
  console.log(
    `numbers with a test and without a patch: ${without(({ test, patch }) => test !== null && patch === null)}`,
  )
  const isGood = proved.every(({ ok }) => ok) && failed.length === 0 && broken === null
  if (!isGood) process.exitCode = 1
}
