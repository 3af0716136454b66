import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { checkHouse, type House, readHouse } from '../../scripts/check-house.ts'
import { circles } from '../../scripts/house/circles.ts'
import { checkDecisions } from '../../scripts/house/decisions.ts'
import { missingFiles } from '../../scripts/house/named-files.ts'
import { ownBounds } from '../../scripts/house/own-bounds.ts'
import { ownClocks } from '../../scripts/house/own-clocks.ts'
import { silentIndexes, unnamedParts, withoutWords } from '../../scripts/house/readmes.ts'
import type { SourceFile, Violation } from '../../scripts/house/sources.ts'
import { crowdedRooms, longFiles, longFunctions, wideParameters } from '../../scripts/house/taste.ts'
import { nearTwins, sharedTypeNames } from '../../scripts/house/type-names.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const run = promisify(execFile)

const files = (texts: Record<string, string>): SourceFile[] =>
  Object.entries(texts).map(([path, text]) => ({ path, text }))
const told = (violations: readonly Violation[]) =>
  violations.map(({ path, line, message }) => `${path}:${line}: ${message}`)

describe('circles of files', () => {
  it('are found over types and over several files, and told with the way round', () => {
    const violations = circles(
      files({
        'src/a/one.ts': `import { two } from './two.ts'`,
        'src/a/two.ts': `import type { Three } from '../b/three.ts'`,
        'src/b/three.ts': `export type { One } from '../a/one.ts'`,
        'src/b/four.ts': `import { one } from '../a/one.ts'`,
      }),
    )
    expect(told(violations)).toEqual([
      'src/a/one.ts:1: 3 files import each other in a circle: src/a/one.ts -> src/a/two.ts -> src/b/three.ts -> src/a/one.ts',
    ])
  })

  it('are found in a file that imports itself, and in two knots apart', () => {
    const violations = circles(
      files({
        'src/a.ts': `import { a } from './a.ts'`,
        'src/b.ts': `type C = import('./c.ts').C`,
        'src/c.ts': `export * from './b.ts'`,
      }),
    )
    expect(violations.map(({ path }) => path)).toEqual(['src/a.ts', 'src/b.ts'])
  })

  it('are not what two files import in common', () => {
    expect(
      circles(
        files({
          'src/a.ts': `import './b.ts'\nimport './c.ts'`,
          'src/b.ts': `import './c.ts'\n// import './a.ts'`,
          'src/c.ts': `import 'zod'`,
        }),
      ),
    ).toEqual([])
  })
})

describe('the names of exported types', () => {
  it('are not used twice, whatever kind of type they name', () => {
    const violations = sharedTypeNames(
      files({
        'src/a.ts': 'export interface Seat {}\nexport type Vote = 1\nexport class Ring {}',
        'src/b.ts': '\nexport type Seat = string\nexport interface Vote<T> {}\nexport abstract class Ring {}',
      }),
    )
    expect(told(violations)).toEqual([
      'src/b.ts:2: the type Seat is another one in src/a.ts:1: rename one',
      'src/b.ts:3: the type Vote is another one in src/a.ts:2: rename one',
      'src/b.ts:4: the type Ring is another one in src/a.ts:3: rename one',
    ])
  })

  it('may be passed on, be kept to one file, and be those of values', () => {
    expect(
      sharedTypeNames(
        files({
          'src/a.ts': `export interface Seat {}\ninterface Own {}\nexport const Vote = 1\nexport type Vote = 1`,
          'src/index.ts': `export type { Seat } from './a.ts'\nexport { type Vote } from './a.ts'\nexport interface Own {}`,
        }),
      ),
    ).toEqual([])
  })

  it('are listed when they differ by an s', () => {
    expect(told(nearTwins(files({ 'src/a.ts': 'export type Ask = 1', 'src/b.ts': 'export class Asks {}' })))).toEqual([
      'src/a.ts:1: Ask, and Asks in src/b.ts',
    ])
  })
})

describe('decisions', () => {
  const first = { 'docs/decisions/0001-one.md': '# 1. One\n' }

  it('have a number of their own, in the file name and in the title', () => {
    const decisions = files({
      ...first,
      'docs/decisions/0001-two.md': '# 0001: Two\n',
      'docs/decisions/0003-three.md': '# 0004: Three\n',
      'docs/decisions/0005-five.md': '# Five\n',
      'docs/decisions/six.md': '# 6. Six\n',
    })
    expect(told(checkDecisions(decisions, []))).toEqual([
      'docs/decisions/0001-two.md:1: 0001 is the number of docs/decisions/0001-one.md, too: take the next free one',
      'docs/decisions/0003-three.md:1: the title says 0004, the file name 0003',
      'docs/decisions/0005-five.md:1: the title does not begin with the number (# NNNN: what was decided)',
      'docs/decisions/six.md:1: a decision is called NNNN-some-words.md',
    ])
  })

  it('are there when somebody names one', () => {
    const readers = files({
      'src/a.ts': '// one\n// (docs/decisions/0001, decisions/0001-one.md, decision 0001)',
      'src/b.ts': `\n// decision ${'0002'}, docs/decisions/0001-${'uno'}.md`,
    })
    expect(told(checkDecisions(files(first), readers))).toEqual([
      'src/b.ts:2: there is no decision 0002',
      'src/b.ts:2: docs/decisions/0001-uno.md is docs/decisions/0001-one.md now',
    ])
  })
})

