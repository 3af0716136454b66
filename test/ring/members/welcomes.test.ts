import { describe, expect, it } from 'vitest'
import { encodeCanonical } from '../../../src/crypto/index.ts'
import { limits } from '../../../src/ring/limits.ts'
import { entryFromValue, entryToValue, signEntry } from '../../../src/ring/members/member.ts'
import { readCbor } from '../../../src/ring/members/reading.ts'
import { isWelcomed, signWelcome } from '../../../src/ring/members/welcomes.ts'
import type { MemberEntry, Welcome } from '../../../src/ring/types.ts'
import { keyOf, scheme } from '../world.ts'

const NOW = 1_700_000_000_000
const context = { ringId: 'test', scheme }
const signerOf = (name: string) => scheme.signer(keyOf(name))

function row(name: string, welcomes?: readonly Welcome[]): MemberEntry {
  const unsigned = { salt: new Uint8Array(), addresses: [], status: 'alive' as const, incarnation: NOW }
  const entry = signEntry('test', signerOf(name), unsigned)
  return welcomes === undefined ? entry : { ...entry, welcomes }
}

const witnesses = Array.from({ length: 8 }, (_, i) => row(`witness ${i}`))
const member = row('member')
const welcome = (name: string, at = NOW, ring = 'test') => signWelcome(ring, signerOf(name), member.publicKey, at)
const by = (count: number, at = NOW) => Array.from({ length: count }, (_, i) => welcome(`witness ${i}`, at))
const rule = { witnesses, after: Number.NEGATIVE_INFINITY, now: NOW + 1_000 }

describe('welcomes', () => {
  it('count when more than half of the witnesses gave them', () => {
    expect(isWelcomed(context, row('member', by(5)), rule)).toBe(true)
    expect(isWelcomed(context, row('member', by(4)), rule)).toBe(false)
    expect(isWelcomed(context, row('member'), rule)).toBe(false)
  })

  it('count once for each witness, and for nobody else', () => {
    const twice = [...by(4), welcome('witness 0', NOW + 1)]
    expect(isWelcomed(context, row('member', twice), rule)).toBe(false)
    const others = [...by(4), welcome('somebody')]
    expect(isWelcomed(context, row('member', others), rule)).toBe(false)
  })

  it('are for one key on one ring', () => {
    expect(isWelcomed(context, row('another', by(5)), rule)).toBe(false)
    const elsewhere = Array.from({ length: 5 }, (_, i) => welcome(`witness ${i}`, NOW, 'other'))
    expect(isWelcomed(context, row('member', elsewhere), rule)).toBe(false)
  })

  it('must be newer than the death of the member, not older than three days, and of no clock far ahead', () => {
    expect(isWelcomed(context, row('member', by(5)), { ...rule, after: NOW })).toBe(false)
    expect(isWelcomed(context, row('member', by(5)), { ...rule, after: NOW - 1 })).toBe(true)
    expect(isWelcomed(context, row('member', by(5)), { ...rule, now: NOW + limits.WELCOME_TERM_MS })).toBe(false)
    expect(isWelcomed(context, row('member', by(5)), { ...rule, now: NOW - 2 * 86_400_000 })).toBe(false)
  })

  it('cost one vain check a row at most', () => {
    let checks = 0
    const verify: typeof scheme.verify = (...args) => {
      checks++
      return scheme.verify(...args)
    }
    const counting = { ringId: 'test', scheme: { ...scheme, verify } }
    const forged = by(8).map((one) => ({ ...one, signature: new Uint8Array(64) }))
    expect(isWelcomed(counting, row('member', forged), rule)).toBe(false)
    expect(checks).toBe(1)
  })

  it('travel with the row, sixteen at most', () => {
    const entry = row('member', by(8))
    const bytes = encodeCanonical(entryToValue(entry))
    expect(entryFromValue(readCbor(bytes, 10_000, 'row'))).toEqual(entry)
    const tooMany = row('member', [...by(8), ...by(8, NOW + 1), ...by(1, NOW + 2)])
    expect(() => entryFromValue(readCbor(encodeCanonical(entryToValue(tooMany)), 10_000, 'row'))).toThrow('malformed')
  })
})
