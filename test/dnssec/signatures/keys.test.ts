import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../../src/base/index.ts'
import { Ede, parseName, type RRset, Type } from '../../../src/dns/index.ts'
import {
  supportedAlgorithms,
  supportedDigests,
  type TrustPoint,
  validateDnskeySet,
  type ZoneSecurity,
} from '../../../src/dnssec/index.ts'
import { NOW, newBudget, VALID } from '../internet.ts'
import { signRRset } from '../signer.ts'
import {
  collidingKeys,
  dsFor,
  KSK,
  keyFrom,
  makeSigningKey,
  REVOKED,
  type SigningKey,
  withFlags,
  ZSK,
} from '../signing-keys.ts'

const ZONE = parseName('example.com.')
const ksk = makeSigningKey(13, KSK)
const zsk = makeSigningKey(13, ZSK)
const rsa = makeSigningKey(8, KSK)
const sha1 = makeSigningKey(5, KSK)

function keySet(keys: readonly SigningKey[], signers: readonly SigningKey[], times = VALID): RRset {
  const rdatas = keys.map(({ rdata }) => rdata)
  const set: RRset = { name: ZONE, type: Type.DNSKEY, class: 1, ttl: 3_600, rdatas, signatures: [] }
  return { ...set, signatures: signers.map((key) => signRRset(set, key, { signer: ZONE, ...times })) }
}

const trustIn = (...ds: Uint8Array[]): TrustPoint => ({ ds, keys: [] })

function judge(set: RRset | undefined, trust: TrustPoint, { budget = newBudget(), rules = {} } = {}): ZoneSecurity {
  const algorithms = supportedAlgorithms({ sha1: 'validate' })
  const digests = supportedDigests({ sha1: 'validate' })
  return validateDnskeySet(ZONE, set, trust, NOW + 50_000, { now: NOW, algorithms, digests, ...rules }, budget)
}

const tags = (security: ZoneSecurity) => (security.status === 'secure' ? security.keys.map(({ tag }) => tag) : [])
const code = (security: ZoneSecurity) => ('ede' in security ? security.ede?.code : undefined)

