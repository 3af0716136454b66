import { describe, expect, it } from 'vitest'
import { isChordnsError } from '../../../src/base/index.ts'
import { addressRdata, buildRdata, Ede, type Name, parseName, type RRset, Type } from '../../../src/dns/index.ts'
import { verifyRRset, type ZoneKey } from '../../../src/dnssec/index.ts'
import { usableKeys } from '../../../src/dnssec/signatures/keys.ts'
import { NOW, newBudget, VALID } from '../internet.ts'
import { type SignatureOptions, signRRset } from '../signer.ts'
import { collidingKeys, keyFrom, makeSigningKey, type SigningKey, ZSK } from '../signing-keys.ts'

const ZONE = parseName('example.com.')
const KEY = makeSigningKey(13, ZSK)
const OTHER = makeSigningKey(13, ZSK)
const ALL = new Set([8, 13, 15])

const keysOf = (...keys: SigningKey[]): ZoneKey[] =>
  usableKeys(
    keys.map(({ rdata }) => rdata),
    ALL,
  )

function addresses(name: string, ...texts: string[]): RRset {
  const rdatas = texts.map((text) => addressRdata(text).rdata)
  return { name: parseName(name), type: Type.A, class: 1, ttl: 3_600, rdatas, signatures: [] }
}

function signed(set: RRset, options: Partial<SignatureOptions> = {}, key = KEY): RRset {
  return { ...set, signatures: [...set.signatures, signRRset(set, key, { ...VALID, signer: ZONE, ...options })] }
}

function verify(rrset: RRset, { zone = ZONE, keys = keysOf(KEY), now = NOW, budget = newBudget() } = {}) {
  return verifyRRset({ rrset, zone, keys, now, budget })
}

const WWW = addresses('www.example.com.', '192.0.2.1', '192.0.2.2')

describe('verifyRRset', () => {
  it('accepts what a key of the zone has signed', () => {
    expect(verify(signed(WWW))).toMatchObject({ ok: true, ttl: 3_600, wildcard: undefined, key: { tag: KEY.tag } })
  })

  it('does not mind order, duplicates and case, which are no part of what is signed', () => {
    const [a, b] = WWW.rdatas as [Uint8Array, Uint8Array]
    const signatures = signed(WWW).signatures
    const shuffled = { ...WWW, name: parseName('wWw.eXample.COM.'), rdatas: [b, a, b], signatures }
    expect(verify(shuffled).ok).toBe(true)
    const mx = (text: string): RRset => {
      const rdata = buildRdata({ type: Type.MX, preference: 10, exchange: parseName(text) })
      return { ...WWW, type: Type.MX, rdatas: [rdata] }
    }
    expect(verify({ ...mx('MAIL.example.com.'), signatures: signed(mx('mail.example.com.')).signatures }).ok).toBe(true)
  })

  it.each([
    ['another address', { ...signed(WWW), rdatas: [WWW.rdatas[0]!, WWW.rdatas[1]!.with(3, 9)] }],
    ['one address less', { ...signed(WWW), rdatas: [WWW.rdatas[0]!] }],
    ['one address more', { ...signed(WWW), rdatas: [...WWW.rdatas, addressRdata('192.0.2.3').rdata] }],
    ['another name', { ...signed(WWW), name: parseName('web.example.com.') }],
    ['another class', { ...signed(WWW), class: 3 }],
    ['another key', signed(WWW, {}, keyFrom(13, ZSK, KEY.rdata.slice(4), OTHER.sign))],
  ])('refuses %s', (_, rrset) => {
    expect(verify(rrset)).toMatchObject({ ok: false, ede: { code: Ede.DNSSEC_BOGUS } })
  })

  it('says that a set without a signature of its own type has none', () => {
    expect(verify(WWW)).toMatchObject({ ok: false, ede: { code: Ede.RRSIGS_MISSING } })
    expect(verify(signed(WWW, { typeCovered: Type.AAAA }))).toMatchObject({ ede: { code: Ede.RRSIGS_MISSING } })
    expect(verify({ ...WWW, signatures: [new Uint8Array(5)] })).toMatchObject({ ede: { code: Ede.RRSIGS_MISSING } })
  })

  it('needs the zone itself as signer: no zone above, below or beside', () => {
    for (const signer of ['com.', 'www.example.com.', 'example.net.', '.']) {
      expect(verify(signed(WWW, { signer: parseName(signer) }))).toMatchObject({ ok: false })
    }
    const beside = addresses('www.example.net.', '192.0.2.1')
    expect(verify(signed(beside))).toMatchObject({ ok: false, ede: { code: Ede.RRSIGS_MISSING } })
  })

  it('takes the signer name in any case', () => {
    expect(verify(signed(WWW, { signer: parseName('EXAMPLE.com.') })).ok).toBe(true)
  })

  it('uses the second signature when the first is bad', () => {
    const twice = signed(signed(WWW, { expiration: NOW - 1 }))
    expect(twice.signatures).toHaveLength(2)
    expect(verify(twice).ok).toBe(true)
  })
})

