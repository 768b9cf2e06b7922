/**
 * Builds surewire if that has not been done since the sources changed: the quick starts run the package as it is
 * published, from this repository. An application that installs surewire from npm needs nothing of this.
 */
import { execSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const run = (command) => execSync(command, { cwd: root, stdio: 'inherit' })
const changedAt = (path) => statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0

/** What a build is made of. */
const sources = ['src', 'scripts']
  .filter((folder) => existsSync(join(root, folder)))
  .flatMap((folder) => readdirSync(join(root, folder), { recursive: true }).map((path) => join(folder, path)))
  .concat('package.json', 'tsup.config.ts')

if (!existsSync(join(root, 'node_modules'))) run('npm ci')
const builtAt = changedAt('dist/surewire.module.js')
if (sources.some((path) => changedAt(path) > builtAt)) run('npm run build')
