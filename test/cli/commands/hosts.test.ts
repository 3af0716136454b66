import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { captured } from '../captured.ts'

const dir = mkdtempSync(join(tmpdir(), 'chordns-hosts-'))
afterAll(() => rmSync(dir, { recursive: true }))

const good = join(dir, 'good')
const bad = join(dir, 'bad')
const config = join(dir, 'c.json')
writeFileSync(good, '192.168.1.5 nas.lan\n0.0.0.0 ads.example.com\n')
writeFileSync(bad, '192.168.1.5 nas.lan\nnonsense\n')
writeFileSync(config, JSON.stringify({ local: { hosts: ['good'], zones: { lan: 'static' } } }))

const hosts = (...args: string[]) => captured('hosts', ...args)

describe('chordns hosts', () => {
  it('check says whether a file is fit for use', async () => {
    expect(await hosts('check', good)).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^\S+good: ok, 2 names in /),
      stderr: '',
    })
    const wrong = await hosts('check', bad, '--json')
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining(`${bad}:2: not an IPv4 address: nonsense`) })
    expect(JSON.parse(wrong.stdout)).toMatchObject({ ok: false, names: 1, problems: [expect.any(String)] })
    expect(await hosts('check', join(dir, 'none'))).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/there is no file \S+none: correct the path/),
    })
  })

  it('lookup says what local data answers, and which line does', async () => {
    const lookup = async (...args: string[]) => (await hosts('lookup', ...args, '--config', config)).stdout
    expect(await lookup('nas.lan')).toBe(`NOERROR  from ${good}:1\n  nas.lan.\t60\tIN\tA\t192.168.1.5\n`)
    expect(await lookup('x.lan')).toBe('NXDOMAIN  from local zone lan. static\n')
    expect(await lookup('example.com')).toBe('not a local name: it is resolved like any other\n')
    expect(JSON.parse(await lookup('5.1.168.192.in-addr.arpa', 'PTR', '--json'))).toMatchObject({
      local: true,
      from: `${good}:1`,
    })
    expect(await hosts('lookup', 'a..b', '--config', config)).toMatchObject({ code: 2 })
    expect(await hosts('lookup', 'nas.lan', 'NOPE', '--config', config)).toMatchObject({ code: 2 })
  })
})
