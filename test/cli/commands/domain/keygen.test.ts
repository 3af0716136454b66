import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { captured } from '../../captured.ts'

const dir = mkdtempSync(join(tmpdir(), 'chordns-domain-'))
afterAll(() => rmSync(dir, { recursive: true }))

const domain = (...args: string[]) => captured('domain', ...args)

describe('chordns domain keygen', () => {
  it('makes a zone key in four files and an owner key apart from it, and never overwrites', async () => {
    const [keys, owner] = [join(dir, 'keys'), join(dir, 'owner.key')]
    const made = await domain('keygen', 'shop.example', '--out', keys, '--owner', owner, '--json')
    expect(made).toMatchObject({ code: 0, stderr: '' })
    const said = JSON.parse(made.stdout)
    expect(said.zone.ds).toMatch(/^shop\.example\.\s3600\sIN\sDS\s\d+ 15 2 [0-9A-F]{64}$/i)
    expect(readdirSync(keys)).toHaveLength(4)
    expect(statSync(owner).mode & 0o777).toBe(0o600)
    expect(await domain('keygen', '--owner', owner)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('exists already'),
    })
  })

  it('refuses what is no algorithm, nothing to do, and an owner key beside the key of the zone', async () => {
    expect(await domain('keygen', 'shop.example', '--algorithm', 'rsa')).toMatchObject({ code: 2 })
    expect(await domain('keygen')).toMatchObject({ code: 2 })
    const beside = await domain('keygen', 'shop.example', '--out', dir, '--owner', join(dir, 'own.key'))
    expect(beside).toMatchObject({ code: 2, stderr: expect.stringContaining('out of the directory') })
  })
})
