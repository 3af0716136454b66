import { readFileSync } from 'node:fs'
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isChordnsError, toHex } from '../../../src/base/index.ts'
import { emptyStateMap, proveKeys, stateRoot, stateSet, stateView } from '../../../src/chain/index.ts'
import { decodePiece, encodePiece, makePiece } from '../../../src/chain/state/pieces.ts'
import { verifyStateProof } from '../../../src/chain/trees/proofs/verify.ts'
import { changeTop } from '../../../src/chain/trees/versioned/change.ts'
import { flipped, keyBytes, valueBytes } from './tree-cases.ts'

describe('the check of a proof, where there is no Node', () => {
  const source = readFileSync(new URL('../../../src/chain/trees/proofs/verify.ts', import.meta.url), 'utf8')

  it('imports nothing, and knows nothing of the machine', () => {
    expect(source).not.toMatch(/^import /m)
    expect(source).not.toMatch(/\b(Buffer|process|require|globalThis)\b/)
  })

  it('comes to the same with the SHA-256 of a browser', () => {
    let map = emptyStateMap
    for (let key = 0; key < 40; key++) map = stateSet(map, keyBytes(key), valueBytes(key))
    const keys = [3, 50].map(keyBytes)
    const proof = proveKeys(stateView(map), keys)
    const claims = [
      { key: keys[0]!, value: valueBytes(3) },
      { key: keys[1]!, value: undefined },
    ]
    expect(verifyStateProof(nobleSha256, stateRoot(map), claims, proof)).toBe(true)
    expect(verifyStateProof(nobleSha256, stateRoot(map), claims, flipped(proof, 77))).toBe(false)
  })
})

describe('a piece from a stranger', () => {
  it('is read, or refused as malformed, whatever its bytes are', () => {
    const rows = new Map<string, Uint8Array>()
    const reader = { get: (key: Uint8Array) => rows.get(toHex(key)) }
    const changes = Array.from({ length: 30 }, (_, key) => ({ key: keyBytes(key), value: valueBytes(key) }))
    const { top, puts } = changeTop(reader, undefined, 1, changes)
    for (const [key, bytes] of puts) rows.set(toHex(key), bytes)
    const piece = encodePiece(makePiece(reader, top, { from: new Uint8Array(32), to: undefined }))
    const changed = fc.nat(piece.length * 8 - 1).map((bit) => flipped(piece, bit))
    const cut = fc.nat(piece.length).map((length) => piece.subarray(0, length))
    fc.assert(
      fc.property(fc.oneof(changed, cut, fc.uint8Array({ maxLength: 300 })), (bytes) => {
        try {
          expect(encodePiece(decodePiece(bytes))).toEqual(bytes)
        } catch (error) {
          if (!isChordnsError(error, 'CHAIN_MALFORMED')) throw error
        }
      }),
    )
  })
})
