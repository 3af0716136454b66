import { describe, expect, it } from 'vitest'
import { checkInnerRooms } from '../../scripts/imports/inner.ts'

const rooms = { ring: ['node', 'driver.ts', 'lookup', 'table'], 'ring/table': ['view.ts', 'rows'] }
const everywhere = [
  'src/ring/node/x.ts',
  'src/ring/driver.ts',
  'src/ring/lookup/x.ts',
  'src/ring/table/view.ts',
  'src/ring/table/rows/x.ts',
]

/** What the table says of one file, in a house where all parts are. */
function about(path: string, text: string, pure: readonly string[] = []): string[] {
  const others = everywhere.filter((one) => one !== path).map((one) => ({ path: one, text: '' }))
  return checkInnerRooms([{ path, text }, ...others], { rooms, pure }).map(
    ({ path: where, line, message }) => `${where}:${line}: ${message}`,
  )
}

describe('the arrows of inner rooms', () => {
  it.each([
    ['src/ring/lookup/a.ts', '../node/x.ts', 'in ring/, lookup stands below node and may not import it'],
    ['src/ring/lookup/a.ts', '../driver.ts', 'in ring/, lookup stands below driver.ts and may not import it'],
    ['src/ring/driver.ts', './node/x.ts', 'in ring/, driver.ts stands below node and may not import it'],
    ['src/ring/table/a.ts', '../index.ts', 'in ring/, table stands below index.ts and may not import it'],
    ['src/ring/types.ts', './table/view.ts', 'in ring/, types.ts stands below table and may not import it'],
    ['src/ring/table/rows/a.ts', '../view.ts', 'in ring/table/, rows stands below view.ts and may not import it'],
  ])('point downwards: %s may not import %s', (path, target, message) => {
    for (const text of [`import { x } from '${target}'`, `import type { X } from '${target}'`])
      expect(about(path, `\n${text}`)).toContain(`${path}:2: ${message}`)
  })

  it.each([
    ['src/ring/index.ts', './node/x.ts'],
    ['src/ring/node/a.ts', '../lookup/x.ts'],
    ['src/ring/node/a.ts', './b.ts'],
    ['src/ring/lookup/a.ts', '../limits.ts'],
    ['src/ring/types.ts', './limits.ts'],
    ['src/ring/table/view.ts', './rows/x.ts'],
    ['src/ring/lookup/a.ts', '../../base/index.ts'],
  ])('let %s import %s', (path, target) => {
    expect(about(path, `import { x } from '${target}'`)).toEqual([])
  })

  it('know every part of a room that has inner rooms', () => {
    expect(about('src/ring/loose.ts', '')).toEqual([
      'src/ring/loose.ts:1: ring/ does not know loose.ts: add it to scripts/imports/inner-table.ts',
    ])
    expect(about('src/ring/deep/a.ts', '')).toContain(
      'src/ring/deep:1: ring/ has no inner room deep/: add it to scripts/imports/inner-table.ts',
    )
    expect(about('src/dns/rdata/a.ts', '')).toEqual([
      'src/dns/rdata:1: dns/ has no inner room rdata/: add it to scripts/imports/inner-table.ts',
    ])
    expect(about('src/dns/a.ts', `import './b.ts'`)).toEqual([])
  })

  it('have no rows of parts that are gone', () => {
    expect(about('src/ring/index.ts', '', ['ring/old'])).toEqual([
      'scripts/imports/inner-table.ts:1: there is no src/ring/old',
    ])
  })
})

describe('what is called pure', () => {
  const pure = (text: string) => about('src/ring/lookup/a.ts', text, ['ring/lookup', 'ring/table/view.ts'])

  it.each([
    ['async function f() {}', 'is pure: `async` is for what waits'],
    ['type F = () => Promise<void>', 'is pure: `Promise` is for what waits'],
    ['await x', 'is pure: `await` is for what waits'],
    ['const x = y ? await z : 1', 'is pure: `await` is for what waits'],
    [`const x = './y.ts'\nawait z`, 'is pure: `await` is for what waits'],
    [`import type { Clock } from '../../base/index.ts'`, 'is pure: `Clock` is a port'],
    [`import { a, type Transport as T } from '../../base/index.ts'`, 'is pure: `Transport` is a port'],
    [`import { x } from '../table/rows/x.ts'`, 'is pure, and ring/table/rows/x.ts is not'],
  ])('does without %s', (text, message) => {
    expect(pure(text)).toEqual([`src/ring/lookup/a.ts:${text.split('\n').length}: ${message}`])
    expect(about('src/ring/lookup/a.ts', text)).toEqual([])
  })

  it.each([
    `import type { Random, PeerId } from '../../base/index.ts'`,
    `import { x } from '../table/view.ts'`,
    `import { x } from '../limits.ts'`,
    '// async, Promise, Clock',
    'const x = given.async + given?.await',
  ])('may say %s', (text) => {
    expect(pure(text)).toEqual([])
  })
})
