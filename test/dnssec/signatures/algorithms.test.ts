import { describe, expect, it } from 'vitest'
import { fromHex } from '../../../src/base/index.ts'
import { dnssecVerifier, dsDigest, nsec3Digest } from '../../../src/crypto/index.ts'
import { groupRRsets, parseName, parseZone, ROOT } from '../../../src/dns/index.ts'
import { dsOf, keyTag, ROOT_ANCHORS, verifyRRset } from '../../../src/dnssec/index.ts'
import { usableKeys } from '../../../src/dnssec/signatures/keys.ts'
import { newBudget } from '../internet.ts'
import { base32hexOf } from '../signer.ts'
import { makeSigningKey, SIGNING_ALGORITHMS, ZSK } from '../signing-keys.ts'

const DATA = new TextEncoder().encode('what is signed')

describe('signatures', () => {
  it.each(SIGNING_ALGORITHMS)('algorithm %i verifies what its key signed, and nothing else', (algorithm) => {
    const key = makeSigningKey(algorithm, ZSK)
    const signature = key.sign(DATA)
    const verify = dnssecVerifier(algorithm, key.rdata.slice(4))!
    expect(verify(DATA, signature)).toBe(true)
    expect(verify(DATA.slice(1), signature)).toBe(false)
    expect(verify(DATA, signature.with(0, signature[0]! ^ 1))).toBe(false)
    expect(verify(DATA, signature.slice(1))).toBe(false)
    expect(verify(DATA, new Uint8Array())).toBe(false)
  })

  it('does not know algorithms that are not registered for zone signing', () => {
    for (const algorithm of [0, 1, 3, 6, 12, 17, 252, 253, 255]) {
      expect(dnssecVerifier(algorithm, new Uint8Array(64))).toBeUndefined()
    }
  })

  it.each([
    ['an RSA key without modulus', 8, Uint8Array.of(1, 3)],
    ['an RSA key whose exponent is longer than the key', 8, Uint8Array.of(200, 1, 0, 1)],
    ['an empty RSA key', 8, new Uint8Array()],
    ['an RSA key of 256 bits', 8, Uint8Array.of(1, 3, ...new Uint8Array(32).fill(0xff))],
    ['an RSA key of 8192 bits', 8, Uint8Array.of(1, 3, ...new Uint8Array(1024).fill(0xff))],
    ['an RSA key with an exponent of 64 bits', 8, Uint8Array.of(8, ...new Uint8Array(8 + 256).fill(0xff))],
    ['an RSA key with exponent 1', 8, Uint8Array.of(1, 1, ...new Uint8Array(256).fill(0xff))],
    ['a P-256 point that is not on the curve', 13, new Uint8Array(64).fill(1)],
    ['half a P-256 point', 13, new Uint8Array(32).fill(1)],
    ['an Ed25519 key that is too long', 15, new Uint8Array(33)],
    ['an Ed448 key that is too short', 16, new Uint8Array(56)],
  ])('takes %s for no key', (_, algorithm, publicKey) => {
    expect(dnssecVerifier(algorithm, publicKey)).toBeUndefined()
  })
})

describe('digests', () => {
  it('knows SHA-1, SHA-256 and SHA-384, and no other', () => {
    expect([1, 2, 3, 4, 5].map((type) => dsDigest(type, DATA)?.length)).toEqual([20, 32, undefined, 48, undefined])
  })

  it('agrees with IANA about the keys of the root', () => {
    const keys = parseZone(ROOT_KEYS, { origin: ROOT, defaultTtl: 0 }).map(({ rdata }) => rdata)
    expect(keys.map(keyTag)).toEqual([20326, 38696])
    expect(keys.map((key) => dsOf(ROOT, key, 2))).toEqual(ROOT_ANCHORS[0]!.ds)
  })

  it('hashes names as RFC 5155 appendix A does', () => {
    const hash = (name: string) => base32hexOf(nsec3Digest(parseName(name).wire, fromHex('aabbccdd'), 12))
    expect(hash('example.')).toBe('0p9mhaveqvm6t7vbl5lop2u3t2rp3tom')
    expect(hash('a.example.')).toBe('35mthgpgcu1qg68fab165klnsnk3dpvl')
    expect(hash('ai.example.')).toBe('gjeqe526plbf1g8mklp59enfd789njgi')
    expect(hash('*.w.example.')).toBe('r53bq7cc2uvmubfu5ocmm6pers9tk9en')
    expect(hash('2t7b4g4vsa5smi47k61mv5bv1a22bojr.example.')).toBe('kohar7mbb8dc2ce8a9qvl8hon4k53uhi')
  })
})

