/** Files that cannot be read, wherever one is named: one sentence with the path and what to do, and no stack trace. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { captured } from './captured.ts'

const dir = mkdtempSync(join(tmpdir(), 'chordns-unreadable-'))
afterAll(() => rmSync(dir, { recursive: true }))

const latin1 = join(dir, 'latin1')
const utf16 = join(dir, 'utf16')
const garbage = join(dir, 'garbage')
const plain = join(dir, 'plain')
const directory = join(dir, 'directory')
writeFileSync(latin1, Buffer.from('a b\n# gr\xfc\xdfe\n', 'latin1'))
writeFileSync(utf16, Buffer.concat([Buffer.of(0xff, 0xfe), Buffer.from('{}', 'utf16le')]))
writeFileSync(garbage, 'what is this?\n', { mode: 0o600 })
writeFileSync(plain, '', { mode: 0o600 })
mkdirSync(directory)

async function chordns(...args: string[]): Promise<{ code: number; stderr: string }> {
  const { code, stderr } = await captured(...args)
  return { code, stderr }
}

/** The keys that name files, each with the settings that make it read. */
const KEYS: Readonly<Record<string, (file: string) => string[]>> = {
  'local.hosts': (file) => [`local.hosts=${file}`],
  'iterator.rootHints': (file) => [`iterator.rootHints=${file}`],
  'iterator.localRoot': (file) => [`iterator.localRoot=${file}`],
  'dnssec.trustAnchors': (file) => [`dnssec.trustAnchors=${file}`],
  'ring.secretFile': (file) => [`ring.secretFile=${file}`],
}

async function check(key: string, file: string) {
  const defaults = join(dir, 'defaults.json')
  writeFileSync(defaults, '{}')
  const sets = KEYS[key]!(file).flatMap((text) => ['--set', text])
  return chordns('config', 'check', '--config', defaults, ...sets)
}

/** Exit 1 for keys and secrets, which are no part of the configuration; 2 for the rest. */
const codeOf = (key: string) => (key === 'ring.secretFile' ? 1 : 2)

describe.each(Object.keys(KEYS))('the file of %s', (key) => {
  it('that is not there', async () => {
    const { code, stderr } = await check(key, join(dir, 'none'))
    expect(code).toBe(codeOf(key))
    expect(stderr).toMatch(/there is no (file|ring secret at) \S+none: \w+/)
  })

  it('that is a directory, or below a file', async () => {
    const isDirectory = await check(key, directory)
    expect([isDirectory.code, isDirectory.stderr]).toEqual([codeOf(key), expect.stringContaining(directory)])
    expect(isDirectory.stderr).toMatch(/is a directory|not a file/)
    const below = await check(key, join(plain, 'x'))
    expect([below.code, below.stderr]).toEqual([codeOf(key), expect.stringContaining(join(plain, 'x'))])
  })

  it('that is no text of its kind names key, file and line, where there are lines', async () => {
    const { code, stderr } = await check(key, garbage)
    expect(code).toBe(codeOf(key))
    expect(stderr).toContain(garbage)
    expect(stderr).not.toMatch(/\n\s+at /)
    if (key !== 'ring.secretFile') expect(stderr).toMatch(/line 1|:1:/)
    if (key !== 'ring.secretFile') expect(stderr).toContain(key)
  })

  it.runIf(key !== 'local.hosts' && key !== 'ring.secretFile')('that is not UTF-8', async () => {
    const { code, stderr } = await check(key, latin1)
    expect([code, stderr]).toEqual([2, expect.stringContaining(`${latin1}: not UTF-8 text (line 2): save it as UTF-8`)])
    expect((await check(key, utf16)).stderr).toContain('UTF-16')
  })
})

describe('hosts files', () => {
  it('may have comments in any encoding: they are those of others', async () => {
    const file = join(dir, 'hosts-latin1')
    writeFileSync(file, Buffer.from('192.168.1.5 nas.lan # B\xfcro\n', 'latin1'))
    expect(await check('local.hosts', file)).toEqual({ code: 0, stderr: '' })
  })
})

describe('the configuration file', () => {
  it.each([
    [join(dir, 'none'), /there is no configuration file/],
    [directory, /is a directory, not a file/],
    [join(plain, 'x'), /a part of its path is a file/],
    [latin1, /not UTF-8 text \(line 2\)/],
    [utf16, /UTF-16/],
    [garbage, /line 1, column 1/],
  ])('%s', async (file, why) => {
    const { code, stderr } = await chordns('config', 'check', '--config', file)
    expect([code, stderr]).toEqual([2, expect.stringMatching(why)])
    expect(stderr).toContain(file)
  })
})

describe('the data directory', () => {
  const start = (data: string, ...sets: string[]) =>
    chordns(
      'start',
      ...['--config', join(dir, 'defaults.json'), '--log-level', 'silent'],
      ...[`data=${data}`, 'status.listen=false', ...sets].flatMap((text) => ['--set', text]),
    )

  it('whose trust anchors cannot be read keeps the node from starting, and says why', async () => {
    const data = join(dir, 'data')
    mkdirSync(join(data, 'trust-anchors.txt'), { recursive: true })
    const { code, stderr } = await start(data, 'cache.persist=false')
    expect([code, stderr]).toEqual([1, expect.stringMatching(/trust-anchors\.txt is a directory, not a file/)])
  })

  it('that is a file', async () => {
    const secret = join(dir, 'secret')
    writeFileSync(secret, `${'ab'.repeat(32)}\n`, { mode: 0o600 })
    const { code, stderr } = await start(plain, `ring.secretFile=${secret}`)
    expect([code, stderr]).toEqual([1, expect.stringContaining(plain)])
    expect(stderr).not.toMatch(/\n\s+at /)
  })

  it('and key files of `keygen` that cannot be written', async () => {
    const { code, stderr } = await chordns('keygen', join(plain, 'x'))
    expect([code, stderr]).toEqual([1, expect.stringMatching(/a part of its path is a file/)])
    expect((await chordns('keygen', join(dir, 'none', 'x'))).stderr).toMatch(/has no directory to stand in: make it/)
  })
})
