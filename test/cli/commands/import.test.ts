import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { captured } from '../captured.ts'
import { tarGz } from '../importing/archives.ts'

let dir: string
const at = (name: string) => join(dir, name)

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'chordns-import-test-'))
  writeFileSync(
    at('AdGuardHome.yaml'),
    "dns:\n  blocking_mode: nxdomain\n  port: 53\nfilters:\n  - url: https://a.example/x\n    name: mine\n  - url: https://b.example/y\n    name: mine\nuser_rules:\n  - '||bad.example^'\n",
  )
})

afterEach(() => rmSync(dir, { recursive: true }))

describe('chordns import', () => {
  const run = (...args: readonly string[]) => captured('import', ...args, '--config', at('resolver.config.json'))

  it('puts what it takes over beside what the configuration has, and keeps the file of before', async () => {
    const before =
      '{ "log": { "level": "warn" }, "filter": { "mode": "refused", "lists": { "mine": { "source": "https://c.example/z" }, "y": { "source": "https://b.example/y" } } } }\n'
    writeFileSync(at('resolver.config.json'), before)
    const { code, stdout } = await run('adguard', at('AdGuardHome.yaml'))
    expect(code).toBe(0)
    expect(JSON.parse(readFileSync(at('resolver.config.json'), 'utf8'))).toEqual({
      log: { level: 'warn' },
      filter: {
        mode: 'refused',
        lists: {
          mine: { source: 'https://c.example/z' },
          y: { source: 'https://b.example/y' },
          'mine-2': { source: 'https://a.example/x' },
        },
        rules: ['||bad.example^'],
      },
    })
    expect(stdout).toMatch(
      /not taken over:\n {2}dns\.port: 53: .*\n {2}filter\.mode: "nxdomain": the configuration says otherwise/,
    )
    expect(readFileSync(at('resolver.config.json.before-import'), 'utf8')).toBe(before)
    // Once more: nothing is there twice.
    const after = readFileSync(at('resolver.config.json'), 'utf8')
    await run('adguard', at('AdGuardHome.yaml'))
    expect(readFileSync(at('resolver.config.json'), 'utf8')).toBe(after)
    expect(existsSync(at('resolver.config.json.before-import-2'))).toBe(true)
  })

  it('writes nothing in a dry run', async () => {
    const { code, stdout } = await run('adguard', at('AdGuardHome.yaml'), '--dry-run', '--json')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      dryRun: true,
      kept: null,
      taken: { filter: { mode: 'nxdomain', rules: ['||bad.example^'] } },
    })
    expect(readdirSync(dir)).toEqual(['AdGuardHome.yaml'])
  })

  it('writes nothing when the file is refused, and says which and why', async () => {
    writeFileSync(at('backup.tar.gz'), tarGz({ 'adlist.json': '[' }))
    expect(await run('pihole', at('backup.tar.gz'))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('backup.tar.gz: adlist.json in it is no JSON'),
    })
    expect(await run('pihole', at('missing.zip'))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('missing.zip'),
    })
    expect(existsSync(at('resolver.config.json'))).toBe(false)
  })
})
