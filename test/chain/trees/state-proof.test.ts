import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { emptyStateMap, type StateMap, stateDelete, stateRoot, stateSet } from '../../../src/chain/index.ts'
import { proveKeys, proveRange } from '../../../src/chain/trees/proofs/prove.ts'
import { comparePaths, isWithin, type PathRange, verifyRangeProof } from '../../../src/chain/trees/proofs/verify.ts'
import { stateEntries, stateView } from '../../../src/chain/trees/state-map.ts'
import { sha256 } from '../../../src/crypto/index.ts'
import { anyChanges, anyKey, type Change, claimsOf, flipped, hash, holds, keyBytes, valueBytes } from './tree-cases.ts'

function mapOf(changes: readonly Change[]): { map: StateMap; model: Map<number, number> } {
  let map = emptyStateMap
  const model = new Map<number, number>()
  for (const { key, value } of changes) {
    map = value === undefined ? stateDelete(map, keyBytes(key)) : stateSet(map, keyBytes(key), valueBytes(value))
    if (value === undefined) model.delete(key)
    else model.set(key, value)
  }
  return { map, model }
}

const anyKeys = fc.array(anyKey, { minLength: 1, maxLength: 12 })
const someBytes = fc.uint8Array({ minLength: 32, maxLength: 32 })
const anyRange = fc
  .tuple(someBytes, fc.option(someBytes, { nil: undefined }))
  .map(
    ([from, to]): PathRange => (to !== undefined && comparePaths(from, to) > 0 ? { from: to, to: from } : { from, to }),
  )

describe('a proof of some keys', () => {
  it('proves what the map has and what it has not, of all keys at once', () => {
    fc.assert(
      fc.property(anyChanges, anyKeys, (changes, keys) => {
        const { map, model } = mapOf(changes)
        const proof = proveKeys(stateView(map), keys.map(keyBytes))
        expect(holds(stateRoot(map), claimsOf(keys, model), proof)).toBe(true)
      }),
    )
  })

  it('proves nothing else: not another value, not a value for an absence, not an absence for a value', () => {
    fc.assert(
      fc.property(
        anyChanges,
        anyKeys,
        fc.nat(),
        fc.option(fc.nat(5), { nil: undefined }),
        (changes, keys, at, value) => {
          const { map, model } = mapOf(changes)
          const proof = proveKeys(stateView(map), keys.map(keyBytes))
          const claims = claimsOf(keys, model)
          const index = at % claims.length
          const claimed = value === undefined ? undefined : valueBytes(value)
          const key = claims[index]!.key
          const isTrue = model.get(key[0]!) === value
          expect(holds(stateRoot(map), claims.with(index, { key, value: claimed }), proof)).toBe(isTrue)
        },
      ),
    )
  })

  it('proves nothing of a key that it was not made for, unless the same places prove it', () => {
    fc.assert(
      fc.property(anyChanges, anyKeys, anyKey, (changes, keys, other) => {
        const { map, model } = mapOf(changes)
        const proof = proveKeys(stateView(map), keys.map(keyBytes))
        for (const value of [undefined, 0, 1, 2, 3, 4, 5]) {
          const claim = { key: keyBytes(other), value: value === undefined ? undefined : valueBytes(value) }
          if (model.get(other) !== value) expect(holds(stateRoot(map), [claim], proof)).toBe(false)
        }
      }),
    )
  })

  it('fails with any bit turned, any byte missing, any byte more', () => {
    fc.assert(
      fc.property(anyChanges, anyKeys, (changes, keys) => {
        const { map, model } = mapOf(changes)
        const root = stateRoot(map)
        const claims = claimsOf(keys, model)
        const proof = proveKeys(stateView(map), keys.map(keyBytes))
        for (let bit = 0; bit < proof.length * 8; bit++) expect(holds(root, claims, flipped(proof, bit))).toBe(false)
        expect(holds(root, claims, proof.subarray(0, -1))).toBe(false)
        expect(holds(root, claims, Uint8Array.of(...proof, 0))).toBe(false)
      }),
      { numRuns: 20 },
    )
  })

  it('fails against the root of another content', () => {
    fc.assert(
      fc.property(anyChanges, anyChanges, anyKeys, (first, second, keys) => {
        const [one, other] = [mapOf(first), mapOf(second)]
        fc.pre(comparePaths(stateRoot(one.map), stateRoot(other.map)) !== 0)
        const proof = proveKeys(stateView(one.map), keys.map(keyBytes))
        expect(holds(stateRoot(other.map), claimsOf(keys, one.model), proof)).toBe(false)
      }),
    )
  })

  it('is refused when a key is claimed twice', () => {
    const { map } = mapOf([{ key: 1, value: 1 }])
    const claim = { key: keyBytes(1), value: valueBytes(1) }
    expect(holds(stateRoot(map), [claim, claim], proveKeys(stateView(map), [claim.key]))).toBe(false)
  })

  it('takes garbage for what it is, whatever its form', () => {
    fc.assert(
      fc.property(anyChanges, anyKeys, fc.uint8Array({ maxLength: 200 }), (changes, keys, rest) => {
        const { map, model } = mapOf(changes)
        fc.pre(model.size > 0)
        for (const proof of [rest, Uint8Array.of(1, ...rest), Uint8Array.of(1, 0, rest.length >> 3, ...rest)])
          expect(holds(stateRoot(map), claimsOf(keys, model), proof)).toBe(false)
      }),
    )
  })

  it('costs less for all keys at once than one by one', () => {
    const { map } = mapOf(Array.from({ length: 60 }, (_, key) => ({ key, value: 1 })))
    const keys = [1, 2, 3, 4, 5, 6, 7, 8].map(keyBytes)
    const together = proveKeys(stateView(map), keys).length
    const apart = keys.reduce((sum, key) => sum + proveKeys(stateView(map), [key]).length, 0)
    expect(together).toBeLessThan(apart * 0.75)
  })
})

