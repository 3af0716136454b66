import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { besideInPackage, oneLanguage, ownFile } from '../../src/cli/own-files.ts'

const ROOT = 'file:///opt/chordns/src/'
const of = (specifier: string, parent: string | undefined = `${ROOT}peer/node.ts`) => ownFile(specifier, parent, ROOT)

describe('own files', () => {
  it('are where their names say, seen from whoever imports them', () => {
    expect(of('./ring.ts')).toBe(`${ROOT}peer/ring.ts`)
    expect(of('../io/index.ts')).toBe(`${ROOT}io/index.ts`)
    expect(of('./core/core.js', `${ROOT}peer/node.js`)).toBe(`${ROOT}peer/core/core.js`)
  })

  it.each([
    ['a package', 'zod', undefined],
    ['one of Node', 'node:fs', undefined],
    ['what leads out of the program', '../../package.json', undefined],
    ['a file beside it', '../../other/file.ts', undefined],
    ['what is no program', './style.css', undefined],
    ['a name with a query', './ring.ts?again', undefined],
    ['what a package imports', './index.js', 'file:///opt/chordns/node_modules/zod/index.js'],
    ['what nobody imports', './cli.ts', 'none'],
  ])('%s is for Node to find', (_, specifier, parent) => {
    expect(of(specifier, parent)).toBeUndefined()
  })
})

describe('files of packages', () => {
  const at = 'file:///opt/chordns/node_modules/zod/v4/core/core.js'

  it('are beside the one that imports them', () => {
    expect(besideInPackage('./util.js', at)).toBe('file:///opt/chordns/node_modules/zod/v4/core/util.js')
    const scoped = 'file:///opt/chordns/node_modules/@noble/hashes/sha2.js'
    expect(besideInPackage('./utils.js', scoped)).toBe('file:///opt/chordns/node_modules/@noble/hashes/utils.js')
  })

  it.each([
    ['another package', 'ipaddr.js', at],
    ['a name without an end', './util', at],
    ['a folder', './core', at],
    ['a file of another package', '../../../pino/pino.js', at],
    ['a file of a package inside', './node_modules/other/index.js', at],
    ['a file of the program', './ring.js', 'file:///opt/chordns/src/peer/node.js'],
    ['what nobody imports', './util.js', undefined],
  ])('%s is for Node to find', (_, specifier, parent) => {
    expect(besideInPackage(specifier, parent)).toBeUndefined()
  })
})

describe('the languages of zod', () => {
  const zod = import.meta.resolve('zod')

  it.each(['v4/classic/external.js', 'v4/core/index.js'])(
    'are the one that it speaks, where %s exports all of them',
    (file) => {
      const parent = zod.replace('index.js', file)
      expect(readFileSync(new URL(parent), 'utf8')).toContain('export * as locales from "../locales/index.js"')
      const one = oneLanguage('../locales/index.js', parent)
      expect(one).toBe(zod.replace('index.js', 'v4/locales/en.js'))
      expect(existsSync(new URL(one!))).toBe(true)
    },
  )

  it('are what they are for everybody else', () => {
    const parent = 'file:///opt/node_modules/zod/v4/core/index.js'
    expect(oneLanguage('../locales/index.js', parent)).toBeDefined()
    expect(oneLanguage('../locales/index.js', parent.replace('zod', 'other'))).toBeUndefined()
    expect(oneLanguage('../locales/en.js', parent)).toBeUndefined()
    expect(oneLanguage('../locales/index.js', undefined)).toBeUndefined()
  })
})