describe('times of a signature', () => {
  it.each([
    ['has expired', { expiration: NOW - 1 }, Ede.SIGNATURE_EXPIRED],
    ['is not yet valid', { inception: NOW + 1 }, Ede.SIGNATURE_NOT_YET_VALID],
    ['expires before it begins', { inception: NOW + 10, expiration: NOW - 10 }, Ede.SIGNATURE_EXPIRED_BEFORE_VALID],
  ])('refuses one that %s', (_, times, code) => {
    const result = verify(signed(WWW, times))
    expect(result).toMatchObject({ ok: false, ede: { code } })
    expect(result.ok ? '' : result.ede.text).toContain(String(KEY.tag))
  })

  it('counts both ends as valid', () => {
    expect(verify(signed(WWW, { inception: NOW, expiration: NOW })).ok).toBe(true)
  })

  it('goes by serial arithmetic, so that the year 2106 is like any other', () => {
    const wrap = 2 ** 32
    const times = { inception: wrap - 100, expiration: 100 }
    for (const now of [wrap - 50, wrap + 50]) expect(verify(signed(WWW, times), { now }).ok).toBe(true)
    expect(verify(signed(WWW, times), { now: wrap + 101 })).toMatchObject({ ede: { code: Ede.SIGNATURE_EXPIRED } })
    expect(verify(signed(WWW, times), { now: wrap - 101 })).toMatchObject({
      ede: { code: Ede.SIGNATURE_NOT_YET_VALID },
    })
  })

  it('keeps a set no longer than its signature is valid', () => {
    expect(verify(signed(WWW, { expiration: NOW + 60 }))).toMatchObject({ ok: true, ttl: 60 })
  })

  it('keeps a set no longer than its TTL was when it was signed', () => {
    const short = signed({ ...WWW, ttl: 30 })
    expect(verify({ ...short, ttl: 86_400 })).toMatchObject({ ok: true, ttl: 30 })
    expect(verify({ ...short, ttl: 7 })).toMatchObject({ ok: true, ttl: 7 })
  })
})