describe('a DNSKEY set', () => {
  it('is secure when a key that a DS names has signed it; then all its zone keys count', () => {
    const security = judge(keySet([ksk, zsk], [ksk]), trustIn(dsFor(ZONE, ksk)))
    expect(security.status).toBe('secure')
    expect(tags(security)).toEqual([ksk.tag, zsk.tag])
  })

  it.each([1, 2, 4])('is found by DS digest %i', (digest) => {
    expect(judge(keySet([ksk], [ksk]), trustIn(dsFor(ZONE, ksk, digest))).status).toBe('secure')
  })

  it('is found by a DNSKEY that is trusted as it is, and by no other', () => {
    const set = keySet([ksk, zsk], [ksk])
    expect(judge(set, { ds: [], keys: [ksk.rdata] }).status).toBe('secure')
    expect(code(judge(set, { ds: [], keys: [makeSigningKey(13, KSK).rdata] }))).toBe(Ede.DNSKEY_MISSING)
  })

  it('is not secure when only a key has signed that no DS names', () => {
    expect(judge(keySet([ksk, zsk], [zsk]), trustIn(dsFor(ZONE, ksk)))).toMatchObject({
      status: 'bogus',
      ede: { code: Ede.DNSSEC_BOGUS },
    })
    expect(code(judge(keySet([ksk, zsk], []), trustIn(dsFor(ZONE, ksk))))).toBe(Ede.RRSIGS_MISSING)
  })

  it('is bogus when nobody has it, or when none of its keys is the one named', () => {
    const stranger = makeSigningKey(13, KSK)
    expect(judge(undefined, trustIn(dsFor(ZONE, ksk)))).toMatchObject({
      status: 'bogus',
      ede: { code: Ede.DNSKEY_MISSING },
    })
    const swapped = judge(keySet([stranger], [stranger]), trustIn(dsFor(ZONE, ksk)))
    expect(swapped).toMatchObject({ status: 'bogus', ede: { code: Ede.DNSKEY_MISSING } })
    expect('ede' in swapped ? swapped.ede?.text : '').toContain(String(ksk.tag))
  })

  it('is bogus when the DS has the tag but not the digest', () => {
    const ds = dsFor(ZONE, ksk)
    expect(judge(keySet([ksk], [ksk]), trustIn(ds.with(10, ds[10]! ^ 1))).status).toBe('bogus')
    expect(judge(keySet([ksk], [ksk]), trustIn(ds.slice(0, 20))).status).toBe('bogus')
  })

  it('does not take a key without the zone key bit, with another protocol, or revoked', () => {
    const notZone = withFlags(ksk, 0x0001)
    expect(code(judge(keySet([notZone], [notZone]), trustIn(dsFor(ZONE, notZone))))).toBe(Ede.NO_ZONE_KEY_BIT)
    const revoked = withFlags(ksk, KSK | REVOKED)
    expect(judge(keySet([revoked], [revoked]), trustIn(dsFor(ZONE, revoked))).status).toBe('bogus')
    const protocol = { ...ksk, rdata: ksk.rdata.with(2, 4) }
    expect(judge(keySet([protocol], [protocol]), trustIn(dsFor(ZONE, protocol))).status).toBe('bogus')
  })

  it('leaves a revoked key out of the keys that may sign', () => {
    const revoked = withFlags(zsk, ZSK | REVOKED)
    expect(tags(judge(keySet([ksk, revoked], [ksk]), trustIn(dsFor(ZONE, ksk))))).toEqual([ksk.tag])
  })

  it.each([
    ['expired', { inception: NOW - 100, expiration: NOW - 1 }, Ede.SIGNATURE_EXPIRED],
    ['not yet valid', { inception: NOW + 1, expiration: NOW + 100 }, Ede.SIGNATURE_NOT_YET_VALID],
  ])('is bogus when its signature is %s', (_, times, ede) => {
    expect(code(judge(keySet([ksk], [ksk], times), trustIn(dsFor(ZONE, ksk))))).toBe(ede)
  })

  it('is believed no longer than its TTL, its signature and its DS', () => {
    const expires = (set: RRset) => {
      const security = judge(set, trustIn(dsFor(ZONE, ksk)))
      return security.expires - NOW
    }
    expect(expires(keySet([ksk], [ksk]))).toBe(3_600)
    expect(expires(keySet([ksk], [ksk], { ...VALID, expiration: NOW + 100 }))).toBe(100)
    const long = { ...keySet([ksk], []), ttl: 900_000 }
    const signature = signRRset(long, ksk, { signer: ZONE, ...VALID })
    expect(expires({ ...long, signatures: [signature] })).toBe(50_000)
  })
})

