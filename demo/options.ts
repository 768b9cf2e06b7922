/** The demo's command line. */
import { parseArgs } from 'node:util'

export interface DemoOptions {
  /** End after the table instead of serving the page. */
  readonly once: boolean
  /** Skip the run and serve the page at once. */
  readonly pageOnly: boolean
  readonly seconds: number
  /** Decides the faults: the same seed, the same schedule. */
  readonly seed: number
  /** Port of the page; `null`: 4600, or any other if that is taken. */
  readonly port: number | null
}

export const USAGE = `Usage: npm start -- [options]

  --once         end after the table; exit status 1 if anything was lost, duplicated or out of order
  --page         no run, only the page
  --seconds <n>  length of the run (20)
  --seed <n>     decides the faults of the run (random)
  --port <n>     where the page is served (4600)
  --help         this text
`

/** Parses the arguments; `null` if help was asked for. Throws an error that tells what is wrong. */
export function parseOptions(args: readonly string[]): DemoOptions | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      once: { type: 'boolean', default: false },
      page: { type: 'boolean', default: false },
      seconds: { type: 'string', default: '20' },
      seed: { type: 'string' },
      port: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return null
  if (values.once && values.page) throw new Error('--once and --page exclude each other')
  return {
    once: values.once,
    pageOnly: values.page,
    seconds: number('--seconds', values.seconds, 1, 3_600),
    seed: values.seed === undefined ? randomSeed() : number('--seed', values.seed, 0, 2 ** 32),
    port: values.port === undefined ? null : number('--port', values.port, 0, 65_535),
  }
}

const randomSeed = (): number => Math.floor(Math.random() * 100_000)

function number(option: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw new Error(`${option} must be a whole number from ${least} to ${most}, not '${text}'`)
}
