import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../../src/base/index.ts'
import {
  consistencyProof,
  emptyHistory,
  extendHistory,
  HistoryLog,
  historyEdge,
  historyPath,
  historyRoot,
  isHistoryEdge,
  verifyConsistency,
} from '../../../src/chain/trees/history.ts'
import { merkleLeafHash, merkleProof, merkleRoot, verifyLeafHash } from '../../../src/chain/trees/merkle.ts'

// The test data of the certificate-transparency reference implementation.
const INPUTS = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f']
const ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]
const LEAVES = INPUTS.map(fromHex)

function logOf(count: number, leaf = (i: number): Uint8Array => Uint8Array.of(i, i >> 8)): HistoryLog {
  const log = new HistoryLog()
  for (let i = 0; i < count; i++) log.append(merkleLeafHash(leaf(i)))
  return log
}

const rootAt = (log: HistoryLog, size: number) => historyRoot(historyEdge(log.hashes, size)!)
const sizes = fc
  .tuple(fc.integer({ min: 0, max: 130 }), fc.integer({ min: 0, max: 130 }))
  .map(([a, b]) => (a < b ? ([a, b] as const) : ([b, a] as const)))

describe('a history', () => {
  it('has the roots of RFC 6962, leaf by leaf', () => {
    const log = logOf(8, (i) => LEAVES[i]!)
    expect(toHex(historyRoot(emptyHistory))).toBe(toHex(merkleRoot([])))
    ROOTS.forEach((root, i) => {
      expect(toHex(rootAt(log, i + 1))).toBe(root)
    })
  })

  it('has the consistency proofs of the reference implementation', () => {
    const log = logOf(8, (i) => LEAVES[i]!)
    expect(consistencyProof(log.hashes, 6, 8)!.map(toHex)).toEqual([
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ])
    expect(consistencyProof(log.hashes, 2, 5)!.map(toHex)).toEqual([
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ])
  })

  it('is kept by its right edge alone', () => {
    let edge = emptyHistory
    const leaves = Array.from({ length: 200 }, (_, i) => Uint8Array.of(i))
    leaves.forEach((leaf, i) => {
      edge = extendHistory(edge, merkleLeafHash(leaf))
      expect(isHistoryEdge(edge)).toBe(true)
      expect(toHex(historyRoot(edge))).toBe(toHex(merkleRoot(leaves.slice(0, i + 1))))
    })
    expect(isHistoryEdge({ size: edge.size + 1, hashes: edge.hashes })).toBe(false)
  })

  it('proves each leaf at each size, as the tree of a block does', () => {
    const leaves = Array.from({ length: 40 }, (_, i) => Uint8Array.of(i, i >> 8))
    const log = logOf(40)
    for (let size = 1; size <= 40; size++)
      for (let index = 0; index < size; index++) {
        const path = historyPath(log.hashes, index, size)!
        expect(path.map(toHex)).toEqual(merkleProof(leaves.slice(0, size), index).map(toHex))
        expect(verifyLeafHash(rootAt(log, size), merkleLeafHash(leaves[index]!), index, size, path)).toBe(true)
      }
  })

  it('proves that a larger one begins with a smaller one', () => {
    const log = logOf(131)
    fc.assert(
      fc.property(sizes, ([old, size]) => {
        const proof = consistencyProof(log.hashes, old, size)!
        expect(verifyConsistency(old, size, rootAt(log, old), rootAt(log, size), proof)).toBe(true)
      }),
    )
  })

  it('proves it of no log that has another leaf, of no other size, and with no hash more, less or changed', () => {
    const log = logOf(131)
    fc.assert(
      fc.property(sizes, fc.nat(), fc.nat(), ([old, size], at, bit) => {
        fc.pre(old > 0 && old < size)
        const changed = logOf(131, (i) => (i === at % old ? Uint8Array.of(255, 255, 1) : Uint8Array.of(i, i >> 8)))
        const proof = consistencyProof(log.hashes, old, size)!
        const roots = [rootAt(log, old), rootAt(log, size)] as const
        expect(verifyConsistency(old, size, rootAt(changed, old), roots[1], proof)).toBe(false)
        expect(
          verifyConsistency(old, size, roots[0], rootAt(changed, size), consistencyProof(changed.hashes, old, size)!),
        ).toBe(false)
        expect(verifyConsistency(old, size, ...roots, [...proof, roots[0]])).toBe(false)
        expect(verifyConsistency(old, size, ...roots, proof.slice(1))).toBe(proof.length === 0)
        if (proof.length === 0) return
        const hash = proof[at % proof.length]!.slice()
        hash[bit % 32]! ^= 1 << (bit % 8)
        expect(verifyConsistency(old, size, ...roots, proof.with(at % proof.length, hash))).toBe(false)
      }),
    )
  })

  it('refuses sizes that are none', () => {
    const root = historyRoot(emptyHistory)
    for (const [old, size] of [
      [-1, 1],
      [2, 1],
      [0.5, 1],
      [1, Number.NaN],
    ] as const)
      expect(verifyConsistency(old, size, root, root, [])).toBe(false)
  })

  it('says when a hash that a proof needs is not kept', () => {
    const log = logOf(20)
    const forgetful = (level: number, index: number) =>
      level === 0 && index < 4 ? undefined : log.hashes(level, index)
    expect(historyPath(forgetful, 1, 20)).toBeUndefined()
    expect(historyPath(forgetful, 6, 20)).toEqual(historyPath(log.hashes, 6, 20))
    expect(historyPath(log.hashes, 20, 20)).toBeUndefined()
  })
})