describe('labels of a signature', () => {
  const wildcard = (owner: string): RRset => addresses(owner, '192.0.2.7')
  /** A set at `at` with the signature of the wildcard set at `owner`. */
  const moved = (owner: string, at: string, options: Partial<SignatureOptions> = {}): RRset => ({
    ...wildcard(at),
    signatures: signed(wildcard(owner), options).signatures,
  })

  it('says which wildcard a set was expanded from', () => {
    const result = verify(moved('*.example.com.', 'a.b.example.com.'))
    expect(result.ok && result.wildcard?.key).toBe(parseName('*.example.com.').key)
  })

  it('does not take the wildcard itself for an expansion', () => {
    expect(verify(signed(wildcard('*.example.com.')))).toMatchObject({ ok: true, wildcard: undefined })
  })

  it('expands below an asterisk that is an ordinary label', () => {
    const result = verify(moved('*.example.com.', '*.b.example.com.'))
    expect(result.ok && result.wildcard?.key).toBe(parseName('*.example.com.').key)
  })

  it('refuses more labels than the name has', () => {
    expect(verify(signed(WWW, { labels: 4 }))).toMatchObject({ ok: false, ede: { code: Ede.DNSSEC_BOGUS } })
  })

  it('refuses fewer labels than the signer has: a wildcard above the zone (CVE-2026-44690, CVE-2026-11721)', () => {
    // A zone signs, with its own good key, `*.com.`, and presents it as an expansion for itself.
    const set = wildcard('victim.example.com.')
    const signature = signRRset(set, KEY, { ...VALID, signer: ZONE, labels: 1, owner: parseName('*.com.') })
    expect(verify({ ...set, signatures: [signature] })).toMatchObject({
      ok: false,
      ede: { text: expect.stringContaining('fewer labels') },
    })
    const atRoot = signRRset(set, KEY, { ...VALID, signer: ZONE, labels: 0, owner: parseName('*.') })
    expect(verify({ ...set, signatures: [atRoot] }).ok).toBe(false)
  })

  it.each([Type.NSEC3, Type.DNSKEY, Type.DS, Type.SOA])('never expands a set of type %i', (type) => {
    const set = (name: string): RRset => ({ ...wildcard(name), type, rdatas: [soaLike(type)] })
    const expanded = { ...set('a.example.com.'), signatures: signed(set('*.example.com.')).signatures }
    expect(verify(expanded).ok).toBe(false)
    expect(verify(signed(set('a.example.com.'))).ok).toBe(true)
  })

  function soaLike(type: number): Uint8Array {
    const name: Name = parseName('a.example.com.')
    if (type !== Type.SOA) return Uint8Array.of(1, 2, 3, 4, 5, 6)
    const numbers = { serial: 1, refresh: 1, retry: 1, expire: 1, minimum: 1 }
    return buildRdata({ type: Type.SOA, mname: name, rname: name, ...numbers })
  }
})

/** Another one for each `i`, and never the right one: signatures are drawn anew in each run. */
const forged = (signature: Uint8Array, i: number) => signature.with(50, (signature[50]! + 1 + i) % 256)

describe('what checking may cost (KeyTrap, CVE-2023-50387)', () => {
  const spent = (rrset: RRset, keys: readonly ZoneKey[]) => {
    const budget = newBudget(1_000)
    const result = verifyRRset({ rrset, zone: ZONE, keys, now: NOW, budget })
    return { result, checks: 1_000 - budget.left('signatures') }
  }

  it('tries 8 signatures of one set at most', () => {
    const many = Array.from({ length: 50 }, (_, i) => forged(signed(WWW).signatures[0]!, i))
    const { result, checks } = spent({ ...WWW, signatures: many }, keysOf(KEY))
    expect(result).toMatchObject({ ok: false, ede: { text: expect.stringContaining('too many signatures') } })
    expect(checks).toBe(8)
  })

  it('tries 2 keys of one tag at most, and 8 checks for all', () => {
    const colliding = collidingKeys(40, 0x4321)
    expect(new Set(colliding.map(({ tag }) => tag)).size).toBe(1)
    const keys = keysOf(...colliding)
    const one = signed(WWW, {}, colliding[0]!)
    expect(spent({ ...one, signatures: one.signatures.map((s) => forged(s, 0)) }, keys).checks).toBe(2)
    const many = Array.from({ length: 40 }, (_, i) => forged(one.signatures[0]!, i))
    expect(spent({ ...WWW, signatures: many }, keys).checks).toBe(8)
  })

  it('pays for keys that are none, as for any other (CVE-2025-8677)', () => {
    const broken = keyFrom(13, ZSK, new Uint8Array(64).fill(7), KEY.sign)
    const { result, checks } = spent(signed(WWW, {}, broken), keysOf(broken))
    expect(result.ok).toBe(false)
    expect(checks).toBe(1)
  })

  it('pays nothing for signatures that cannot count', () => {
    const useless = [
      signed(WWW, { expiration: NOW - 1 }),
      signed(WWW, { signer: parseName('com.') }),
      signed(WWW, { labels: 1 }),
      signed(WWW, {}, OTHER),
    ].flatMap(({ signatures }) => signatures)
    expect(spent({ ...WWW, signatures: useless }, keysOf(KEY)).checks).toBe(0)
  })

  it('stops with BUDGET_SPENT, which is no verdict, when the question has used up its share', () => {
    const budget = newBudget(0)
    let thrown: unknown
    try {
      verify(signed(WWW), { budget })
    } catch (error) {
      thrown = error
    }
    expect(isChordnsError(thrown, 'BUDGET_SPENT')).toBe(true)
  })
})
