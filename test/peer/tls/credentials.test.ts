import { X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { prepareTls, readTls, summaryOf } from '../../../src/peer/tls/credentials.ts'
import { isOfUse, newPrivateKey, selfSigned } from '../../../src/peer/tls/self-signed.ts'

let data: string
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'tls-'))
})
afterEach(() => rm(data, { recursive: true }))

const NOW = Date.now()
const DAY_MS = 86_400_000
const listen = { udp: [], tcp: [], tls: ['192.0.2.1:853', '[2001:db8::1]:853'], https: [] }
const config = (tls: object = { name: 'dns.home.arpa' }) => ({ tls, data, listen })

describe('a certificate of our own making', () => {
  it('is for the name and the addresses, for two years and a bit, and keeps its key when it is renewed', async () => {
    await prepareTls(config(), NOW)
    const first = summaryOf(config())
    expect(first).toMatchObject({ isSelfSigned: true, file: join(data, 'tls.crt') })
    expect(first.names).toEqual(['DNS:dns.home.arpa', 'IP Address:192.0.2.1', 'IP Address:2001:DB8:0:0:0:0:0:1'])
    expect(Math.round((first.expires - NOW) / DAY_MS)).toBe(825)
    expect((await stat(join(data, 'tls.key'))).mode & 0o777).toBe(0o600)
    const { certificate, key } = readTls(config())
    const read = new X509Certificate(certificate)
    expect(read.verify(read.publicKey)).toBe(true)
    expect(read.ca).toBe(true)

    await prepareTls(config(), NOW)
    expect(summaryOf(config()).sha256).toBe(first.sha256)
    for (const [changed, now] of [
      [config({ name: 'other.home.arpa' }), NOW],
      [config(), NOW + 800 * DAY_MS],
    ] as const) {
      await prepareTls(changed, now)
      const next = summaryOf(changed)
      expect(next.pin).toBe(first.pin)
      expect(next.sha256).not.toBe(first.sha256)
      expect(readTls(changed).key).toBe(key)
    }
  })

  it('is of no use for another key, another address, or after its time', () => {
    const key = newPrivateKey()
    const subject = { name: 'dns.home.arpa', addresses: ['192.0.2.1'] }
    const certificate = selfSigned(subject, key, NOW)
    expect(isOfUse(certificate, key, subject, NOW)).toBe(true)
    expect(isOfUse(certificate, newPrivateKey(), subject, NOW)).toBe(false)
    expect(isOfUse(certificate, key, { ...subject, addresses: ['192.0.2.2'] }, NOW)).toBe(false)
    expect(isOfUse(certificate, key, subject, NOW + 770 * DAY_MS)).toBe(false)
    expect(isOfUse('nonsense', key, subject, NOW)).toBe(false)
  })
})

describe('a certificate of the operator', () => {
  it('is read as it is, and refused with its file when it is missing, broken, or of another key', async () => {
    const key = newPrivateKey()
    const tls = { certificateFile: join(data, 'given.crt'), keyFile: join(data, 'given.key') }
    const missing = { code: 'TLS_CERTIFICATE', detail: { file: tls.certificateFile } }
    expect(() => readTls(config(tls))).toThrow(expect.objectContaining(missing))
    await writeFile(tls.certificateFile, selfSigned({ name: 'a.example', addresses: [] }, key, NOW))
    await writeFile(tls.keyFile, key)
    expect(readTls(config(tls)).certificate).toBe(await readFile(tls.certificateFile, 'utf8'))
    await writeFile(tls.keyFile, newPrivateKey())
    expect(() => readTls(config(tls))).toThrow(expect.objectContaining(missing))
    await writeFile(tls.certificateFile, 'nonsense')
    expect(() => readTls(config(tls))).toThrow(expect.objectContaining(missing))
  })
})