describe('files that texts name', () => {
  const existing = ['src/ring/machine.ts', 'src/ring/table/rows.ts', 'docs/protocol.md', 'bench/run.ts']
  const missing = (path: string, text: string) => told(missingFiles([{ path, text }], existing))

  it('are there, as seen from the text, from src/ or from the root', () => {
    const text =
      '`machine.ts`, `rows.ts`, `table/`, `ring/machine.ts`, `src/ring/`, `docs/protocol.md`, `../ring/machine.ts`'
    expect(missing('src/ring/README.md', text)).toEqual([])
    expect(missing('README.md', '`rows.ts`, `ring/`, `bench/run.ts`')).toEqual([])
  })

  it('are missed with their line', () => {
    expect(missing('src/ring/README.md', 'one `machine.ts`\ntwo `maschine.ts` and `tables/`')).toEqual([
      'src/ring/README.md:2: `maschine.ts` is not there',
      'src/ring/README.md:2: `tables/` is not there',
    ])
    expect(missing('docs/architecture.md', '| 0x20 | `src/iterator/caserandom.ts` |')).toHaveLength(1)
  })

  it('are looked for below the room of a README only', () => {
    expect(missing('src/chain/README.md', '`rows.ts`')).toHaveLength(1)
  })

  it('are missed when a link leads to them', () => {
    expect(
      missing('docs/a.md', '[one](protocol.md#part), [two](../bench/run.ts), [web](https://x/y.md), [part](#x)'),
    ).toEqual([])
    expect(missing('docs/a.md', 'see\n[gone](gone.md)')).toEqual(['docs/a.md:2: `gone.md` is not there'])
  })

  it('are not code, commands, names and addresses', () => {
    expect(missing('README.md', '`npm run check`, `a/b`, `10.0.0.0/8`, `*.ts`, `data.db`, `Clock`')).toEqual([])
    expect(missing('README.md', '```\n`gone.ts`\n```\n`gone/`')).toEqual(['README.md:4: `gone/` is not there'])
  })
})

describe('READMEs', () => {
  const sources = files({
    'src/ring/index.ts': '',
    'src/ring/limits.ts': '',
    'src/ring/machine.ts': '',
    'src/ring/table/rows.ts': '',
    'src/ring/table/count.ts': '',
  })

  it('of a room inside a room are there and name its files', () => {
    expect(told(unnamedParts(sources, [], 'inner rooms'))).toEqual([
      'src/ring/table/README.md:1: this room has no README',
    ])
    const readmes = files({ 'src/ring/table/README.md': '`rows.ts`; what we count' })
    expect(told(unnamedParts(sources, readmes, 'inner rooms'))).toEqual([
      'src/ring/table/README.md:1: does not name count.ts',
    ])
    expect(
      unnamedParts(sources, files({ 'src/ring/table/README.md': '`rows`, `table/count.ts`' }), 'inner rooms'),
    ).toEqual([])
  })

  it('of a room name its files and its inner rooms', () => {
    const check = (text: string) => told(unnamedParts(sources, files({ 'src/ring/README.md': text }), 'rooms'))
    expect(check('the machine')).toEqual(['src/ring/README.md:1: does not name machine.ts, table/'])
    expect(check('`machine`, `table/`')).toEqual([])
  })

  it('have an index that opens with what the room is', () => {
    expect(told(silentIndexes(sources))).toEqual([
      'src/ring/index.ts:1: does not open with what the room is, and what to use when',
    ])
    expect(silentIndexes(files({ 'src/ring/index.ts': '/** Chord. */', 'src/ring/table/index.ts': '' }))).toEqual([])
  })

  it('define their words', () => {
    const words = (text: string) => withoutWords(files({ 'src/ring/README.md': text }))
    expect(words('Purpose: ring.')).toHaveLength(1)
    expect(words('Purpose: ring.\n## Words\n')).toEqual([])
    expect(words('Purpose: ring.\nWords: *row*, ...')).toEqual([])
    expect(withoutWords(files({ 'src/ring/table/README.md': 'rows' }))).toEqual([])
  })
})

