import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isChordnsError } from '../../src/base/index.ts'
import { encodeCanonical } from '../../src/crypto/index.ts'
import { parseName, Type } from '../../src/dns/index.ts'
import {
  contentDigest,
  decodeCertificate,
  decodeObservation,
  decodeOutcome,
  encodeCertificate,
  encodeObservation,
  encodeOutcome,
  evidenceLimits,
  isSmallEnough,
  misfit,
  type Outcome,
  outcomeTtl,
} from '../../src/evidence/index.ts'
import { absence, addresses, observations, observe, outcomes, presence, question, questions, soa } from './helpers.ts'

describe('outcomes as bytes', () => {
  it('come back exactly: owner case, order, TTL, unknown types', () => {
    fc.assert(
      fc.property(outcomes, (outcome) => {
        expect(decodeOutcome(encodeOutcome(outcome))).toEqual(outcome)
      }),
    )
  })

  it('keep the case of the owner', () => {
    const outcome: Outcome = { ...presence(), kind: 'rrset', rrset: addresses('WwW.eXample.com.', [1]), proofs: [] }
    const back = decodeOutcome(encodeOutcome(outcome))
    expect(back.kind === 'rrset' && back.rrset.name.wire).toEqual(parseName('WwW.eXample.com.').wire)
  })

  it('never throw anything but EVIDENCE_MALFORMED, whatever comes', () => {
    const start = encodeOutcome(presence([1, 2, 3]))
    fc.assert(
      fc.property(fc.nat(start.length - 1), fc.nat(255), fc.nat(start.length), (at, byte, length) => {
        const mutated = start.slice(0, length)
        if (at < mutated.length) mutated[at] = byte
        try {
          decodeOutcome(mutated)
        } catch (error) {
          expect(isChordnsError(error, 'EVIDENCE_MALFORMED')).toBe(true)
        }
      }),
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (junk) => {
        try {
          decodeOutcome(junk)
        } catch (error) {
          expect(isChordnsError(error, 'EVIDENCE_MALFORMED')).toBe(true)
        }
      }),
    )
  })

  it('refuse RDATA that is not well-formed for its type, empty sets, too many records and TTLs with the top bit', () => {
    const set = (type: number, ttl: number, rdatas: Uint8Array[]) =>
      encodeCanonical([1, [parseName('a.b.').wire, type, 1, ttl, rdatas, []], parseName('b.').wire, []])
    const four = Uint8Array.of(1, 2, 3, 4)
    expect(decodeOutcome(set(Type.A, 5, [four])).kind).toBe('rrset')
    for (const bad of [
      set(Type.A, 5, [Uint8Array.of(1, 2, 3)]),
      set(Type.CNAME, 5, [Uint8Array.of(5, 1)]),
      set(Type.A, 5, []),
      set(Type.A, 0x8000_0000, [four]),
      set(Type.A, 5, new Array(evidenceLimits.MAX_RRSET_RECORDS + 1).fill(four)),
    ])
      expect(() => decodeOutcome(bad)).toThrow(expect.objectContaining({ code: 'EVIDENCE_MALFORMED' }))
  })

  it('refuse proofs that are no denial records, and a SOA that is none', () => {
    const a = [parseName('a.b.').wire, Type.A, 1, 5, [Uint8Array.of(1, 2, 3, 4)], []]
    const apex = parseName('b.').wire
    expect(() => decodeOutcome(encodeCanonical([1, a, apex, [a]]))).toThrow('proof')
    expect(() => decodeOutcome(encodeCanonical([0, 3, apex, a, []]))).toThrow('SOA')
    expect(() => decodeOutcome(encodeCanonical([0, 2, apex, null, []]))).toThrow('rcode')
  })

  it('refuse to grow beyond what a frame between peers takes', () => {
    const rdatas = Array.from({ length: 200 }, (_, i) => new Uint8Array(250).fill(i))
    const outcome: Outcome = {
      ...presence(),
      kind: 'rrset',
      rrset: { ...addresses('a.', [1]), type: 65_400, rdatas },
      proofs: [],
    }
    expect(() => encodeOutcome(outcome)).toThrow(expect.objectContaining({ code: 'EVIDENCE_MALFORMED' }))
  })
})

