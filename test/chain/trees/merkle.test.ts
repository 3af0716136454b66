import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../../src/base/index.ts'
import { merkleProof, merkleRoot, verifyMerkleProof } from '../../../src/chain/index.ts'
import { merkleLeafHash, rangeRoot } from '../../../src/chain/trees/merkle.ts'
import { MerkleHashes } from '../../../src/chain/trees/merkle-hashes.ts'
import { sha256 } from '../../../src/crypto/index.ts'

const leaves = fc.array(fc.uint8Array({ maxLength: 8 }), { minLength: 1, maxLength: 40 })

describe('the Merkle tree of transactions', () => {
  it('has the roots of RFC 6962, as other implementations compute them', () => {
    // The test data of the certificate-transparency reference implementation.
    const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f']
    const data = inputs.map(fromHex)
    expect(toHex(merkleRoot([]))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
    expect(toHex(merkleRoot(data.slice(0, 1)))).toBe('6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d')
    expect(toHex(merkleRoot(data.slice(0, 7)))).toBe('ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c')
    expect(toHex(merkleRoot(data))).toBe('5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328')
  })

  it('proves each of its leaves', () => {
    fc.assert(
      fc.property(leaves, (data) => {
        const root = merkleRoot(data)
        return data.every((leaf, i) => verifyMerkleProof(root, leaf, i, data.length, merkleProof(data, i)))
      }),
    )
  })

  it('proves no other leaf and no other place, where the size is known', () => {
    fc.assert(
      fc.property(leaves, fc.nat(), fc.uint8Array({ maxLength: 8 }), fc.nat(), (data, n, leaf, m) => {
        const [index, at] = [n % data.length, m % data.length]
        const proof = merkleProof(data, index)
        const isTrue = toHex(leaf) === toHex(data[at]!)
        expect(isTrue || !verifyMerkleProof(merkleRoot(data), leaf, at, data.length, proof)).toBe(true)
        const isThere = toHex(data[index]!) === toHex(data[at]!)
        expect(isThere || !verifyMerkleProof(merkleRoot(data), data[index]!, at, data.length, proof)).toBe(true)
      }),
    )
  })

  it('proves no leaf that is not there, whatever place and size are claimed', () => {
    fc.assert(
      fc.property(
        leaves,
        fc.nat(),
        fc.uint8Array({ maxLength: 8 }),
        fc.nat(50),
        fc.nat(50),
        (data, n, leaf, at, size) => {
          fc.pre(!data.some((one) => toHex(one) === toHex(leaf)))
          const proof = merkleProof(data, n % data.length)
          expect(verifyMerkleProof(merkleRoot(data), leaf, at, size, proof)).toBe(false)
        },
      ),
    )
  })

  it('does not take an inner node for a leaf', () => {
    const data = [0, 1, 2, 3].map((byte) => Uint8Array.of(byte))
    const left = merkleProof(data, 2)[1]!
    const right = merkleProof(data, 0)[1]!
    const joined = new Uint8Array([...left, ...right])
    expect(verifyMerkleProof(merkleRoot(data), joined, 0, 1, [])).toBe(false)
    expect(toHex(merkleRoot([joined]))).not.toBe(toHex(merkleRoot(data)))
  })

  it('refuses proofs of the wrong length', () => {
    const data = [0, 1, 2, 3, 4].map((byte) => Uint8Array.of(byte))
    const proof = merkleProof(data, 1)
    expect(verifyMerkleProof(merkleRoot(data), data[1]!, 1, 5, [...proof, new Uint8Array(32)])).toBe(false)
    expect(verifyMerkleProof(merkleRoot(data), data[1]!, 1, 5, proof.slice(1))).toBe(false)
    expect(() => merkleProof(data, 5)).toThrow(RangeError)
  })
})

describe('all hashes of a tree in one piece', () => {
  it('have the root of the list, and prove each range of it', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 8 }), { maxLength: 40 }), fc.nat(), fc.nat(), (data, a, b) => {
        const hashes = MerkleHashes.of(data)
        expect(toHex(hashes.root())).toBe(toHex(merkleRoot(data)))
        if (data.length === 0) return
        const from = a % data.length
        const to = from + 1 + (b % (data.length - from))
        const root = rangeRoot(data.slice(from, to), from, data.length, hashes.range(from, to))
        expect(toHex(root!)).toBe(toHex(merkleRoot(data)))
        expect(toHex(hashes.leaf(from))).toBe(toHex(merkleLeafHash(data[from]!)))
      }),
    )
  })

  it('are the same after their bytes went elsewhere, and are not those of another number of leaves', () => {
    const data = Array.from({ length: 21 }, (_, i) => new Uint8Array(5_000).fill(i))
    const { bytes } = MerkleHashes.of(data)
    const again = new MerkleHashes(21, structuredClone(bytes))
    expect(again.range(3, 9)).toEqual(MerkleHashes.of(data).range(3, 9))
    expect(again.leaves().length).toBe(21 * 32)
    expect(() => new MerkleHashes(22, bytes)).toThrow(RangeError)
  })

  it('hash a leaf of any length as the reference does', () => {
    for (const length of [0, 1, 4_094, 4_095, 4_096, 9_000]) {
      const leaf = new Uint8Array(length).fill(7)
      expect(toHex(merkleLeafHash(leaf))).toBe(toHex(sha256(Uint8Array.of(0), leaf)))
    }
  })
})
