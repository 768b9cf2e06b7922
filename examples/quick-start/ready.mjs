/**
 * Builds surewire if that has not been done: the quick starts run the package as it is published, from this repository.
 * An application that installs surewire from npm needs nothing of this.
 */
import { execSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const run = (command) => execSync(command, { cwd: root, stdio: 'inherit' })

if (!existsSync(`${root}node_modules`)) run('npm ci')
if (!existsSync(`${root}dist/surewire.module.js`)) run('npm run build')
