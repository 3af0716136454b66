// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the sources under test are strings
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { checkSources } from '../../scripts/check-imports.ts'
import { lex } from '../../scripts/imports/lexer.ts'
import { ARROWS } from '../../scripts/imports/table.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const run = promisify(execFile)

/** The messages about one file. */
const about = (path: string, text: string) =>
  checkSources([{ path, text }]).map(({ line, message }) => `${line}: ${message}`)
const pure = (text: string) => about('src/chunks/x.ts', text)

describe('the arrows', () => {
  it.each([
    ['a room above', 'src/dns/x.ts', `import { judge } from '../evidence/index.ts'`],
    ['a type of a room above', 'src/cache/x.ts', `import type { Recursor } from '../recurse/index.ts'`],
    ['a re-export of a room above', 'src/iterator/x.ts', `export * from '../cache/index.ts'`],
    ['a re-exported type of a room above', 'src/ring/x.ts', `export type { Chunks } from '../chunks/index.ts'`],
    ['a dynamic import of a room above', 'src/ring/x.ts', `const m = await import('../chunks/index.ts')`],
    ['a type in import() of a room above', 'src/ring/x.ts', `type C = import('../chunks/index.ts').Chunks`],
    ['a side-effect import of a room above', 'src/ring/x.ts', `import '../chunks/index.ts'`],
    [
      'a multi-line import of a room above',
      'src/ring/x.ts',
      `\nimport {\n  a,\n  type b as c,\n} from '../chunks/index.ts'`,
    ],
    ['anything but base from base', 'src/base/x.ts', `import { parseName } from '../dns/index.ts'`],
    ['peer/ from a room', 'src/serve/x.ts', `import { startNode } from '../peer/index.ts'`],
    ['a room that the command line must not know', 'src/cli/x.ts', `import { createRing } from '../ring/index.ts'`],
  ])('reports %s', (_, path, text) => {
    expect(about(path, text)).toEqual([expect.stringMatching(/^\d+: \w+\/ may not import \w+\//)])
  })

  it('names the line', () => {
    expect(about('src/dns/x.ts', `// one\n/* two\n three */\nimport { a } from '../ring/index.ts'`)).toEqual([
      '4: dns/ may not import ring/ (it may import base)',
    ])
  })

  it('lets only peer/ import io/', () => {
    const text = `import { systemClock } from '../io/index.ts'`
    for (const room of ['cli', 'serve', 'recurse', 'observe', 'sim'])
      expect(about(`src/${room}/x.ts`, text)).toEqual(['1: only peer/ may import io/'])
    expect(about('src/peer/node.ts', text)).toEqual([])
    expect(about('src/peer/views.ts', text)).toEqual([])
  })

  it('keeps sim/ out of production', () => {
    for (const room of Object.keys(ARROWS).filter((one) => one !== 'sim' && one !== 'peer'))
      expect(about(`src/${room}/x.ts`, `import { virtualClock } from '../sim/index.ts'`)).toEqual([
        '1: no production room may import sim/',
      ])
    expect(about('src/peer/node.ts', `import { virtualClock } from '../sim/index.ts'`)).toHaveLength(1)
  })

  it('lets every room through an index.ts only', () => {
    expect(about('src/cache/x.ts', `import { parseName } from '../dns/names.ts'`)).toEqual([
      "1: ../dns/names.ts goes past dns/'s index, src/dns/index.ts",
    ])
    expect(about('src/cli/x.ts', `import { a } from '../peer/views.ts'`)).toEqual([
      "1: ../peer/views.ts goes past peer/'s index, src/peer/index.ts",
    ])
    expect(
      about('src/cache/deep/x.ts', `import { a } from '../slab.ts'\nimport { b } from '../../dns/index.ts'`),
    ).toEqual([])
  })

  it('reports sources of no room, and ways out of src/', () => {
    expect(about('src/misc/x.ts', '')).toEqual([expect.stringContaining('no room')])
    expect(about('src/dns/x.ts', `import { a } from '../../test/world/index.ts'`)).toEqual([
      expect.stringContaining('outside src/'),
    ])
    expect(about('src/dns/x.ts', `import { a } from '/tmp/x.ts'`)).toEqual([expect.stringContaining('absolute')])
    expect(pure('await import(where)')).toEqual([expect.stringContaining('computed')])
  })

  it('keeps packages in their rooms', () => {
    expect(about('src/ring/x.ts', `import { createLibp2p } from 'libp2p'`)).toEqual([
      '1: ring/ may not import libp2p: it is for io/',
    ])
    expect(about('src/crypto/x.ts', `import type { PeerId } from '@libp2p/interface'`)).toHaveLength(1)
    expect(about('src/dns/x.ts', `import packet from 'dns-packet'`)).toEqual([
      '1: dns/ may not import dns-packet: it is for tests',
    ])
    expect(about('src/io/x.ts', `import { createLibp2p } from 'libp2p'\nimport { z } from 'zod'`)).toEqual([])
  })

  it('has no cycle', () => {
    const order: string[] = []
    const visit = (room: string, path: readonly string[]) => {
      expect(path).not.toContain(room)
      if (order.includes(room)) return
      for (const next of ARROWS[room]!) visit(next, [...path, room])
      order.push(room)
    }
    for (const room of Object.keys(ARROWS)) visit(room, [])
    expect(order).toHaveLength(Object.keys(ARROWS).length)
  })
})

describe('effects in a pure room', () => {
  it.each([
    'const t = Date.now()',
    'const t = Date["now"]()',
    'const t = new Date()',
    'const t = new Date',
    'const t = Date()',
    'const { now } = Date',
    'const x = Math.random()',
    'const { random } = Math',
    'setTimeout(() => {}, 1)',
    'const later = setTimeout',
    'setInterval(f, 1)',
    'setImmediate(f)',
    'const t = performance.now()',
    'const e = process.env.HOME',
    'process.hrtime.bigint()',
    'console.log(1)',
    'crypto.getRandomValues(new Uint8Array(1))',
    'const id = crypto.randomUUID()',
    'await fetch("http://localhost/")',
    'const s = AbortSignal.timeout(5)',
    'new WebSocket("ws://x")',
    'globalThis.setTimeout(f, 1)',
    'const key = ed25519.utils.randomSecretKey()',
    'const pair = ed25519.keygen()',
    'const t = `${Date.now()}`',
    'const t = `a${`b${Math.random()}`}c`',
    'const x = a / b; const t = Date.now() / 2',
    'const x = on ? performance : off',
    'const o = { performance }',
    'if (fetch) go()',
    'const o = { clock: performance }',
    'const f = ok ? fetch(url) : undefined',
  ])('reports %s', (text) => {
    expect(pure(text).length).toBeGreaterThan(0)
    expect(about('src/io/x.ts', text)).toEqual([])
    expect(about('src/serve/x.ts', text)).toEqual([])
    expect(about('src/peer/node.ts', text)).toEqual([])
  })

  it.each(
    'fs fs/promises net dgram tls http http2 https dns dns/promises child_process worker_threads os timers crypto'.split(
      ' ',
    ),
  )('reports node:%s, with and without the prefix', (name) => {
    expect(pure(`import { x } from 'node:${name}'`)).toHaveLength(1)
    expect(pure(`import x from "${name}"`)).toHaveLength(1)
    expect(pure(`const x = await import('node:${name}')`)).toHaveLength(1)
  })

  it('lets crypto/ hash with node:crypto, but not draw keys from it', () => {
    expect(about('src/crypto/x.ts', `import { createHash, verify } from 'node:crypto'`)).toEqual([])
    expect(about('src/crypto/x.ts', `import { randomBytes } from 'node:crypto'`)).toHaveLength(1)
    expect(about('src/crypto/x.ts', `import * as c from 'node:crypto'\nc.randomInt(4)`)).toHaveLength(1)
    expect(about('src/dnssec/x.ts', `import { createHash } from 'node:crypto'`)).toHaveLength(1)
  })

  it.each([
    '// Date.now() is not for this room',
    '/* setTimeout(f)\n Math.random() */',
    `const text = 'Date.now()' + "Math.random()"`,
    'const text = `process.env`',
    'const pattern = /Date.now\\(\\)|[/"\']setTimeout/g',
    'const text = new Date(unixMs).toISOString()',
    'const ms = Date.UTC(2026, 0, 1)',
    'const x = Math.floor(y)',
    'const now = clock.now(); clock.after(5, f)',
    'interface Ports { readonly fetch: OwnFetch; process(x: number): void; fetch?: Y }',
    'interface Ports {\n  fetch: OwnFetch\n  performance: P\n}',
    'function run(fetch: OwnFetch) { return fetch(q) }',
    'const run = ({ fetch, crypto }: Deps) => fetch(crypto)',
    'const run = (fetch) => fetch(1)',
    'const { process } = options; process(1)',
    'const fetch = deps.fetch\nfetch(1)',
    'deps.fetch(1); this.process()',
    `import { fetch } from '../recurse/index.ts'\nfetch(1)`,
    'const all = AbortSignal.any([a, b])',
    'queueMicrotask(f)',
    `import { inspect } from 'node:util'`,
    'const key = keygen(seed)',
  ])('does not mind %s', (text) => {
    expect(pure(text)).toEqual([])
  })
})

describe('the lexer', () => {
  it('tells division from regular expressions', () => {
    const words = (text: string) => lex(text).flatMap(({ kind, text }) => (kind === 'word' ? [text] : []))
    expect(words('a / b / c')).toEqual(['a', 'b', 'c'])
    expect(words('f(x) / b / c')).toEqual(['f', 'x', 'b', 'c'])
    expect(words('return /b/g.test(c)')).toEqual(['return', 'test', 'c'])
    expect(words('a = /[/]b/u; c')).toEqual(['a', 'c'])
    expect(words('x ? `a${ y / { z: 1 }.z }b` : `c`')).toEqual(['x', 'y', 'z', 'z'])
  })

  it('keeps count of lines through templates and comments', () => {
    expect(lex('`\n${\na}\n`\n/*\n*/ b').filter(({ kind }) => kind === 'word')).toEqual([
      { kind: 'word', text: 'a', line: 3 },
      { kind: 'word', text: 'b', line: 6 },
    ])
  })
})

describe('the script', () => {
  const copy = mkdtempSync(join(tmpdir(), 'check-imports-'))
  afterAll(() => rmSync(copy, { recursive: true, force: true }))
  const check = (where: string) => run(process.execPath, [join(root, 'scripts/check-imports.ts'), where])

  it('passes on the sources as they are', async () => {
    expect((await check(root)).stdout).toMatch(/^imports: \d+ files keep the rules\n$/)
  })

  it('exits 1 and says where, when a pure room imports a clock or a room above it', async () => {
    cpSync(join(root, 'src/ring'), join(copy, 'src/ring'), { recursive: true })
    writeFileSync(
      join(copy, 'src/ring/planted.ts'),
      `import { performance } from 'node:perf_hooks'\nimport type { Chunks } from '../chunks/index.ts'\nexport const x = Date.now()\n`,
    )
    await expect(check(copy)).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        'src/ring/planted.ts:1: ring/ is pure: node:perf_hooks touches the machine; take a port of base/ports.ts instead\n' +
          'src/ring/planted.ts:2: ring/ may not import chunks/ (it may import base, crypto)\n' +
          'src/ring/planted.ts:3: ring/ is pure: `Date.now` is a clock; take a port of base/ports.ts instead\n',
      ),
    })
  })
})