describe('clocks', () => {
  const found = (path: string, text: string) => ownClocks([{ path, text }])

  it.each([
    'class Fake implements Clock {}',
    'class Fake implements Random, Clock {}',
    'function fake(): Clock { return x }',
    'const fake = (): Clock => x',
    'const fake: Clock = { now: () => 0 }',
    'const fake = { now: () => 0 } as Clock',
    'const fake = { now: () => 0 } satisfies Clock',
  ])('are made by io/ and sim/ only: %s', (text) => {
    expect(found('test/ring/x.test.ts', text)).toHaveLength(1)
    expect(found('src/peer/x.ts', text)).toHaveLength(1)
    expect(found('src/io/clock.ts', text)).toEqual([])
    expect(found('src/sim/clock.ts', text)).toEqual([])
  })

  it.each([
    'interface Deps { readonly clock: Clock }',
    'function run(clock: Clock): void {}',
    'const clock: Clock = virtualClock()',
    'const deps: { clock: Clock } = { clock }',
    '// class Fake implements Clock',
  ])('may be handed on: %s', (text) => {
    expect(found('test/ring/x.test.ts', text)).toEqual([])
  })
})

describe('the list of taste', () => {
  it('has files over 400 lines', () => {
    expect(longFiles(files({ 'src/a.ts': '\n'.repeat(400) }))).toEqual([])
    expect(told(longFiles(files({ 'src/a.ts': '\n'.repeat(401) })))).toEqual(['src/a.ts:1: 401 lines'])
  })

  it('has folders of more than a dozen files', () => {
    const room = (count: number) =>
      files(Object.fromEntries(['index', 'types', ...Array(count).keys()].map((name) => [`src/a/${name}.ts`, ''])))
    expect(crowdedRooms(room(12))).toEqual([])
    expect(told(crowdedRooms(room(13)))).toEqual(['src/a:1: 13 files in one folder'])
  })

  it.each([
    ['function run(a: A): Promise<{ b: B }> {', 'run'],
    ['async function run({ a, b }: { a: A; b: B }) {', 'run'],
    ['const run = async (a: A): Map<A, B> => {', 'run'],
    ['class X {\n  run(a: A): void {', 'run'],
  ])('has functions over 70 lines: %s', (head, name) => {
    const text = (lines: number) => `${head}${'\n'.repeat(lines - 1)}}${head.startsWith('class') ? '}' : ''}`
    expect(longFunctions(files({ 'src/a.ts': text(70) }))).toEqual([])
    expect(longFunctions(files({ 'src/a.ts': text(71) }))).toMatchObject([{ message: `${name}: 71 lines` }])
  })

  it.each([
    'if (a) {',
    'for (const a of b) {',
    'class X {',
    'function f(): void {}\ninterface X {',
    'const x = {',
    'f(a, {',
    'switch (a) {',
  ])('does not take this for a function: %s', (head) => {
    expect(longFunctions(files({ 'src/a.ts': `${head}${'\n'.repeat(100)}}` }))).toEqual([])
  })

  it('has bags of more than eight things', () => {
    const bag = (fields: number) =>
      `interface XDeps {\n${Array.from({ length: fields - 3 }, (_, i) => `  readonly f${i}: { a: 1; b: 2 }`).join('\n')}
  call?: () => void\n  method(a: A, b: B): void\n  other?: A\n}`
    expect(wideParameters(files({ 'src/a.ts': bag(8) }))).toEqual([])
    expect(told(wideParameters(files({ 'src/a.ts': bag(9) })))).toEqual(['src/a.ts:1: XDeps: 9 fields'])
  })
})

describe('bounds of their own', () => {
  const found = (text: string, path = 'src/ring/a.ts') => told(ownBounds(files({ [path]: text })))

  it.each([
    ['MAX_THINGS', 'const MAX_THINGS = 64'],
    ['MAX_BYTES', 'export const MAX_BYTES = 16 * 1024 * 1024'],
    ['THINGS_MAX', 'const THINGS_MAX = 2 ** 30'],
    ['MOST_SHOWN', '/** For a person. */\nconst MOST_SHOWN: number = 1_000'],
    ['SLOTS', 'const SLOTS = 8_192'],
    ['LIMITS', 'const LIMITS = { A: 1 } as const'],
  ])('finds %s', (name, text) => {
    expect(found(text)).toEqual([expect.stringContaining(`: ${name} is a bound: it goes to limits.ts`)])
  })

  it.each([
    ['what a standard sets', '/** RFC 1035 section 2.3.4. */\nconst MAX_LABEL_BYTES = 63\nconst MAX_NAME_BYTES = 255'],
    ['what a format sets', '/**\n * The format has 24 bits.\n */\nexport const MAX_CHUNK = 2 ** 24 - 1'],
    ['what is reckoned from other bounds', 'const MAX_STORED = limits.MAX_BLOCK + 70_000'],
    ['what is no bound', 'const SLOT_BYTES = 8\nconst MAXIMAL = 3\nconst LEAST_SLOTS = 64'],
    ['what a function reckons', 'function f() {\n  const MAX_A = 1\n}'],
  ])('leaves alone %s', (_, text) => {
    expect(found(text)).toEqual([])
  })

  it('has nothing to say of limits.ts, nor of a standard that is named further up', () => {
    expect(found('const MAX_THINGS = 64', 'src/ring/door/limits.ts')).toEqual([])
    expect(found('/** RFC 1. */\nconst A = 1\n\nconst MAX_THINGS = 64')).toHaveLength(1)
  })
})

