import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { asChunkId } from '../../src/base/index.ts'
import { ed25519, peerIdFromPublicKey } from '../../src/crypto/index.ts'
import { parseName } from '../../src/dns/index.ts'
import {
  agreedTtl,
  buildCertificate,
  checkCertificate,
  delegationQuestion,
  evidenceLimits,
  type Observation,
  quorum,
  verifyObservation,
} from '../../src/evidence/index.ts'
import { absence, NOW, observe, presence, question, signerOf, verifier } from './helpers.ts'

const refusal = (observations: readonly Observation[], context = verifier(3)) => {
  const check = checkCertificate({ kind: 'agreed', contents: [], observations }, context)
  return check.ok ? 'accepted' : check.reason
}

describe('a signed observation', () => {
  it('verifies, in whatever case the name was asked', () => {
    expect(verifyObservation(observe(0, presence(), { question: question('WWW.Example.com.') }), ed25519)).toBe(true)
  })

  it('does not verify once any field is changed', () => {
    const one = observe(0)
    for (const forged of [
      { ...one, ttl: 301 },
      { ...one, when: NOW + 1 },
      { ...one, ringId: 'away' },
      { ...one, chunk: asChunkId(8) },
      { ...one, digest: new Uint8Array(32) },
      { ...one, nonce: new Uint8Array(16) },
      { ...one, apex: parseName('com.') },
      { ...one, question: question('a.example.com.') },
      { ...one, observer: signerOf(1).publicKey },
    ])
      expect(verifyObservation(forged, ed25519)).toBe(false)
  })
})