/** RFC 6605 section 6, RFC 8080 section 6: keys, DS records and signatures as printed there. */
describe('published examples', () => {
  const cases = [
    {
      title: 'RFC 6605 section 6.1: P-256',
      zone: 'example.net.',
      now: Date.UTC(2010, 7, 20) / 1000,
      key: '257 3 13 GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA==',
      tag: 55648,
      ds: '55648 13 2 b4c8c1fe2e7477127b27115656ad6256f424625bf5c1e2770ce6d6e37df61d17',
      signed: `www.example.net. 3600 IN A 192.0.2.1
        www.example.net. 3600 IN RRSIG A 13 3 3600 20100909100439 20100812100439 55648 example.net. (
          qx6wLYqmh+l9oCKTN6qIc+bw6ya+KJ8oMz0YP107epXAyGmt+3SNruPFKG7tZoLBLlUzGGus7ZwmwWep666VCw== )`,
    },
    {
      title: 'RFC 6605 section 6.2: P-384',
      zone: 'example.net.',
      now: Date.UTC(2010, 7, 20) / 1000,
      key: '257 3 14 xKYaNhWdGOfJ+nPrL8/arkwf2EY3MDJ+SErKivBVSum1w/egsXvSADtNJhyem5RCOpgQ6K8X1DRSEkrbYQ+OB+v8/uX45NBwY8rp65F6Glur8I/mlVNgF6W/qTI37m40',
      tag: 10771,
      ds: '10771 14 4 72d7b62976ce06438e9c0bf319013cf801f09ecc84b8d7e9495f27e305c6a9b0563a9b5f4d288405c3008a946df983d6',
      signed: `www.example.net. 3600 IN A 192.0.2.1
        www.example.net. 3600 IN RRSIG A 14 3 3600 20100909102025 20100812102025 10771 example.net. (
          /L5hDKIvGDyI1fcARX3z65qrmPsVz73QD1Mr5CEqOiLP95hxQouuroGCeZOvzFaxsT8Glr74hbavRKayJNuydCuzWTSSPdz7wnqXL5bdcJzusdnI0RSMROxxwGipWcJm )`,
    },
    {
      title: 'RFC 8080 section 6.1: Ed25519',
      zone: 'example.com.',
      now: Date.UTC(2015, 7, 1) / 1000,
      key: '257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=',
      tag: 3613,
      ds: '3613 15 2 3aa5ab37efce57f737fc1627013fee07bdf241bd10f3b1964ab55c78e79a304b',
      signed: `example.com. 3600 IN MX 10 mail.example.com.
        example.com. 3600 IN RRSIG MX 15 2 3600 1440021600 1438207200 3613 example.com. (
          oL9krJun7xfBOIWcGHi7mag5/hdZrKWw15jPGrHpjQeRAvTdszaPD+QLs3fx8A4M3e23mRZ9VrbpMngwcrqNAg== )`,
    },
    {
      title: 'RFC 8080 section 6.2: Ed448',
      zone: 'example.com.',
      now: Date.UTC(2015, 7, 1) / 1000,
      key: '257 3 16 3kgROaDjrh0H2iuixWBrc8g2EpBBLCdGzHmn+G2MpTPhpj/OiBVHHSfPodx1FYYUcJKm1MDpJtIA',
      tag: 9713,
      ds: '9713 16 2 6ccf18d5bc5d7fc2fceb1d59d17321402f2aa8d368048db93dd811f5cb2b19c7',
      signed: `example.com. 3600 IN MX 10 mail.example.com.
        example.com. 3600 IN RRSIG MX 16 2 3600 1440021600 1438207200 9713 example.com. (
          3cPAHkmlnxcDHMyg7vFC34l0blBhuG1qpwLmjInI8w1CMB29FkEAIJUA0amxWndkmnBZ6SKiwZSAxGILn/NBtOXft0+Gj7FSvOKxE/07+4RQvE581N3Aj/JtIyaiYVdnYtyMWbSNyGEY2213WKsJlwEA )`,
    },
  ]

  it.each(cases)('$title', ({ zone: zoneText, now, key, tag, ds, signed }) => {
    const zone = parseName(zoneText)
    const [dnskey] = parseZone(`@ DNSKEY ${key}\n`, { origin: zone, defaultTtl: 3600 })
    const [published] = parseZone(`@ DS ${ds}\n`, { origin: zone, defaultTtl: 3600 })
    expect(keyTag(dnskey!.rdata)).toBe(tag)
    expect(dsOf(zone, dnskey!.rdata, published!.rdata[3]!)).toEqual(published!.rdata)
    const [rrset] = groupRRsets(parseZone(signed.replace(/^ +/gm, ''), { origin: ROOT, defaultTtl: 3600 }))
    const keys = usableKeys([dnskey!.rdata], new Set([dnskey!.rdata[3]!]))
    expect(verifyRRset({ rrset: rrset!, zone, keys, now, budget: newBudget() })).toMatchObject({ ok: true, ttl: 3600 })
    const changed = { ...rrset!, rdatas: [rrset!.rdatas[0]!.with(0, 9)] }
    expect(verifyRRset({ rrset: changed, zone, keys, now, budget: newBudget() }).ok).toBe(false)
  })
})

