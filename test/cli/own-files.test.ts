import { describe, expect, it } from 'vitest'
import { ownFile } from '../../src/cli/own-files.ts'

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
