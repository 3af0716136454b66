/** The files of `chordns domain keygen`, as they are, in the hands of those who sign zones: BIND, ldns and Knot. */
import { execFileSync } from 'node:child_process'
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { isInstalled } from '../../bench/lib/namespace.ts'
import { parseName } from '../../src/dns/index.ts'
import { makeOwnerKey, makeZoneKey } from '../../src/peer/ledgers.ts'

const dir = mkdtempSync(join(tmpdir(), 'chordns-zone-keys-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const ZONE = 'shop.example.'
const TEXT = `${ZONE} 300 IN SOA ns.${ZONE} admin.${ZONE} 1 3600 600 86400 60
${ZONE} 300 IN NS ns.${ZONE}
ns.${ZONE} 300 IN A 192.0.2.1
www.${ZONE} 300 IN A 192.0.2.80
`
const run = (program: string, ...args: string[]) =>
  execFileSync(program, args, { cwd: dir, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

async function keyIn(name: string, algorithm: 13 | 15) {
  const directory = join(dir, `${name}-${algorithm}`)
  const made = await makeZoneKey({ zone: parseName(ZONE), algorithm, directory, time: Date.now() - 3_600_000 })
  writeFileSync(join(directory, 'zone.db'), TEXT)
  return { ...made, directory, zoneFile: join(directory, 'zone.db') }
}

/** The DS digest of `.ds`, which the signer must come to as well. */
const digestOf = (text: string) => /([0-9A-F]{64})\s*$/i.exec(text.trim())![1]!.toLowerCase()

describe.each([15, 13] as const)('a zone key of algorithm %i', (algorithm) => {
  it('is in four files that only their owner reads, of one pair', async () => {
    const { base, directory, tag, dsText } = await keyIn('files', algorithm)
    const files = readdirSync(directory).filter((name) => name.startsWith('K'))
    expect(files.map((name) => name.split('.').at(-1)).sort()).toEqual(['ds', 'key', 'pem', 'private'])
    for (const file of files) expect(statSync(join(directory, file)).mode & 0o777).toBe(0o600)
    expect(base).toContain(`+0${algorithm}+${String(tag).padStart(5, '0')}`)
    const jwk = createPublicKey(createPrivateKey(readFileSync(`${base}.pem`))).export({ format: 'jwk' })
    const bytes = Buffer.concat(
      [jwk.x, jwk.y].flatMap((part) => (part === undefined ? [] : [Buffer.from(part, 'base64url')])),
    )
    expect(readFileSync(`${base}.key`, 'utf8').replace(/\s/g, '')).toContain(bytes.toString('base64'))
    expect(readFileSync(`${base}.ds`, 'utf8')).toBe(`${dsText}\n`)
  })

  it.skipIf(!isInstalled('dnssec-signzone'))('signs a zone with BIND, whose DS is ours', async () => {
    const { directory, zoneFile, dsText, base } = await keyIn('bind', algorithm)
    run('dnssec-signzone', '-S', '-z', '-K', directory, '-o', ZONE, '-f', `${zoneFile}.signed`, zoneFile)
    expect(readFileSync(`${zoneFile}.signed`, 'utf8')).toMatch(new RegExp(`RRSIG\\s+A ${algorithm} `))
    expect(digestOf(run('dnssec-dsfromkey', '-2', `${base}.key`).replace(/(\S)\s+(\S+)\s*$/, '$1$2'))).toContain(
      digestOf(dsText),
    )
    run('dnssec-verify', '-z', '-o', ZONE, `${zoneFile}.signed`)
  })

  it.skipIf(!isInstalled('ldns-signzone'))('signs a zone with ldns', async () => {
    const { zoneFile, base } = await keyIn('ldns', algorithm)
    run('ldns-signzone', '-f', `${zoneFile}.signed`, zoneFile, base)
    expect(run('ldns-verify-zone', `${zoneFile}.signed`)).toContain('verified and complete')
  })

  it.skipIf(!isInstalled('keymgr'))('is imported by Knot in both forms, with the same tag', async () => {
    const { base, tag, directory } = await keyIn('knot', algorithm)
    const name = algorithm === 15 ? 'ed25519' : 'ecdsap256sha256'
    for (const [form, args] of [
      ['bind', ['import-bind', `${base}.private`]],
      ['pem', ['import-pem', `${base}.pem`, `algorithm=${name}`, 'ksk=yes']],
    ] as const) {
      const kasp = join(directory, form)
      mkdirSync(kasp)
      run('keymgr', '-D', kasp, ZONE, ...args)
      expect(run('keymgr', '-D', kasp, ZONE, 'list')).toContain(String(tag))
    }
  })
})

describe('the key of an owner', () => {
  it('is in a file of its own that only its owner reads, and is never overwritten', async () => {
    const file = join(dir, 'owner.key')
    expect(await makeOwnerKey(file)).toMatch(/^[0-9a-f]{64}$/)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    await expect(makeOwnerKey(file)).rejects.toMatchObject({ code: 'KEY_EXISTS' })
  })
})
