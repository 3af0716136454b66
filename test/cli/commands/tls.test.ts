import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { captured } from '../captured.ts'

const dir = mkdtempSync(join(tmpdir(), 'chordns-tls-'))
afterAll(() => rmSync(dir, { recursive: true }))
const config = join(dir, 'c.json')
const access = { allow: ['192.0.2.0/24'] }
const configured = (change: object) =>
  writeFileSync(config, JSON.stringify({ data: join(dir, 'data'), access, ...change }))
const tls = (...args: string[]) => captured('tls', ...args, '--config', config)

describe('chordns tls', () => {
  it('says what the certificate is known by, and makes it where there is none', async () => {
    configured({ listen: { tls: ['192.0.2.1:853'] }, tls: { name: 'dns.home.arpa' } })
    const shown = JSON.parse((await tls('show', '--json')).stdout)
    expect(shown).toMatchObject({ isSelfSigned: true, names: ['DNS:dns.home.arpa', 'IP Address:192.0.2.1'] })
    const { stdout } = await tls('show')
    expect(stdout).toContain(`pin          ${shown.pin}\n`)
    expect(stdout).toContain('(signed by this node)')
  })

  it('makes a profile for devices of Apple, with the certificate that they are to trust', async () => {
    configured({ listen: { tls: ['192.0.2.1:853'], https: ['192.0.2.1:8443'] }, tls: { name: 'dns.home.arpa' } })
    const overTls = await tls('profile', '--address', '192.0.2.1')
    expect(overTls.stdout).toContain('<key>DNSProtocol</key><string>TLS</string>')
    expect(overTls.stdout).toContain('<key>ServerAddresses</key><array><string>192.0.2.1</string></array>')
    const pem = readFileSync(join(dir, 'data', 'tls.crt'), 'utf8')
    expect(overTls.stdout).toContain(`<data>${pem.split('\n').slice(1, -2).join('')}</data>`)
    expect((await tls('profile', '--https')).stdout).toContain(
      '<key>ServerURL</key><string>https://dns.home.arpa:8443/dns-query</string>',
    )
    expect((await tls('profile')).stdout).toBe((await tls('profile')).stdout)
  })

  it('says what is missing', async () => {
    configured({ access: { allow: ['127.0.0.0/8'] } })
    expect(await tls('show')).toMatchObject({ code: 2, stderr: expect.stringContaining('listen.tls') })
    configured({ listen: { tls: ['192.0.2.1:853'] } })
    expect(await tls('profile')).toMatchObject({ code: 2, stderr: expect.stringContaining('tls.name') })
    configured({ listen: { tls: ['192.0.2.1:8853'] }, tls: { name: 'dns.home.arpa' } })
    expect(await tls('profile')).toMatchObject({ code: 2, stderr: expect.stringContaining('853') })
  })
})