describe('observations and certificates as bytes', () => {
  it('come back exactly', () => {
    fc.assert(
      fc.property(observations, (one) => {
        expect(decodeObservation(encodeObservation(one))).toEqual(one)
      }),
    )
  })

  it('certificates say their subject once and come back exactly', () => {
    fc.assert(
      fc.property(observations, fc.array(observations, { maxLength: 8 }), (first, more) => {
        const { ringId, chunk, question: asked, digest } = first
        const certificate = {
          kind: 'agreed' as const,
          contents: [],
          observations: [first, ...more.map((one) => ({ ...one, ringId, chunk, question: asked, digest }))],
        }
        expect(decodeCertificate(encodeCertificate(certificate))).toEqual(certificate)
      }),
    )
  })

  it('a certificate of several contents cannot even be written', () => {
    expect(() =>
      encodeCertificate({ kind: 'agreed', contents: [], observations: [observe(0), observe(1, presence([2]))] }),
    ).toThrow('mixed')
    expect(() => encodeCertificate({ kind: 'agreed', contents: [], observations: [] })).toThrow('empty')
  })

  it('never throw anything but EVIDENCE_MALFORMED', () => {
    const start = encodeCertificate({ kind: 'agreed', contents: [], observations: [observe(0), observe(1)] })
    fc.assert(
      fc.property(fc.nat(start.length - 1), fc.nat(255), (at, byte) => {
        const mutated = start.slice()
        mutated[at] = byte
        try {
          decodeCertificate(mutated)
        } catch (error) {
          expect(isChordnsError(error, 'EVIDENCE_MALFORMED')).toBe(true)
        }
      }),
    )
    expect(() => decodeCertificate(new Uint8Array(evidenceLimits.MAX_CERTIFICATE_BYTES + 1))).toThrow('bytes')
  })

  it('bound the observations of one certificate', () => {
    const many = {
      kind: 'agreed' as const,
      contents: [],
      observations: Array.from({ length: evidenceLimits.MAX_OBSERVATIONS + 1 }, () => observe(0)),
    }
    expect(() => decodeCertificate(encodeCertificate(many))).toThrow(
      expect.objectContaining({ code: 'EVIDENCE_MALFORMED' }),
    )
  })
})

describe('the digest of content', () => {
  it('is equal for the same addresses in another order, with other TTLs, case and signatures', () => {
    const one = contentDigest(question(), presence([1, 2, 3], 300))
    const other: Outcome = {
      ...presence(),
      kind: 'rrset',
      rrset: { ...addresses('WWW.example.COM.', [3, 1, 2], 7), signatures: [new Uint8Array(40)] },
      proofs: [],
    }
    expect(contentDigest(question('wWw.example.com.'), other)).toEqual(one)
  })

  it('differs with an address more, another owner, another question', () => {
    const one = contentDigest(question(), presence([1, 2]))
    expect(contentDigest(question(), presence([1, 2, 3]))).not.toEqual(one)
    expect(contentDigest(question('a.example.com.'), presence([1, 2]))).not.toEqual(one)
    expect(contentDigest(question(undefined, Type.AAAA), presence([1, 2]))).not.toEqual(one)
  })

  it('of an absence is rcode and apex: SOA serials differ between secondaries', () => {
    expect(contentDigest(question(), absence(3, 1))).toEqual(contentDigest(question(), absence(3, 2)))
    expect(contentDigest(question(), absence(3))).not.toEqual(contentDigest(question(), absence(0)))
    const apex = { ...absence(3), apex: parseName('com.') }
    expect(contentDigest(question(), apex)).not.toEqual(contentDigest(question(), absence(3)))
  })

  it('never depends on order, for any content', () => {
    fc.assert(
      fc.property(questions, outcomes, (asked, outcome) => {
        if (outcome.kind !== 'rrset') return
        const turned = { ...outcome, rrset: { ...outcome.rrset, ttl: 1, rdatas: [...outcome.rrset.rdatas].reverse() } }
        expect(contentDigest(asked, turned)).toEqual(contentDigest(asked, outcome))
      }),
    )
  })
})

