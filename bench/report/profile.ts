/**
 * What a CPU profile says: the functions that took the most time themselves.
 *
 * Owns: reading `.cpuprofile` files and naming functions by their source file. The bundler leaves a comment with the
 * path before each file's code; the last one above a function is its own.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

interface Node {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
}

interface CpuProfile {
  readonly nodes: readonly Node[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

export interface ProfileLine {
  readonly name: string
  readonly milliseconds: number
  /** Of the time that was not idle. */
  readonly share: number
}

export interface ProfileSummary {
  readonly process: 'client' | 'server'
  readonly busyMs: number
  readonly idleMs: number
  readonly lines: readonly ProfileLine[]
}

/** The profiles of a folder, client first. */
export function readProfiles(folder: string): ProfileSummary[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.cpuprofile'))
  const summaries = files.map((file) =>
    summarise(JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile),
  )
  return summaries.sort((a, b) => a.process.localeCompare(b.process))
}

function summarise({ nodes, samples, timeDeltas }: CpuProfile): ProfileSummary {
  const names = new Map(nodes.map((node) => [node.id, nameOf(node)]))
  const micros = new Map<string, number>()
  for (const [at, sample] of samples.entries()) {
    const name = names.get(sample) ?? '?'
    micros.set(name, (micros.get(name) ?? 0) + (timeDeltas[at] ?? 0))
  }
  const idle = micros.get('(idle)') ?? 0
  micros.delete('(idle)')
  const busy = [...micros.values()].reduce((sum, value) => sum + value, 0)
  const lines = [...micros].map(([name, value]) => ({
    name,
    milliseconds: value / 1_000,
    share: value / busy,
  }))
  return {
    process: nodes.some(({ callFrame }) => callFrame.url.endsWith('/serve.js')) ? 'server' : 'client',
    busyMs: busy / 1_000,
    idleMs: idle / 1_000,
    lines: lines.sort((a, b) => b.share - a.share),
  }
}

function nameOf({ callFrame: { functionName, url, lineNumber } }: Node): string {
  const name = functionName === '' ? '(anonymous)' : functionName
  if (url === '') return name
  return `${name} ${sourceOf(url, lineNumber)}`
}

const commentsByUrl = new Map<string, (string | undefined)[]>()

function sourceOf(url: string, line: number): string {
  if (!url.includes('/.build/')) return `${url.replace(/^.*node_modules\//, '')}:${line + 1}`
  const comments = commentsByUrl.get(url) ?? pathsByLine(url)
  commentsByUrl.set(url, comments)
  return comments[line] ?? url
}

function pathsByLine(url: string): (string | undefined)[] {
  const file = fileURLToPath(url)
  if (!existsSync(file)) return []
  let path: string | undefined
  return readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => {
      path = /^\/\/ (\S+\.ts)$/.exec(line)?.[1] ?? path
      return path
    })
}