describe('a certificate', () => {
  it('of more than half of the replicas is accepted, and names them', () => {
    const check = checkCertificate(
      { kind: 'agreed', contents: [], observations: [observe(0), observe(2)] },
      verifier(3, 3, { outcome: presence() }),
    )
    expect(check).toMatchObject({
      ok: true,
      observers: [peerIdFromPublicKey(signerOf(0).publicKey), peerIdFromPublicKey(signerOf(2).publicKey)],
      expires: NOW + 300_000,
    })
  })

  it('of absence is accepted', () => {
    const seen = [observe(0, absence(3, 1)), observe(1, absence(3, 2))]
    expect(refusal(seen, verifier(3, 3, { outcome: absence(3, 9) }))).toBe('accepted')
  })

  it.each([
    [2, 2],
    [3, 2],
    [4, 3],
    [5, 3],
    [7, 4],
    [1, 2],
  ])('n = %i needs %i signers', (n, needed) => {
    expect(quorum(n)).toBe(needed)
    const all = Array.from({ length: needed }, (_, i) => observe(i))
    expect(refusal(all, verifier(Math.max(n, 2), n))).toBe('accepted')
    expect(refusal(all.slice(1), verifier(Math.max(n, 2), n))).toBe('too-few')
  })

  it('counts empty seats: two members are the majority of three seats, two of five are none', () => {
    const two = [observe(0), observe(1)]
    expect(refusal(two, verifier(2, 3))).toBe('accepted')
    expect(refusal([observe(0)], verifier(2, 3))).toBe('too-few')
    expect(refusal(two, verifier(3, 5))).toBe('too-few')
    expect(refusal([...two, observe(2)], verifier(3, 5))).toBe('accepted')
  })

  it('never counts foreign signers', () => {
    expect(refusal([observe(0), observe(8), observe(9)])).toBe('too-few')
    expect(refusal([observe(7), observe(8), observe(9)])).toBe('too-few')
  })

  it('counts a signer once, however often it signs', () => {
    expect(refusal([observe(0), observe(0), observe(0, presence(), { ttl: 301 })])).toBe('repeated')
    expect(refusal([observe(0), observe(0, presence(), { nonce: new Uint8Array(16).fill(9) }), observe(1)])).toBe(
      'repeated',
    )
  })

  it('never accepts one signer alone, not even as the only member of a ring', () => {
    expect(refusal([observe(0)], verifier(1, 1))).toBe('too-few')
  })

  it('is refused as a whole with a forged signature: whoever built it has checked each, and it is the one who lies', () => {
    const forged = { ...observe(1), signature: observe(1, presence([9])).signature }
    expect(refusal([observe(0), forged])).toBe('forged')
    expect(refusal([observe(0), observe(2), forged])).toBe('forged')
  })

  it('is not built with a forged signature, and a forgery in front does not keep the true one out', () => {
    const forged = { ...observe(1), signature: observe(1, presence([9])).signature }
    expect(buildCertificate([observe(0), forged], verifier(3))).toBeUndefined()
    expect(buildCertificate([observe(0), forged, observe(1)], verifier(3))?.observations).toHaveLength(2)
  })

  it('does not count what was signed in the name of another', () => {
    expect(refusal([observe(0), { ...observe(5), observer: signerOf(1).publicKey }])).toBe('forged')
  })

  it('costs no signature check when a signer is repeated or too few are replicas, and stops at the first bad one', () => {
    const checksFor = (observations: readonly Observation[], n = 7) => {
      let checks = 0
      const verify: typeof ed25519.verify = (...args) => {
        checks++
        return ed25519.verify(...args)
      }
      const check = checkCertificate(
        { kind: 'agreed', contents: [], observations },
        verifier(n, n, { scheme: { verify } }),
      )
      return { checks, reason: check.ok ? 'accepted' : check.reason }
    }
    const repeated = Array.from({ length: evidenceLimits.MAX_OBSERVATIONS }, (_, i) =>
      observe(0, presence(), { nonce: new Uint8Array(16).fill(i) }),
    )
    expect(checksFor(repeated)).toEqual({ checks: 0, reason: 'repeated' })
    expect(checksFor([observe(0), observe(1), observe(2), observe(8), observe(9)])).toEqual({
      checks: 0,
      reason: 'too-few',
    })
    const forged = { ...observe(1), signature: new Uint8Array(64) }
    const rest = [2, 3, 4, 5, 6].map((i) => observe(i))
    expect(checksFor([observe(0), forged, ...rest])).toEqual({ checks: 2, reason: 'forged' })
    expect(checksFor([observe(0), observe(1), ...rest])).toEqual({ checks: 7, reason: 'accepted' })
  })

  it('is refused when it mixes contents', () => {
    expect(refusal([observe(0), observe(1, presence([2])), observe(2)])).toBe('mixed')
  })

  it('is refused for another ring, chunk or question: what was signed there does not count here', () => {
    const of = (change: Parameters<typeof observe>[2]) => [
      observe(0, presence(), change),
      observe(1, presence(), change),
    ]
    expect(refusal(of({ ringId: 'away' }))).toBe('wrong-ring')
    expect(refusal(of({ chunk: asChunkId(8) }))).toBe('wrong-chunk')
    expect(refusal(of({ question: question('a.example.com.') }))).toBe('wrong-question')
    expect(refusal(of({ question: question(undefined, 28) }))).toBe('wrong-question')
    // Rewriting the field after the fact leaves the signature behind.
    const moved = of({ ringId: 'away' }).map((one) => ({ ...one, ringId: 'home' }))
    expect(refusal(moved)).toBe('forged')
  })

  it('is refused with another outcome than the one that was signed', () => {
    const seen = [observe(0), observe(1)]
    expect(refusal(seen, verifier(3, 3, { outcome: presence([66]) }))).toBe('wrong-outcome')
    expect(refusal(seen, verifier(3, 3, { outcome: absence(3) }))).toBe('wrong-outcome')
    const apex = { ...presence(), apex: parseName('com.') }
    expect(refusal(seen, verifier(3, 3, { outcome: apex }))).toBe('wrong-outcome')
  })

  it('is refused when it is over, or comes from the future', () => {
    expect(refusal([observe(0), observe(1)], verifier(3, 3, { now: NOW + 300_000 }))).toBe('expired')
    expect(refusal([observe(0), observe(1)], verifier(3, 3, { now: NOW + 299_999 }))).toBe('accepted')
    const early = [observe(0, presence(), { when: NOW + 60_000 }), observe(1, presence(), { when: NOW + 60_000 })]
    expect(refusal(early)).toBe('too-few')
    expect(refusal(early, verifier(3, 3, { now: NOW + 30_000 }))).toBe('accepted')
  })

  it('is refused when empty or larger than anybody needs', () => {
    expect(refusal([])).toBe('empty')
    expect(refusal(Array.from({ length: evidenceLimits.MAX_OBSERVATIONS + 1 }, () => observe(0)))).toBe('too-many')
  })
})