describe('what can be an answer at all (P10)', () => {
  const alias = (owner: string, type: number, target = 'x.org.', copies = 1): Outcome => ({
    kind: 'rrset',
    apex: parseName('example.com.'),
    proofs: [],
    rrset: { ...addresses(owner, [1]), type, rdatas: Array.from({ length: copies }, () => parseName(target).wire) },
  })

  it.each([
    ['the asked set', presence(), undefined],
    ['an alias at the name', alias('www.example.com.', Type.CNAME), undefined],
    ['a DNAME above the name', alias('example.com.', Type.DNAME), undefined],
    ['an absence', absence(), undefined],
    ['another owner', { ...presence(), rrset: addresses('w.example.com.', [1]) }, 'owner differs'],
    ['an alias elsewhere', alias('w.example.com.', Type.CNAME), 'alias of another name'],
    ['two aliases', alias('www.example.com.', Type.CNAME, 'x.', 2), 'several aliases'],
    ['a DNAME at the name', alias('www.example.com.', Type.DNAME), 'DNAME is not above the name'],
    [
      'another type',
      { ...presence(), rrset: { ...addresses('www.example.com.', [1]), type: Type.TXT } },
      'type differs',
    ],
    ['another class', { ...presence(), rrset: { ...addresses('www.example.com.', [1]), class: 3 } }, 'class differs'],
    ['an apex elsewhere', { ...presence(), apex: parseName('org.') }, 'apex is not above the name'],
    ['an owner above the zone', { ...alias('com.', Type.DNAME) }, 'owner is outside the zone'],
    ['a SOA of another zone', { ...absence(), soa: soa('org.', 1, 5) }, 'SOA of another zone'],
  ] as [string, Outcome, string | undefined][])('%s', (_, outcome, expected) => {
    expect(misfit(question(), outcome)).toBe(expected)
  })

  it('an absence lives as long as the lesser of SOA TTL and minimum (RFC 2308 section 5), and not at all without SOA', () => {
    expect(outcomeTtl({ ...absence(), kind: 'absent', rcode: 3, soa: soa('example.com.', 1, 900, 60) })).toBe(60)
    expect(outcomeTtl({ ...absence(), kind: 'absent', rcode: 3, soa: soa('example.com.', 1, 30, 60) })).toBe(30)
    expect(outcomeTtl({ ...absence(), kind: 'absent', rcode: 3, soa: undefined })).toBe(0)
    expect(outcomeTtl(presence([1], 77))).toBe(77)
  })
})

describe('an outcome that is small enough', () => {
  const name = parseName('big.example.com')
  const of = (count: number, bytes: number): Outcome => ({
    kind: 'rrset',
    apex: parseName('example.com'),
    proofs: [],
    rrset: {
      name,
      type: 65_280,
      class: 1,
      ttl: 60,
      rdatas: Array.from({ length: count }, (_, i) => {
        const rdata = new Uint8Array(bytes)
        new DataView(rdata.buffer).setUint16(0, i)
        return rdata
      }),
      signatures: [],
    },
  })

  it('is one that can be encoded; larger ones are refused, not thrown about', () => {
    for (const [count, bytes] of [
      [1, 2],
      [300, 100],
      [5_400, 4],
      [1, 45_800],
      [3, 20_000],
      [400, 200],
    ] as const) {
      const outcome = of(count, bytes)
      if (isSmallEnough(outcome)) expect(decodeOutcome(encodeOutcome(outcome))).toEqual(outcome)
      else expect(() => encodeOutcome(outcome)).toThrow(/too large/)
    }
    expect(isSmallEnough(of(300, 100))).toBe(true)
    expect(isSmallEnough(of(3, 20_000))).toBe(false)
  })
})