describe('the whole house', () => {
  // Read once: most of the work is to take it apart, which is kept with each file.
  const house = readHouse(root)
  const added = (code: Record<string, string>, texts: Record<string, string>): House => ({
    // As they are read: by their paths.
    code: [...house.code, ...files(code)].sort((a, b) => (a.path < b.path ? -1 : 1)),
    texts: [...house.texts, ...files(texts)],
    existing: [...house.existing, ...Object.keys(code), ...Object.keys(texts)],
  })
  const toldOf = (findings: ReturnType<typeof checkHouse>) =>
    Object.fromEntries(
      Object.entries(findings).flatMap(([rule, found]) => (found.length === 0 ? [] : [[rule, told(found)]])),
    )

  it('keeps the rules as it is', () => {
    expect(toldOf(checkHouse(house))).toEqual({})
    expect(house.code.length).toBeGreaterThan(1_000)
    expect(house.texts.length).toBeGreaterThan(100)
  })

  it('is told where, for each rule that is broken', () => {
    const planted = added(
      {
        'src/ring/chord/planted.ts': `export type { A } from '../machine/planted.ts'\nawait 1\n`,
        'src/ring/machine/planted.ts': `import type { B } from '../chord/planted.ts'\nexport interface Clock {}\n`,
        'test/planted.ts': 'class Planted implements Clock {}\n',
        'src/cache/planted/index.ts': 'const MAX_PLANTS = 64\n',
      },
      {
        'docs/decisions/0001-planted.md': '# 1. Planted, see `gone.ts`\n',
        'docs/planted.md': 'see `src/gone.ts`\n',
      },
    )
    expect(toldOf(checkHouse(planted))).toEqual({
      'circles of files': [
        expect.stringContaining('src/ring/chord/planted.ts:1: 2 files import each other in a circle'),
      ],
      'rooms inside the rooms': [
        expect.stringContaining('src/cache/planted:1: cache/ has no inner room planted/'),
        'src/ring/chord/planted.ts:1: in ring/, chord stands below machine and may not import it',
        'src/ring/chord/planted.ts:2: is pure: `await` is for what waits',
      ],
      'one name, one type': [
        expect.stringContaining('src/ring/machine/planted.ts:2: the type Clock is another one in src/base/ports.ts'),
      ],
      decisions: [expect.stringContaining('docs/decisions/0001-planted.md:1: 0001 is the number of')],
      'files that texts name': ['docs/planted.md:1: `src/gone.ts` is not there'],
      'READMEs of inner rooms': [
        'src/cache/planted/README.md:1: this room has no README',
        'src/ring/chord/README.md:1: does not name planted.ts',
        'src/ring/machine/README.md:1: does not name planted.ts',
      ],
      'READMEs of rooms': ['src/cache/README.md:1: does not name planted/'],
      'clocks of their own': [expect.stringContaining('test/planted.ts:1: makes a clock of its own')],
      'bounds of their own': [expect.stringContaining('src/cache/planted/index.ts:1: MAX_PLANTS is a bound')],
    })
  })
})

describe('the script', () => {
  const small = mkdtempSync(join(tmpdir(), 'check-house-'))
  afterAll(() => rmSync(small, { recursive: true, force: true }))
  const check = () => run(process.execPath, [join(root, 'scripts/check-house.ts'), small])
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(small, path)), { recursive: true })
    writeFileSync(join(small, path), text)
  }

  it('exits 1, says on stderr what is broken, and where, and lists what is a matter of taste beside it', async () => {
    for (const folder of ['bench', 'scripts', 'docs']) mkdirSync(join(small, folder))
    write('src/base/long.ts', '// a line\n'.repeat(500))
    write('test/planted.ts', 'class Planted implements Clock {}\n')
    const { code, stdout, stderr } = await check().catch((error) => error)
    expect(code).toBe(1)
    expect(stdout).toMatch(/^a matter of taste, which fails nothing\nfiles over 400 lines: 1\n/)
    expect(stdout).not.toContain('keep the rules')
    expect(stderr).toMatch(/^clocks of their own: 1\n {2}test\/planted\.ts:1: makes a clock of its own/m)
  })
})