describe('what is not supported', () => {
  const unknownAlgorithm = concatBytes(dsFor(ZONE, ksk).slice(0, 2), Uint8Array.of(200), dsFor(ZONE, ksk).slice(3))
  const unknownDigest = dsFor(ZONE, ksk).with(3, 99)

  it('makes a zone insecure when no DS can be followed: RFC 4035 section 5.2', () => {
    expect(judge(undefined, trustIn(unknownAlgorithm))).toMatchObject({
      status: 'insecure',
      ede: { code: Ede.UNSUPPORTED_DNSKEY_ALGORITHM },
    })
    expect(judge(undefined, trustIn(unknownDigest))).toMatchObject({
      status: 'insecure',
      ede: { code: Ede.UNSUPPORTED_DS_DIGEST },
    })
  })

  it('does not make it insecure as long as one can: an added unknown DS is no downgrade', () => {
    const trust = trustIn(unknownAlgorithm, unknownDigest, dsFor(ZONE, ksk))
    expect(judge(undefined, trust).status).toBe('bogus')
    expect(judge(keySet([ksk], [ksk]), trust).status).toBe('secure')
    const stranger = makeSigningKey(13, KSK)
    expect(judge(keySet([stranger], [stranger]), trust).status).toBe('bogus')
  })

  it('follows any one of several paths: RFC 6840 section 5.11', () => {
    const both = trustIn(dsFor(ZONE, ksk), dsFor(ZONE, rsa))
    expect(judge(keySet([ksk, rsa], [ksk]), both).status).toBe('secure')
    expect(judge(keySet([ksk, rsa], [rsa]), both).status).toBe('secure')
    expect(judge(keySet([rsa], [rsa]), both).status).toBe('secure')
  })

  it('treats RSA/SHA-1 as insecure only when told to (RFC 9905)', () => {
    const set = keySet([sha1], [sha1])
    const trust = trustIn(dsFor(ZONE, sha1))
    expect(judge(set, trust).status).toBe('secure')
    const rules = { algorithms: supportedAlgorithms({ sha1: 'insecure' }) }
    expect(judge(set, trust, { rules })).toMatchObject({
      status: 'insecure',
      ede: { code: Ede.UNSUPPORTED_DNSKEY_ALGORITHM },
    })
    const digests = { digests: supportedDigests({ sha1: 'insecure' }) }
    expect(judge(keySet([ksk], [ksk]), trustIn(dsFor(ZONE, ksk, 1)), { rules: digests })).toMatchObject({
      status: 'insecure',
      ede: { code: Ede.UNSUPPORTED_DS_DIGEST },
    })
  })

  it('ignores a SHA-1 digest beside a stronger one for the same key (RFC 4509 section 3)', () => {
    // The SHA-256 digest is wrong, the SHA-1 digest is right: whoever can forge SHA-1 gains nothing.
    const strong = dsFor(ZONE, ksk)
    const trust = trustIn(dsFor(ZONE, ksk, 1), strong.with(10, strong[10]! ^ 1))
    expect(judge(keySet([ksk], [ksk]), trust).status).toBe('bogus')
    expect(judge(keySet([ksk], [ksk]), trustIn(dsFor(ZONE, ksk, 1), dsFor(ZONE, rsa))).status).toBe('secure')
  })
})

describe('what a DNSKEY set may cost (KeyTrap, CVE-2023-50387)', () => {
  it('tries 2 of many colliding keys, and 8 signatures', () => {
    const keys = collidingKeys(60, 0x1234, KSK)
    const trust = trustIn(...keys.slice(0, 8).map((key) => dsFor(ZONE, key)))
    const set = keySet(keys, keys.slice(0, 30))
    const budget = newBudget(1_000)
    expect(judge(set, trust, { budget }).status).toBe('bogus')
    expect(1_000 - budget.left('signatures')).toBeLessThanOrEqual(8)
  })

  it('does not look at the third key of one tag', () => {
    const colliding = collidingKeys(2, ksk.tag, KSK).map((key) => ({ ...key, rdata: key.rdata }))
    const sameAlgorithm = colliding.map((key) => withAlgorithm(key, 13))
    const found = (keys: SigningKey[]) => judge(keySet(keys, [ksk]), trustIn(dsFor(ZONE, ksk))).status
    expect(new Set([...sameAlgorithm, ksk].map(({ tag }) => tag)).size).toBe(1)
    expect(found([sameAlgorithm[0]!, ksk])).toBe('secure')
    expect(found([...sameAlgorithm, ksk])).toBe('bogus')
  })

  /** Octet 3 is the low half of a word: what is added there is taken off the modulus, so that the tag stays. */
  function withAlgorithm(key: SigningKey, algorithm: number): SigningKey {
    const publicKey = key.rdata.slice(4)
    publicKey[129] = publicKey[129]! - (algorithm - key.algorithm)
    return keyFrom(algorithm, key.flags, publicKey, key.sign)
  }

  it('finds an honest key among 20', () => {
    const more = Array.from({ length: 18 }, () => makeSigningKey(15, ZSK))
    expect(judge(keySet([...more, zsk, ksk], [ksk]), trustIn(dsFor(ZONE, ksk))).status).toBe('secure')
  })

  it('is not led astray by keys that are none', () => {
    const broken = [new Uint8Array(), new Uint8Array(3), Uint8Array.of(1, 1, 3)].map((rdata) => ({ ...zsk, rdata }))
    const undecodable = keyFrom(13, ZSK, new Uint8Array(64), zsk.sign)
    const security = judge(keySet([...broken, undecodable, ksk], [ksk]), trustIn(dsFor(ZONE, ksk)))
    expect(security.status).toBe('secure')
  })
})
