/** What the README shows compiles; what it and the guides point to exists. */
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { blocksOf, complaints, readPage as read } from '../support/pages.js'
import { repositoryRoot as root } from '../support/sources.js'

const pages = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)].filter((path) =>
  path.endsWith('.md'),
)

describe('README.md', () => {
  it('shows code that compiles', () => {
    const blocks = blocksOf('README.md')
    expect(blocks.length).toBeGreaterThanOrEqual(3)
    expect(complaints(blocks)).toEqual([])
  })

  it('is checked by a compiler that finds mistakes', () => {
    const planted = {
      page: 'planted',
      code: `import { createClient } from 'surewire'\ncreateClient({ uri: '' })\n`,
    }
    expect(complaints([planted])).toEqual([expect.stringContaining('uri')])
  })

  it('keeps the client at fifteen lines and the exchange at five', () => {
    const lengths = blocksOf('README.md').map(
      ({ code }) => code.split('\n').filter((line) => line !== '').length,
    )
    expect(lengths[0]).toBeLessThanOrEqual(15)
    expect(lengths[2]).toBeLessThanOrEqual(5)
  })
})

describe.each(pages)('%s', (page) => {
  it('points only to files that exist', () => {
    const links = [...read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link = '']) => link)
    expect(links.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([])
  })
})

describe('docs/architecture.md', () => {
  it('names files that exist', () => {
    const named = [...read('docs/architecture.md').matchAll(/`((?:[\w-]+\/)+[\w.-]+\.ts)`/g)].map(
      ([, path = '']) => path,
    )
    expect(named.length).toBeGreaterThan(10)
    const missing = named.filter(
      (path) => !existsSync(join(root, 'src', path)) && !existsSync(join(root, path)),
    )
    expect(missing).toEqual([])
  })
})
