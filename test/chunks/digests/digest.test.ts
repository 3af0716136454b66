import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { asChunkId } from '../../../src/base/index.ts'
import { buildDigest, digestOf, hashOf, names } from '../../../src/chunks/digests/digest.ts'
import { limits } from '../../../src/chunks/limits.ts'
import {
  decodeDigestReply,
  decodeDigestRequest,
  encodeDigestReply,
  encodeDigestRequest,
  isDigestRequest,
} from '../../../src/chunks/wire/digest-messages.ts'
import { encodeRequest } from '../../../src/chunks/wire/messages.ts'
import { questionKey } from '../../../src/chunks/wire/question-key.ts'
import { ask } from '../world.ts'

const keys = (count: number, label = 'n') =>
  Array.from({ length: count }, (_, i) => questionKey(ask(`${label}${i}.example.com`)))

describe('a digest', () => {
  it('names all that it was made of', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ minLength: 1, maxLength: 60 }), { maxLength: 300 }), (some) => {
        const digest = buildDigest(some)!
        for (const key of some) expect(names(digest, hashOf(key))).toBe(true)
      }),
      { numRuns: 50 },
    )
  })

  it('names little else: two in a hundred questions at most', () => {
    for (const size of [1, 10, 400, 5_000]) {
      const digest = buildDigest(keys(size))!
      const wrong = keys(20_000, 'other').filter((key) => names(digest, hashOf(key))).length
      expect(wrong / 20_000).toBeLessThan(0.02)
    }
  })

  it('names nothing when it is empty, and takes ten bits an entry', () => {
    expect(names(buildDigest([])!, hashOf('x'))).toBe(false)
    expect(buildDigest(keys(400))!.bits).toHaveLength(500)
  })

  it('has a tag that changes with it', () => {
    expect(buildDigest(keys(5))!.tag).toEqual(buildDigest(keys(5))!.tag)
    expect(buildDigest(keys(5))!.tag).not.toEqual(buildDigest(keys(6))!.tag)
    expect(digestOf(buildDigest(keys(5))!.bits).tag).toEqual(buildDigest(keys(5))!.tag)
  })

  it('is none where it would be too long', () => {
    const most = Math.floor((limits.MAX_DIGEST_BYTES * 8) / 10)
    const some = Array.from({ length: most + 1 }, (_, i) => String(i))
    expect(buildDigest(some)).toBeUndefined()
    expect(buildDigest(some.slice(1))!.bits.length).toBeLessThanOrEqual(limits.MAX_DIGEST_BYTES)
  })
})

describe('messages about digests', () => {
  it('are what they were after their way over the wire', () => {
    const wanted = fc.record({
      chunk: fc.integer({ min: 0, max: 65_535 }).map(asChunkId),
      tag: fc.uint8Array({ maxLength: 8 }),
    })
    fc.assert(
      fc.property(fc.array(wanted, { minLength: 1, maxLength: limits.MAX_DIGESTS_AT_ONCE }), (request) => {
        expect(isDigestRequest(encodeDigestRequest(request))).toBe(true)
        expect(decodeDigestRequest(encodeDigestRequest(request))).toEqual(request)
      }),
    )
    const word = fc.oneof(
      fc.constantFrom('same' as const, 'busy' as const, 'full' as const),
      fc.uint8Array({ maxLength: 200 }).map((bits) => ({ bits })),
    )
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: limits.MAX_DIGESTS_AT_ONCE }), (reply) => {
        expect(decodeDigestReply(encodeDigestReply(reply))).toEqual(reply)
      }),
    )
  })

  it('are told apart from the others of the room', () => {
    expect(isDigestRequest(encodeRequest({ kind: 'read', question: ask('www.example.com') }))).toBe(false)
    expect(isDigestRequest(new Uint8Array())).toBe(false)
  })

  it('are refused when they are damaged, whatever they are', () => {
    const good = encodeDigestRequest([{ chunk: asChunkId(7), tag: new Uint8Array(8) }])
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(good.length - 1), fc.nat(255), (noise, at, value) => {
        const damaged = good.slice()
        damaged[at] = value
        for (const [decode, bytes] of [
          [decodeDigestRequest, noise],
          [decodeDigestRequest, damaged],
          [decodeDigestReply, noise],
        ] as const) {
          try {
            decode(bytes)
          } catch (error) {
            expect(error).toMatchObject({ code: 'CHUNK_MALFORMED' })
          }
        }
      }),
    )
    const whole = { bits: new Uint8Array(limits.MAX_DIGEST_BYTES) }
    expect(decodeDigestReply(encodeDigestReply([whole]))).toEqual([whole])
    const longer = { bits: new Uint8Array(limits.MAX_DIGEST_BYTES + 1) }
    expect(() => decodeDigestReply(encodeDigestReply([longer]))).toThrow()
    expect(() => decodeDigestReply(encodeDigestReply([]))).toThrow()
    const many = Array.from({ length: limits.MAX_DIGESTS_AT_ONCE + 1 }, () => 'same' as const)
    expect(() => decodeDigestReply(encodeDigestReply(many))).toThrow()
  })

  it('say busy for what does not fit into a frame, and keep their order', () => {
    const bits = (length: number) => ({ bits: new Uint8Array(length) })
    const replies = decodeDigestReply(encodeDigestReply([bits(30_000), 'same', bits(30_000), bits(9_000), 'full']))
    const lengths = replies.map((reply) => (typeof reply === 'string' ? reply : reply.bits.length))
    expect(lengths).toEqual([30_000, 'same', 30_000, 'busy', 'full'])
  })
})