describe('the expiry of a certificate', () => {
  const expiry = (ttls: readonly number[], n: number) => {
    const observations = ttls.map((ttl, i) => observe(i, presence(), { ttl }))
    const check = checkCertificate({ kind: 'agreed', contents: [], observations }, verifier(ttls.length, n))
    return check.ok ? (check.expires - NOW) / 1000 : check.reason
  }

  it.each([
    ['a TTL of 0', 0],
    ['a TTL of 29', 29],
    ['a TTL of a week', 604_800],
  ])('is not moved by a minority that says %s', (_, lie) => {
    expect(expiry([lie, lie, 300, 300, 300], 5)).toBe(300)
    expect(expiry([lie, 300, 300], 3)).toBe(300)
    const ttls = [lie, lie, 300, 300, 300].map((ttl, i) => observe(i, presence(), { ttl }))
    expect(agreedTtl(ttls, 5)).toBe(300)
  })

  it('of a bare quorum is the earliest of all: what fewer than half add beyond it never stretches it', () => {
    expect(expiry([300, 300, 604_800], 5)).toBe(300)
    expect(expiry([604_800, 300, 31], 5)).toBe(31)
    expect(expiry([604_800, 604_800, 300, 300], 5)).toBe(300)
    expect(expiry([604_800, 604_800, 604_800, 300, 200], 7)).toBe(300)
  })

  it('lies within what the honest said, for every minority', () => {
    const time = fc.record({ ttl: fc.integer({ min: 30, max: 3_600 }), ago: fc.integer({ min: 0, max: 20_000 }) })
    const lie = fc.record({
      ttl: fc.constantFrom(0, 29, 604_800, 0x7fff_ffff),
      ago: fc.integer({ min: -29_000, max: 20_000 }),
    })
    fc.assert(
      fc.property(
        fc.constantFrom(3, 5, 7),
        fc.array(time, { minLength: 7, maxLength: 7 }),
        fc.array(lie, { maxLength: 3 }),
        (n, all, lies) => {
          const liars = lies.slice(0, Math.floor((n - 1) / 2))
          const honest = all.slice(0, n - liars.length)
          const end = ({ ttl, ago }: { ttl: number; ago: number }) => NOW - ago + ttl * 1000
          const observations = [...liars, ...honest].map(({ ttl, ago }, i) =>
            observe(i, presence(), { ttl, when: NOW - ago }),
          )
          const check = checkCertificate({ kind: 'agreed', contents: [], observations }, verifier(n, n))
          if (!check.ok) {
            // Only because somebody honest says that it is over.
            expect(Math.min(...honest.map(end))).toBeLessThanOrEqual(NOW + 1_000)
            return
          }
          expect(check.expires).toBeGreaterThanOrEqual(Math.min(...honest.map(end)))
          expect(check.expires).toBeLessThanOrEqual(Math.max(...honest.map(end)))
        },
      ),
      { numRuns: 60 },
    )
  })

  it('is at most an hour, and a day for delegations', () => {
    expect(expiry([90_000, 90_000, 90_000], 3)).toBe(3_600)
    const asked = delegationQuestion(parseName('www.example.com.'))
    const observations = [0, 1].map((i) => observe(i, presence(), { ttl: 900_000, question: asked }))
    const check = checkCertificate({ kind: 'agreed', contents: [], observations }, verifier(3, 3, { question: asked }))
    expect(check).toMatchObject({ ok: true, expires: NOW + 86_400_000 })
  })
})

describe('building a certificate', () => {
  it('takes the majority and leaves liars, foreigners and repeats out', () => {
    const lies = [observe(3, presence([66])), observe(4, presence([66]))]
    const seen = [...lies, observe(0), observe(0), observe(9), observe(1), observe(2)]
    const certificate = buildCertificate(seen, verifier(5))
    expect(certificate?.observations.map((one) => one.observer)).toEqual([0, 1, 2].map((i) => signerOf(i).publicKey))
  })

  it('gives none without a majority: three that lie differently leave two', () => {
    const seen = [observe(0), observe(1), ...[2, 3, 4].map((i) => observe(i, presence([60 + i])))]
    expect(buildCertificate(seen, verifier(5))).toBeUndefined()
  })

  it('what is built is accepted, and what is not accepted is not built', () => {
    const seat = fc.record({ who: fc.nat(8), what: fc.constantFrom(1, 2) })
    fc.assert(
      fc.property(fc.array(seat, { maxLength: 10 }), fc.constantFrom(3, 5, 7), (all, n) => {
        const context = verifier(Math.min(n, 6), n)
        const certificate = buildCertificate(
          all.map(({ who, what }) => observe(who, presence([what]))),
          context,
        )
        const most = Math.max(
          ...[1, 2].map(
            (what) =>
              new Set(all.filter((one) => one.what === what && one.who < Math.min(n, 6)).map((one) => one.who)).size,
          ),
        )
        expect(certificate !== undefined).toBe(most >= quorum(n))
        if (certificate !== undefined) expect(checkCertificate(certificate, context).ok).toBe(true)
      }),
      { numRuns: 60 },
    )
  })
})
