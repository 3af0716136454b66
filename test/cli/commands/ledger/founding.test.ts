import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { captured } from '../../captured.ts'

const dir = mkdtempSync(join(tmpdir(), 'chordns-founding-'))
afterAll(() => rmSync(dir, { recursive: true }))
const at = (name: string) => join(dir, name)

const ledger = (...args: string[]) => captured('ledger', ...args)

const keygen = (n: number, ...more: string[]) =>
  ledger('keygen', '--set', `data=${at(`d${n}`)}`, '--name', `Org ${n}`, '--out', at(`o${n}.json`), ...more)

describe('chordns ledger keygen and init', () => {
  it('make keys that only their owner reads, and a genesis of those who have them', async () => {
    expect(await keygen(1)).toMatchObject({ code: 0, stderr: '' })
    expect(await keygen(2, '--no-validator')).toMatchObject({ code: 0 })
    for (const key of ['account.key', 'voting.key', 'identity.key'])
      expect(statSync(join(at('d1'), key)).mode & 0o777).toBe(0o600)
    expect(readFileSync(at('o1.json'), 'utf8')).not.toContain(
      readFileSync(join(at('d1'), 'account.key'), 'utf8').trim(),
    )
    const args = ['--ring', 'home', '--out', at('g.json'), '--endorser', at('o1.json'), '--founder', at('o2.json')]
    const made = await ledger('init', '--chain', 'root', '--chain', 'example', ...args, '--json')
    expect(made.code).toBe(0)
    expect(JSON.parse(made.stdout).chains).toEqual([
      { name: 'root', chainId: expect.stringMatching(/^[0-9a-f]{64}$/), validators: 1 },
      { name: 'example', chainId: expect.stringMatching(/^[0-9a-f]{64}$/), validators: 1 },
    ])
    const text = readFileSync(at('g.json'), 'utf8')
    expect(await ledger('init', ...args)).toMatchObject({ code: 1, stderr: expect.stringContaining('not overwritten') })
    expect(readFileSync(at('g.json'), 'utf8')).toBe(text)
  })

  it('keep the keys that are there already', async () => {
    await keygen(3)
    const before = readFileSync(join(at('d3'), 'account.key'), 'utf8')
    expect(await keygen(3)).toMatchObject({ code: 1, stderr: expect.stringContaining('o3.json exists already') })
    expect(readFileSync(join(at('d3'), 'account.key'), 'utf8')).toBe(before)
  })

  it('keep the names of a TLD that begins beside another one, by pages that stand beside the genesis', async () => {
    const names = Array.from({ length: 1_100 }, (_, i) => `shop-${i} 300 IN NS ns.other.\n`).join('')
    writeFileSync(
      at('tld.zone'),
      `example. 300 IN SOA ns.other. admin.other. 1 3600 600 86400 5\n$ORIGIN example.\n${names}`,
    )
    const imported = await captured('domain', 'import', at('tld.zone'), '--out', at('names.json'), '--json')
    expect(imported).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(imported.stdout)).toMatchObject({
      names: [],
      keptPages: { names: 1_100, file: at('names.kept') },
    })
    mkdirSync(at('genesis'))
    await keygen(5)
    const init = (names: string) =>
      ledger(
        'init',
        '--ring',
        'r',
        '--out',
        at(`genesis/${names}`),
        '--chain',
        'example',
        '--endorser',
        at('o5.json'),
        '--names',
        at(names),
        '--json',
      )
    const made = await init('names.json')
    expect(JSON.parse(made.stdout)).toMatchObject({ kept: [at('genesis/example.kept')] })
    expect(readFileSync(at('genesis/example.kept'))).toEqual(readFileSync(at('names.kept')))
    // Pages of other names are of no use to it.
    writeFileSync(at('other.json'), readFileSync(at('names.json'), 'utf8').replace(/"root": "./, '"root": "0'))
    copyFileSync(at('names.kept'), at('other.kept'))
    expect(await init('other.json')).toMatchObject({ code: 1, stderr: expect.stringContaining('has other names') })
  })

  it('write nothing on a dry run', async () => {
    await keygen(4)
    const made = await ledger('init', '--ring', 'r', '--out', at('none.json'), '--endorser', at('o4.json'), '--dry-run')
    expect(made).toMatchObject({ code: 0 })
    expect(JSON.parse(made.stdout)).toMatchObject({ format: 'chordns/genesis/1' })
    expect(() => statSync(at('none.json'))).toThrow()
  })

  it.each([
    [['init', '--ring', 'r', '--out', at('x.json'), '--endorser', at('missing.json')], 1, 'there is no file'],
    [['init', '--ring', 'r', '--out', at('x.json')], 1, 'no endorser'],
    [['init', '--ring', 'r', '--out', at('x.json'), '--chain', 'Exa.mple'], 2, 'a TLD in lower case'],
    [['init', '--ring', 'r', '--out', at('x.json'), '--heartbeat', 'soon'], 2, '--heartbeat must be'],
    [['keygen', '--name', ''], 2, '--name must have'],
  ])('%j says what is wrong', async (args, code, words) => {
    expect(await ledger(...args)).toMatchObject({ code, stderr: expect.stringContaining(words) })
  })
})
