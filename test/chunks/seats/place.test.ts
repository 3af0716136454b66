import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { asChunkId } from '../../../src/base/index.ts'
import { chunkOf, holdsPrivateAddress, keyOfChunk, mayShare } from '../../../src/chunks/index.ts'
import { sha256 } from '../../../src/crypto/index.ts'
import { addressRdata, parseName, type Question, Type } from '../../../src/dns/index.ts'
import type { Outcome } from '../../../src/evidence/index.ts'
import { delegationQuestion } from '../../../src/evidence/index.ts'
import { keyOfPrefix } from '../../../src/ring/index.ts'
import { answer, ask } from '../world.ts'

const nowhere = () => false

describe('the chunk of a name', () => {
  it('is the first bits of SHA-256 over the lower-cased wire form', () => {
    const hash = sha256(parseName('www.example.com.').wire)
    expect(chunkOf(parseName('WWW.Example.COM.'), 8)).toBe(hash[0])
    expect(chunkOf(parseName('www.example.com.'), 16)).toBe((hash[0]! << 8) | hash[1]!)
    expect(chunkOf(parseName('www.example.com.'), 1)).toBe(hash[0]! >> 7)
  })

  it('has its key at the top of the id space, as the ring reads it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 24 }), fc.nat(), (bits, number) => {
        const chunk = number % 2 ** bits
        expect(keyOfChunk(asChunkId(chunk), bits)).toBe(keyOfPrefix(bits, chunk))
      }),
    )
  })

  it('spreads names evenly', () => {
    const counts = new Map<number, number>()
    for (let i = 0; i < 4_096; i++) {
      const chunk = chunkOf(parseName(`host${i}.example.com.`), 4)
      counts.set(chunk, (counts.get(chunk) ?? 0) + 1)
    }
    expect(counts.size).toBe(16)
    expect(Math.max(...counts.values())).toBeLessThan(340)
  })
})

describe('what is never in the ring', () => {
  it.each([
    ...['localhost', 'a.localhost', 'printer.local', 'x.test', 'x.invalid', 'x.onion', 'x.alt', 'x.internal'],
    ...['x.home.arpa', 'dns.resolver.arpa', 'nas.lan', 'com', '.', 'X.LOCAL', 'router.home', 'a.b.c.corp'],
    ...['1.0.0.10.in-addr.arpa', '1.1.16.172.in-addr.arpa', '1.1.31.172.in-addr.arpa', '1.1.168.192.in-addr.arpa'],
    ...['1.0.0.127.in-addr.arpa', '1.1.254.169.in-addr.arpa', '1.1.64.100.in-addr.arpa', '1.1.127.100.in-addr.arpa'],
    ...[`1.${'0.'.repeat(31)}ip6.arpa`, `${'0.'.repeat(32)}ip6.arpa`, '1.0.d.f.ip6.arpa', '0.0.8.e.f.ip6.arpa'],
  ])('the name %s', (name) => {
    expect(mayShare(ask(name), nowhere)).toBe(false)
  })

  it.each([
    ...['www.example.com', 'localhost.example.com', 'test.com', 'notlocal.org', '1.1.1.1.in-addr.arpa'],
    ...['1.1.32.172.in-addr.arpa', '1.1.128.100.in-addr.arpa', '1.0.0.2.ip6.arpa', 'xlocal.localx'],
  ])('but the name %s is', (name) => {
    expect(mayShare(ask(name), nowhere)).toBe(true)
  })

  it.each([Type.OPT, Type.RRSIG, 128, Type.TKEY, Type.TSIG, Type.IXFR, Type.AXFR, Type.MAILA, Type.MAILB, Type.ANY])(
    'the type %i',
    (type) => {
      expect(mayShare(ask('www.example.com', type), nowhere)).toBe(false)
    },
  )

  it.each([Type.A, Type.TXT, Type.HTTPS, Type.DNSKEY, Type.DS, Type.NSEC, Type.URI, 65_280])(
    'but the type %i is',
    (type) => {
      expect(mayShare(ask('www.example.com', type), nowhere)).toBe(true)
    },
  )

  it('delegations and keys of top-level zones are, since they are asked for on the way to longer names', () => {
    const zone = (name: string) => delegationQuestion(parseName(name))
    for (const shared of [zone('com'), zone('example.com'), ask('com', Type.DNSKEY), ask('.', Type.DNSKEY)])
      expect(mayShare(shared, nowhere)).toBe(true)
    for (const own of [zone('.'), zone('lan'), zone('x.test'), { ...zone('com'), class: 3 }])
      expect(mayShare(own, nowhere)).toBe(false)
  })

  it('other classes, and what the configuration keeps to itself', () => {
    const chaos: Question = { ...ask('version.bind'), class: 3 }
    expect(mayShare(chaos, nowhere)).toBe(false)
    expect(mayShare(ask('intern.example.com'), (question) => question.name.key.includes('intern'))).toBe(false)
  })

  it.each([
    ...['0.0.0.0', '10.1.2.3', '127.0.0.1', '100.64.0.1', '100.127.255.255', '169.254.1.1', '172.16.0.1', '172.31.0.1'],
    ...[
      '192.168.1.1',
      '192.0.0.8',
      '224.0.0.1',
      '255.255.255.255',
      '::',
      '::1',
      '::ffff:10.0.0.1',
      '64:ff9b::10.0.0.1',
    ],
    ...['fe80::1', 'fd00::1', 'fc00::1', 'ff02::1', '100::1', 'fec0::1'],
  ])('an answer with the address %s', (text) => {
    expect(holdsPrivateAddress(addressOutcome(text))).toBe(true)
    expect(holdsPrivateAddress(addressOutcome('1.1.1.1', text))).toBe(true)
  })

  it.each([
    '1.1.1.1',
    '100.63.0.1',
    '100.128.0.1',
    '172.15.0.1',
    '172.32.0.1',
    '192.167.1.1',
    '2606:4700::1',
    '::ffff:1.1.1.1',
    '64:ff9b::1.1.1.1',
  ])('but with %s is', (text) => {
    expect(holdsPrivateAddress(addressOutcome(text))).toBe(false)
  })

  function addressOutcome(...texts: string[]): Outcome {
    const records = texts.map(addressRdata)
    const { type } = records.at(-1)!
    const outcome = answer(ask('www.example.com'))
    if (outcome.kind !== 'rrset') throw new Error('unreachable')
    const rdatas = records.filter((record) => record.type === type).map((record) => record.rdata)
    return { ...outcome, rrset: { ...outcome.rrset, type, rdatas } }
  }
})
