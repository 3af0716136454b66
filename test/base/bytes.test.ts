/** Hex, both ways. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../src/base/index.ts'

describe('hex', () => {
  it('comes back as the bytes it was made of, in capitals too', () => {
    const same = (bytes: Uint8Array) => {
      expect(fromHex(toHex(bytes))).toEqual(bytes)
      expect(fromHex(toHex(bytes).toUpperCase())).toEqual(bytes)
    }
    same(Uint8Array.from({ length: 256 }, (_, i) => i))
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), same))
  })

  it('is nothing else: not of odd length, and without other letters', () => {
    for (const text of ['0', '0g', ' 0', '0x', '1 ', '-1', '٠٠']) expect(() => fromHex(text)).toThrow(RangeError)
  })
})