const ROOT_KEYS = `
. DNSKEY 257 3 8 AwEAAaz/tAm8yTn4Mfeh5eyI96WSVexTBAvkMgJzkKTOiW1vkIbzxeF3+/4RgWOq7HrxRixHlFlExOLAJr5emLvN7SWXgnLh4+B5xQlNVz8Og8kvArMtNROxVQuCaSnIDdD5LKyWbRd2n9WGe2R8PzgCmr3EgVLrjyBxWezF0jLHwVN8efS3rCj/EWgvIWgb9tarpVUDK/b58Da+sqqls3eNbuv7pr+eoZG+SrDK6nWeL3c6H5Apxz7LjVc1uTIdsIXxuOLYA4/ilBmSVIzuDWfdRUfhHdY6+cn8HFRm+2hM8AnXGXws9555KrUB5qihylGa8subX2Nn6UwNR1AkUTV74bU=
. DNSKEY 257 3 8 AwEAAa96jeuknZlaeSrvyAJj6ZHv28hhOKkx3rLGXVaC6rXTsDc449/cidltpkyGwCJNnOAlFNKF2jBosZBU5eeHspaQWOmOElZsjICMQMC3aeHbGiShvZsx4wMYSjH8e7Vrhbu6irwCzVBApESjbUdpWWmEnhathWu1jo+siFUiRAAxm9qyJNg/wOZqqzL/dL/q8PkcRU5oUKEpUge71M3ej2/7CPqpdVwuMoTvoB+ZOT4YeGyxMvHmbrxlFzGOHOijtzN+u1TQNatX2XBuzZNQ1K+s2CXkPIZo7s6JgZyvaBevYtxPvYLw4z9mR7K2vaF18UYH9Z9GNUUeayffKC73PYc=
`
