import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { toHex } from '../../../src/base/index.ts'
import { nameToText, parseName } from '../../../src/dns/index.ts'
import { describeDomain, domainPlace, domainSettings, registrationOf } from '../../../src/peer/ledger/domains.ts'
import { nameBlocks, ownerOf, settingsOf } from '../../ledger/modules/names/blocks.ts'

const dir = mkdtempSync(join(tmpdir(), 'chordns-domains-'))
afterAll(() => rmSync(dir, { recursive: true }))

const chainId = 'ab'.repeat(32)
const place = domainPlace('Example.P2P', [
  { name: 'root', chainId: 'cd'.repeat(32) },
  { name: 'p2p', chainId },
])
const DS = `1234 15 2 ${'AB'.repeat(32)}`

describe('what commands about names read', () => {
  it('is a name one label below a TLD of the ledger, in any case', () => {
    expect(place).toMatchObject({ chain: 'p2p', stateKey: toHex(Uint8Array.from([5, 1, ...Buffer.from('example')])) })
    expect(nameToText(place.zone)).toBe('example.p2p.')
    for (const other of ['www.example.p2p', 'example.org', 'p2p', '_x.p2p'])
      expect(() => domainPlace(other, [{ name: 'p2p', chainId }]), other).toThrow(/is no name of a ledger/)
  })

  it('is DS data or a file of it, and servers with addresses; what is not said stays', () => {
    const file = join(dir, 'a.ds')
    writeFileSync(file, `example.p2p. 3600 IN DS ${DS}\n`)
    const servers = ['ns1.example.p2p=192.0.2.1,2001:db8::1', 'ns.other.net']
    const settings = domainSettings(place, { ds: [file], servers })
    expect(settings).toMatchObject({ updateByCds: true })
    expect(settings.ds).toEqual(domainSettings(place, { ds: [DS], servers }).ds)
    expect(settings.servers.map(({ addresses }) => addresses.map((one) => one.length))).toEqual([[4, 16], []])
    expect(domainSettings(place, { updateByCds: false }, settings)).toEqual({ ...settings, updateByCds: false })
  })

  it('is refused with what is wrong', () => {
    const servers = ['ns.other.net']
    const file = join(dir, 'other.ds')
    writeFileSync(file, `other.p2p. 3600 IN DS ${DS}\n`)
    expect(() => domainSettings(place, { servers })).toThrow(/needs a DS record/)
    expect(() => domainSettings(place, { ds: [DS] })).toThrow(/needs a name server/)
    expect(() => domainSettings(place, { ds: [file], servers })).toThrow(/of other\.p2p\./)
    expect(() => domainSettings(place, { ds: [join(dir, 'none')], servers })).toThrow(/neither a file/)
    expect(() => domainSettings(place, { ds: [DS], servers: ['ns1.example.p2p'] })).toThrow(/needs its address/)
  })

  it('is shown as it was set', () => {
    const chain = nameBlocks()
    chain.register(ownerOf('alice'), 'example', settingsOf())
    expect(describeDomain(chain.record()!)).toMatchObject({
      owner: toHex(ownerOf('alice').publicKey),
      servers: ['ns.example.p2p.=192.0.2.1'],
      updateByCds: true,
    })
  })

  it('has one salt for one owner and name, so that a registration is taken up again', () => {
    const [alice, bob] = [ownerOf('alice'), ownerOf('bob')]
    expect(registrationOf(alice, place)).toEqual(registrationOf(alice, place))
    expect(registrationOf(bob, place).salt).not.toEqual(registrationOf(alice, place).salt)
    const other = { ...place, zone: parseName('b.p2p.'), label: new TextEncoder().encode('b') }
    expect(registrationOf(alice, other).salt).not.toEqual(registrationOf(alice, place).salt)
  })
})
