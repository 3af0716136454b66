import { describe, expect, it } from 'vitest'
import { ChordnsError } from '../../../src/base/index.ts'
import { parseName, ROOT, type RRset, Type } from '../../../src/dns/index.ts'
import {
  followedAnchor,
  followKeys,
  type Rollover,
  rolloverFromText,
  rolloverToText,
  startRollover,
  supportedAlgorithms,
  supportedDigests,
  type TrustPoint,
  validateDnskeySet,
} from '../../../src/dnssec/index.ts'
import { NOW, newBudget } from '../internet.ts'
import { signRRset } from '../signer.ts'
import { dsFor, KSK, makeSigningKey, REVOKED, type SigningKey, withFlags, ZSK } from '../signing-keys.ts'

const DAY = 86_400
const ZONE = parseName('example.')
const old = makeSigningKey(13, KSK)
const fresh = makeSigningKey(13, KSK)
const zsk = makeSigningKey(13, ZSK)
const oldRevoked = withFlags(old, KSK | REVOKED)
const CONFIGURED: TrustPoint = { ds: [dsFor(ZONE, old)], keys: [] }

const rulesAt = (now: number) => ({
  now,
  algorithms: supportedAlgorithms({ sha1: 'validate' }),
  digests: supportedDigests({ sha1: 'validate' }),
})

function keySet(keys: readonly SigningKey[], signers: readonly SigningKey[], now: number): RRset {
  const set = {
    name: ZONE,
    type: Type.DNSKEY,
    class: 1,
    ttl: 4 * 3_600,
    rdatas: keys.map(({ rdata }) => rdata),
    signatures: [],
  }
  const validity = { inception: now - DAY, expiration: now + 10 * DAY }
  return { ...set, signatures: signers.map((key) => signRRset(set, key, { signer: ZONE, ...validity })) }
}

function step(rollover: Rollover, keys: SigningKey[], signers: SigningKey[], now = NOW) {
  return followKeys(rollover, CONFIGURED, keySet(keys, signers, now), rulesAt(now), newBudget())
}

const states = ({ keys }: Rollover) => keys.map(({ state }) => state)
const begun = step(startRollover(ZONE), [old, zsk], [old]).rollover

function trusts(rollover: Rollover, key: SigningKey): boolean {
  const anchor = followedAnchor(rollover, CONFIGURED)
  const set = keySet([key], [key], NOW)
  return validateDnskeySet(ZONE, set, anchor, NOW + DAY, rulesAt(NOW), newBudget()).status === 'secure'
}