describe('a proof of a range', () => {
  const within = (map: StateMap, range: PathRange) =>
    stateEntries(map).filter(({ key }) => isWithin(range, sha256(key)))

  it('proves that these are all entries of the range', () => {
    fc.assert(
      fc.property(anyChanges, anyRange, (changes, range) => {
        const { map } = mapOf(changes)
        const proof = proveRange(stateView(map), range)
        expect(verifyRangeProof(hash, stateRoot(map), range, within(map, range), proof)).toBe(true)
      }),
    )
  })

  it('fails when an entry is left out, changed, added, or out of order', () => {
    fc.assert(
      fc.property(anyChanges, anyRange, fc.nat(), anyKey, (changes, range, at, stranger) => {
        const { map, model } = mapOf(changes)
        const entries = within(map, range)
        const proof = proveRange(stateView(map), range)
        const check = (list: typeof entries) => verifyRangeProof(hash, stateRoot(map), range, list, proof)
        if (entries.length > 0) {
          const index = at % entries.length
          const { key } = entries[index]!
          expect(check(entries.toSpliced(index, 1))).toBe(false)
          expect(check(entries.with(index, { key, value: Uint8Array.of(9) }))).toBe(false)
        }
        if (entries.length > 1) expect(check(entries.toReversed())).toBe(false)
        if (!model.has(stranger)) {
          const more = [...entries, { key: keyBytes(stranger), value: valueBytes(1) }]
          expect(check(more.sort((a, b) => comparePaths(sha256(a.key), sha256(b.key))))).toBe(false)
        }
      }),
    )
  })

  it('does not prove another range, unless it has the same entries in the same places', () => {
    const changes = Array.from({ length: 60 }, (_, key) => ({ key, value: 1 }))
    const { map } = mapOf(changes)
    const from = (byte: number) => new Uint8Array(32).fill(0).with(0, byte)
    const range = { from: from(0x20), to: from(0x60) }
    const proof = proveRange(stateView(map), range)
    for (const other of [
      { from: from(0x10), to: from(0x60) },
      { from: from(0x20), to: from(0x90) },
      { from: from(0x20), to: undefined },
    ])
      expect(verifyRangeProof(hash, stateRoot(map), other, within(map, range), proof)).toBe(false)
  })

  it('fails with any bit turned', () => {
    fc.assert(
      fc.property(anyChanges, anyRange, (changes, range) => {
        const { map } = mapOf(changes)
        const proof = proveRange(stateView(map), range)
        const entries = within(map, range)
        for (let bit = 0; bit < proof.length * 8; bit++)
          expect(verifyRangeProof(hash, stateRoot(map), range, entries, flipped(proof, bit))).toBe(false)
      }),
      { numRuns: 20 },
    )
  })
})
