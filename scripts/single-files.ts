/**
 * The core and surewire/vanilla in one file each, for pages without a bundler: as a module, and as a script that sets the
 * global `surewire`.
 *
 * Owns: what is in them. Does not own: how sources become a bundle (browser-bundle.ts), nor the package's other files.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { transform } from 'esbuild'
import { bundleForBrowser, root } from './browser-bundle.js'

const CODE = `export * from 'surewire'; export * from 'surewire/vanilla'`

/** Name in dist/ → content. */
export async function singleFiles(): Promise<ReadonlyMap<string, string>> {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
  const notice = `/*! surewire ${version}, MIT. With eventemitter3 and nanoid, MIT: see THIRD-PARTY-NOTICES.md */\n`
  const module = new TextDecoder().decode(await bundleForBrowser({ code: CODE }))
  const script = await transform(module, {
    format: 'iife',
    globalName: 'surewire',
    minify: true,
    target: 'es2022',
  })
  return new Map([
    ['surewire.module.js', notice + module],
    ['surewire.global.js', notice + script.code],
  ])
}

export async function writeSingleFiles(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true })
  for (const [name, content] of await singleFiles()) await writeFile(join(directory, name), content)
}
