import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRowSeal } from '../../../../src/chunks/entries/disk/row-seal.ts'
import { ed25519Signer, encodeCanonical } from '../../../../src/crypto/index.ts'

const seal = createRowSeal(ed25519Signer(new Uint8Array(32).fill(1)))
const row = encodeCanonical([2, 'a row'])
const anyRow = fc.uint8Array({ maxLength: 200 }).map((bytes) => encodeCanonical([2, bytes]))

describe('the seal of a row', () => {
  it('is known by the node that made it, also after a restart', () => {
    fc.assert(
      fc.property(anyRow, (one) => {
        const again = createRowSeal(ed25519Signer(new Uint8Array(32).fill(1)))
        expect(again.unwrap(seal.wrap(one))).toEqual({ row: one, isOwn: true })
      }),
    )
  })

  it('is not that of another node', () => {
    const other = createRowSeal(ed25519Signer(new Uint8Array(32).fill(2)))
    expect(other.unwrap(seal.wrap(row))).toEqual({ row, isOwn: false })
  })

  it('breaks with any bit of it or of the row', () => {
    const sealed = seal.wrap(row)
    for (let at = 0; at < 8 * sealed.length; at++) {
      const changed = sealed.slice()
      changed[at >> 3]! ^= 1 << (at & 7)
      expect(seal.unwrap(changed).isOwn, `bit ${at}`).toBe(false)
    }
  })

  it('is missing on rows of others, whole as they are, and on what is too short for one', () => {
    expect(seal.unwrap(row)).toEqual({ row, isOwn: false })
    for (let length = 0; length < 17; length++)
      expect(seal.unwrap(seal.wrap(row).subarray(0, length)).isOwn).toBe(false)
  })
})