describe('following the keys of a trust anchor (RFC 5011)', () => {
  it('begins with the keys that the configuration names, and with no zone signing key', () => {
    expect(states(begun)).toEqual(['valid'])
    expect(begun.keys[0]!.rdata).toEqual(old.rdata)
  })

  it('trusts a new key after it was published for 30 days, and not a day before', () => {
    const both = [old, fresh, zsk]
    const seen = step(begun, both, [old])
    expect(seen.changes).toEqual([{ tag: fresh.tag, from: 'unknown', to: 'pending' }])
    expect(trusts(seen.rollover, fresh)).toBe(false)
    const early = step(seen.rollover, both, [old], NOW + 29 * DAY)
    expect(early.changes).toEqual([])
    const late = step(early.rollover, both, [old], NOW + 30 * DAY)
    expect(late.changes).toEqual([{ tag: fresh.tag, from: 'pending', to: 'valid' }])
    expect(trusts(late.rollover, fresh)).toBe(true)
  })

  it('begins to wait again when a pending key was gone in between', () => {
    const seen = step(begun, [old, fresh], [old]).rollover
    const gone = step(seen, [old], [old], NOW + 10 * DAY)
    expect(gone.changes).toEqual([{ tag: fresh.tag, from: 'pending', to: 'gone' }])
    const back = step(gone.rollover, [old, fresh], [old], NOW + 11 * DAY).rollover
    expect(states(step(back, [old, fresh], [old], NOW + 35 * DAY).rollover)).toEqual(['valid', 'pending'])
  })

  it('learns nothing from a set that no trusted key has signed', () => {
    const forged = step(begun, [old, fresh], [fresh])
    expect(forged).toMatchObject({ believed: false, rollover: begun, changes: [] })
    const pending = step(begun, [old, fresh], [old]).rollover
    expect(step(pending, [old, fresh], [fresh], NOW + 40 * DAY).believed).toBe(false)
  })

  it('keeps trusting a key that is not published for a while', () => {
    const both = step(step(begun, [old, fresh], [old]).rollover, [old, fresh], [old], NOW + 31 * DAY).rollover
    const missing = step(both, [fresh], [fresh], NOW + 32 * DAY).rollover
    expect(states(missing)).toEqual(['missing', 'valid'])
    expect(trusts(missing, old)).toBe(true)
    expect(states(step(missing, [old, fresh], [old], NOW + 33 * DAY).rollover)).toEqual(['valid', 'valid'])
  })

  it('never again trusts a key that has revoked itself, though the configuration names it', () => {
    const both = step(step(begun, [old, fresh], [old]).rollover, [old, fresh], [old], NOW + 31 * DAY).rollover
    const revoked = step(both, [oldRevoked, fresh], [oldRevoked, fresh], NOW + 32 * DAY)
    expect(revoked).toMatchObject({ believed: true, changes: [{ tag: old.tag, from: 'valid', to: 'revoked' }] })
    expect(trusts(revoked.rollover, old)).toBe(false)
    expect(trusts(revoked.rollover, fresh)).toBe(true)
    const returned = step(revoked.rollover, [old, fresh], [old], NOW + 33 * DAY)
    expect(returned.believed).toBe(false)
    expect(trusts(step(revoked.rollover, [old, fresh], [fresh], NOW + 33 * DAY).rollover, old)).toBe(false)
  })

  it('does not take the word of others that a key is revoked', () => {
    const both = step(step(begun, [old, fresh], [old]).rollover, [old, fresh], [old], NOW + 31 * DAY).rollover
    expect(states(step(both, [oldRevoked, fresh], [fresh], NOW + 32 * DAY).rollover)).toEqual(['missing', 'valid'])
  })

  it('takes a revocation even from a set that is not believed otherwise, and then believes nothing without a key', () => {
    const alone = step(begun, [oldRevoked, fresh], [oldRevoked])
    expect(alone).toMatchObject({ believed: false, changes: [{ to: 'revoked' }] })
    const anchor = followedAnchor(alone.rollover, CONFIGURED)
    expect(anchor).toMatchObject({ ds: [], keys: [] })
    const set = keySet([fresh], [fresh], NOW)
    expect(validateDnskeySet(ZONE, set, anchor, NOW + DAY, rulesAt(NOW), newBudget()).status).toBe('bogus')
  })

  it('remembers the revocation of a key that it had not met yet', () => {
    const first = step(startRollover(ZONE), [oldRevoked, fresh], [oldRevoked, fresh])
    expect(states(first.rollover)).toEqual(['revoked'])
    expect(trusts(first.rollover, old)).toBe(false)
  })

  it('asks again after half the TTL, sooner after a failure, at least hourly', () => {
    expect(step(begun, [old], [old]).againSeconds).toBe(2 * 3_600)
    expect(step(begun, [old], [fresh]).againSeconds).toBe(3_600)
  })

  it('follows 16 keys at most', () => {
    const many = Array.from({ length: 30 }, () => makeSigningKey(15, KSK))
    expect(step(begun, [old, ...many], [old]).rollover.keys).toHaveLength(16)
  })
})

describe('the file of followed keys', () => {
  const state = step(begun, [old, fresh], [old]).rollover

  it('holds the whole state', () => {
    const text = rolloverToText(state)
    expect(text).toContain('valid')
    expect(rolloverFromText(startRollover(ZONE), text)).toEqual(state)
    expect(rolloverFromText(startRollover(ROOT), rolloverToText(startRollover(ROOT)))).toEqual(startRollover(ROOT))
  })

  it.each([
    ['an unknown state', (text: string) => text.replace('valid', 'trusted')],
    ['another zone', (text: string) => text.replaceAll('example.', 'example.net.')],
    ['a cut line', (text: string) => text.slice(0, text.indexOf('DNSKEY') + 12)],
    ['another type', (text: string) => text.replaceAll('DNSKEY', 'TXT')],
    ['too many lines', (text: string) => `${text.repeat(10)}`],
  ])('is refused with %s', (_, change) => {
    expect(() => rolloverFromText(startRollover(ZONE), change(rolloverToText(state)))).toThrow(ChordnsError)
  })
})
