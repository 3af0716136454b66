/** Keys, values and changes for the tests of the trees. */
import fc from 'fast-check'
import { type Sha256, type StateClaim, verifyStateProof } from '../../../src/chain/trees/proofs/verify.ts'
import { sha256 } from '../../../src/crypto/index.ts'

export interface Change {
  readonly key: number
  readonly value: number | undefined
}

export const KEYS = 60

export const anyKey = fc.integer({ min: 0, max: KEYS })
export const anyChange = fc.record({ key: anyKey, value: fc.option(fc.nat(5), { nil: undefined }) })
export const anyChanges = fc.array(anyChange, { maxLength: 80 })
/** Changes of blocks, one after the other. */
export const anyBlocks = fc.array(fc.array(anyChange, { maxLength: 20 }), { minLength: 1, maxLength: 8 })

export const keyBytes = (key: number) => Uint8Array.of(key)
export const valueBytes = (value: number) => Uint8Array.of(value, value)

export const hash: Sha256 = (bytes) => sha256(bytes)

export function claimsOf(keys: Iterable<number>, model: ReadonlyMap<number, number>): StateClaim[] {
  return [...new Set(keys)].map((key) => {
    const value = model.get(key)
    return { key: keyBytes(key), value: value === undefined ? undefined : valueBytes(value) }
  })
}

export function holds(root: Uint8Array, claims: readonly StateClaim[], proof: Uint8Array): boolean {
  return verifyStateProof(hash, root, claims, proof)
}

/** A copy with one bit turned. */
export function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice()
  copy[at >> 3]! ^= 1 << (at & 7)
  return copy
}
