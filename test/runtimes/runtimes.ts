/**
 * The runtimes: where their binaries are and how they run a file.
 *
 * Owns: that, and nothing of what runs in them.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../scripts/compile.js'
import type { ModuleKind, RuntimeName } from './check.js'

export interface Runtime {
  readonly name: RuntimeName
  readonly title: string
  /** `null`: not on this machine. */
  readonly binary: string | null
  readonly modules: readonly ModuleKind[]
  /** Arguments before the file. */
  readonly flags: readonly string[]
}

const PACKAGES = join(ROOT, 'runtimes/node_modules')
const BOTH: readonly ModuleKind[] = ['ESM', 'CommonJS']

/** The platform as the packages of the binaries spell it. */
const PLATFORM = `${process.platform}-${process.arch}`
const DENO = process.platform === 'linux' ? `${PLATFORM}-glibc` : PLATFORM
const WORKERD = PLATFORM.replace('x64', '64')
const BUN = PLATFORM.replace('arm64', 'aarch64')

function inPackage(...path: string[]): string | null {
  const file = join(PACKAGES, ...path)
  return existsSync(file) ? file : null
}

/** The Node that runs this is one of them, if it is of that major. */
function node(major: 20 | 22 | 24): Runtime {
  const own = process.versions.node.startsWith(`${major}.`) ? process.execPath : null
  const binary = own ?? inPackage(`node${major}-${PLATFORM}`, 'bin/node')
  return { name: `node${major}`, title: `Node ${major}`, binary, modules: BOTH, flags: [] }
}

export function findRuntimes(): Runtime[] {
  return [
    node(20),
    node(22),
    node(24),
    {
      name: 'bun',
      title: 'Bun',
      binary: inPackage('@oven', `bun-${BUN}`, 'bin/bun'),
      modules: BOTH,
      flags: ['run'],
    },
    {
      name: 'deno',
      title: 'Deno',
      binary: inPackage('@deno', DENO, 'deno'),
      modules: BOTH,
      // With its code cache it was seen to run a package's file of an earlier build, whose chunks are gone.
      flags: [
        'run',
        '--allow-all',
        '--no-code-cache',
        '--no-lock',
        '--cached-only',
        '--node-modules-dir=manual',
      ],
    },
    {
      name: 'workerd',
      title: 'workerd (Cloudflare Workers)',
      binary: inPackage('@cloudflare', `workerd-${WORKERD}`, 'bin/workerd'),
      modules: ['bundle'],
      flags: [],
    },
  ]
}
