import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { asRingId, type RingId } from '../../../src/base/index.ts'
import {
  addPowerOfTwo,
  between,
  compareFrom,
  compareIds,
  distance,
  idFromBytes,
  keyOfPrefix,
  owns,
  parseRingId,
  successorIndex,
} from '../../../src/ring/chord/ids.ts'

const id = fc.oneof(
  fc.uint8Array({ minLength: 32, maxLength: 32 }).map(idFromBytes),
  // Few values, so that equal and neighbouring ids come up.
  fc.integer({ min: 0, max: 7 }).map((n) => asRingId(n.toString(16).padStart(64, '0'))),
  fc.constant(asRingId('f'.repeat(64))),
)

const number = (x: RingId) => BigInt(`0x${x}`)

describe('between', () => {
  it('is the open interval that one meets clockwise', () => {
    fc.assert(
      fc.property(id, id, id, (a, x, b) => {
        const expected = x !== a && x !== b && (a === b || distance(a, x) < distance(a, b))
        expect(between(a, x, b)).toBe(expected)
      }),
    )
  })

  it('splits the ring without the two ends into two halves', () => {
    fc.assert(
      fc.property(id, id, id, (a, x, b) => {
        fc.pre(a !== b && x !== a && x !== b)
        expect(between(a, x, b)).toBe(!between(b, x, a))
      }),
    )
  })

  it('is the whole ring but one from an id to itself', () => {
    fc.assert(
      fc.property(id, id, (a, x) => {
        expect(between(a, x, a)).toBe(x !== a)
      }),
    )
  })
})

describe('owns', () => {
  it('gives every key to exactly one of several members', () => {
    fc.assert(
      fc.property(fc.uniqueArray(id, { minLength: 1, maxLength: 8 }), id, (members, key) => {
        const ring = members.sort(compareIds)
        const owners = ring.filter((owner, i) => owns(ring[(i - 1 + ring.length) % ring.length]!, owner, key))
        expect(owners).toEqual([ring[successorIndex(ring, key)]])
      }),
    )
  })
})

describe('ring arithmetic', () => {
  it('measures clockwise, and around the end', () => {
    fc.assert(
      fc.property(id, id, (a, b) => {
        expect((number(a) + distance(a, b)) % (1n << 256n)).toBe(number(b))
        expect(distance(a, b) >= 0n && distance(a, b) < 1n << 256n).toBe(true)
      }),
    )
  })

  it('sorts by that distance, the id itself last', () => {
    fc.assert(
      fc.property(id, id, id, (from, a, b) => {
        const steps = (x: RingId) => (x === from ? 1n << 256n : distance(from, x))
        expect(Math.sign(compareFrom(from, a, b))).toBe(steps(a) < steps(b) ? -1 : steps(a) > steps(b) ? 1 : 0)
      }),
    )
  })

  it('starts finger i at 2^i past the id', () => {
    fc.assert(
      fc.property(id, fc.integer({ min: 0, max: 255 }), (a, i) => {
        expect(distance(a, addPowerOfTwo(a, i))).toBe(1n << BigInt(i))
      }),
    )
    expect(() => addPowerOfTwo(asRingId('0'.repeat(64)), 256)).toThrow(RangeError)
  })

  it('puts the number of a chunk at the top of its key', () => {
    expect(keyOfPrefix(8, 0)).toBe('0'.repeat(64))
    expect(keyOfPrefix(8, 255)).toBe(`ff${'0'.repeat(62)}`)
    expect(keyOfPrefix(4, 10)).toBe(`a${'0'.repeat(63)}`)
    expect(keyOfPrefix(0, 0)).toBe('0'.repeat(64))
    expect(() => keyOfPrefix(8, 256)).toThrow(RangeError)
    expect(() => keyOfPrefix(8, -1)).toThrow(RangeError)
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 48 }), fc.double({ min: 0, max: 1, noNaN: true }), (bits, share) => {
        const index = Math.min(2 ** bits - 1, Math.floor(share * 2 ** bits))
        expect(number(keyOfPrefix(bits, index)) >> BigInt(256 - bits)).toBe(BigInt(index))
      }),
    )
  })

  it('finds the successor of a key as a linear search does', () => {
    fc.assert(
      fc.property(fc.uniqueArray(id, { maxLength: 12 }), id, (members, key) => {
        const ring = members.sort(compareIds)
        const found = ring.findIndex((member) => member >= key)
        expect(successorIndex(ring, key)).toBe(Math.max(0, found))
      }),
    )
  })
})

describe('ids from outside', () => {
  it('are 64 lower-case hex digits or nothing', () => {
    expect(parseRingId('0a'.repeat(32))).toBe('0a'.repeat(32))
    for (const text of ['', '0A'.repeat(32), '0a'.repeat(31), `${'0a'.repeat(32)}\n`, 'zz'.repeat(32)]) {
      expect(() => parseRingId(text)).toThrowError(expect.objectContaining({ code: 'RING_BAD_ID' }))
    }
    expect(() => idFromBytes(new Uint8Array(31))).toThrowError(expect.objectContaining({ code: 'RING_BAD_ID' }))
  })
})
