import { decode, encode } from 'cborg'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareBytes, concatBytes, fromHex, isChordnsError } from '../../src/base/index.ts'
import {
  type CborSource,
  type CborValue,
  decodeCanonical,
  EncodedCbor,
  encodeByteList,
  encodeCanonical,
  GrowingByteList,
} from '../../src/crypto/index.ts'
import { effort } from '../setup/effort.ts'

const OPTIONS = { maxBytes: 65_536 }

/** Integers as they come back: numbers when safe, bigints beyond. */
const integers: fc.Arbitrary<number | bigint> = fc.oneof(
  fc.maxSafeInteger(),
  fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n - 1n }).map((value) => {
    const small = Number(value)
    return Number.isSafeInteger(small) ? small : value
  }),
)
const keys = fc.oneof(fc.integer(), fc.string({ maxLength: 5 }))
const { value: values } = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    integers,
    fc.string(),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 40 }),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.array(fc.tuple(keys, tie('value')), { maxLength: 5 }).map((pairs) => new Map(pairs)),
  ),
}))

function codeOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (isChordnsError(error)) return error.code
    throw error
  }
  return 'none'
}

/** What a general decoder reads, where it is of our kinds and would be written with the same bytes; undefined: it is not ours. */
function readByCborg(bytes: Uint8Array): { readonly value: CborValue } | undefined {
  try {
    const value = decode(bytes, {
      useMaps: true,
      strict: true,
      rejectDuplicateMapKeys: true,
      allowIndefinite: false,
      allowUndefined: false,
      allowNaN: false,
      allowInfinity: false,
      tags: [],
    })
    return compareBytes(encodeCanonical(value), bytes) === 0 ? { value } : undefined
  } catch {
    return undefined
  }
}

const decodes = (hex: string) => codeOf(() => decodeCanonical(fromHex(hex), OPTIONS))

describe('canonical CBOR', () => {
  it('comes back equal', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(decodeCanonical(encodeCanonical(value), OPTIONS)).toEqual(value)
      }),
    )
  })

  it('does not depend on the order in which a map was made', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(keys, integers), { selector: ([key]) => key }), (pairs) => {
        expect(encodeCanonical(new Map(pairs.toReversed()))).toEqual(encodeCanonical(new Map(pairs)))
      }),
    )
  })

  it('sorts keys bytewise by their encoding (RFC 8949 section 4.2.1)', () => {
    fc.assert(
      fc.property(fc.uniqueArray(keys, { minLength: 1, maxLength: 20 }), (unsorted) => {
        const sorted = unsorted.map((key) => encodeCanonical(key)).sort(compareBytes)
        const map = encodeCanonical(new Map(unsorted.map((key) => [key, null])))
        const expected = concatBytes(
          Uint8Array.of(0xa0 + unsorted.length),
          ...sorted.flatMap((key) => [key, Uint8Array.of(0xf6)]),
        )
        expect(map).toEqual(expected)
      }),
    )
  })

  it('is what cborg makes of it', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(encodeCanonical(value)).toEqual(new Uint8Array(encode(value)))
      }),
      { numRuns: effort(300, 1_000) },
    )
    for (const edge of [-0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1])
      for (const value of [edge, -edge, -1 - edge].filter(Number.isSafeInteger))
        expect(encodeCanonical(value)).toEqual(new Uint8Array(encode(value)))
    for (const size of [4_090, 4_096, 70_000, 1_100_000]) {
      const value = [new Uint8Array(size).fill(7), 'x'.repeat(size), size]
      expect(encodeCanonical(value)).toEqual(new Uint8Array(encode(value)))
    }
  })

  it('encodes the examples of RFC 8949 appendix A', () => {
    const examples: [CborValue, string][] = [
      [23, '17'],
      [24, '1818'],
      [1_000_000_000_000, '1b000000e8d4a51000'],
      [18446744073709551615n, '1bffffffffffffffff'],
      [-18446744073709551616n, '3bffffffffffffffff'],
      [-1000, '3903e7'],
      ['ü', '62c3bc'],
      [fromHex('01020304'), '4401020304'],
      [[1, [2, 3], [4, 5]], '8301820203820405'],
    ]
    for (const [value, hex] of examples) {
      expect(encodeCanonical(value)).toEqual(fromHex(hex))
      expect(decodeCanonical(fromHex(hex), OPTIONS)).toEqual(value)
    }
  })

  it('refuses to encode what would not come back equal', () => {
    for (const value of [
      0.5,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      2 ** 53,
      2n ** 64n,
      [undefined],
      new Array(1),
      { a: 1 },
      new Map([[0.5, 1]]),
      new Map([[true, 1]]),
      new Map([[new Uint8Array(1), 1]]),
    ])
      expect(codeOf(() => encodeCanonical(value as CborValue))).toBe('CBOR_UNENCODABLE')
  })
})

describe('decoding', () => {
  it('accepts only the one encoding: every other spelling of a value is refused', () => {
    const spellings: Record<string, string> = {
      '1817': '23 in two bytes',
      '190018': '24 in three bytes',
      '1b0000000000000001': '1 in nine bytes',
      '5801ff': 'a byte string with a long length',
      '7f616100ff': 'text in pieces',
      '9f01ff': 'an array without a length',
      bf0102ff: 'a map without a length',
      a202000100: 'keys out of order',
      a201000100: 'a key twice',
      a2010018010000: 'a key twice in different spellings',
      f93c00: 'a half float',
      fb3ff8000000000000: '1.5',
      fb3ff0000000000000: '1 as a float',
      f97e00: 'NaN',
      f7: 'undefined',
      f0: 'an unassigned simple value',
      c001: 'a tag',
      c249010000000000000000: 'a bignum',
      '0101': 'two documents',
      '': 'nothing',
      '62c328': 'text that is not UTF-8',
      a1410001: 'a byte string as a key',
      a1f400: 'a boolean as a key',
      a1810100: 'an array as a key',
      '1c': 'a reserved length',
    }
    for (const [hex, what] of Object.entries(spellings)) expect(decodes(hex), what).toBe('CBOR_MALFORMED')
  })

  it('never throws anything but CBOR_MALFORMED, and what it accepts encodes to the same bytes', () => {
    const check = (bytes: Uint8Array) => {
      try {
        expect(encodeCanonical(decodeCanonical(bytes, OPTIONS))).toEqual(bytes)
      } catch (error) {
        if (!isChordnsError(error, 'CBOR_MALFORMED')) throw error
      }
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), check), { numRuns: effort(600, 2_000) })
    fc.assert(
      fc.property(values, fc.nat(), fc.nat(255), (value, position, byte) => {
        const bytes = encodeCanonical(value)
        bytes[position % bytes.length] = byte
        check(bytes)
        check(bytes.subarray(0, position % bytes.length))
      }),
      { numRuns: effort(300, 1_000) },
    )
  })

  it('takes what cborg takes and would be written so, and reads the same in it', () => {
    fc.assert(
      fc.property(values, fc.nat(), fc.nat(255), fc.boolean(), (value, position, byte, isWhole) => {
        const bytes = encodeCanonical(value)
        if (!isWhole) bytes[position % bytes.length] = byte
        const expected = readByCborg(bytes)
        if (expected === undefined) expect(codeOf(() => decodeCanonical(bytes, OPTIONS))).toBe('CBOR_MALFORMED')
        else expect(decodeCanonical(bytes, OPTIONS)).toEqual(expected.value)
      }),
      { numRuns: effort(600, 2_000) },
    )
  })

  it('reads what lies in the middle of other bytes, and bytes of Node', () => {
    const value = ['a', fromHex('0102'), new Map([[1, -1]])]
    const around = concatBytes(Uint8Array.of(7, 7), encodeCanonical(value), Uint8Array.of(7))
    expect(decodeCanonical(around.subarray(2, -1), OPTIONS)).toEqual(value)
    const [, bytes] = decodeCanonical(Buffer.from(around).subarray(2, -1), OPTIONS) as [string, Uint8Array]
    expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype)
    expect(bytes.buffer.byteLength).toBe(2)
  })

  it('refuses longer documents than the caller wants before it reads them', () => {
    expect(codeOf(() => decodeCanonical(encodeCanonical('12345678'), { maxBytes: 8 }))).toBe('CBOR_MALFORMED')
    expect(decodeCanonical(encodeCanonical('12345678'), { maxBytes: 9 })).toBe('12345678')
  })

  it('refuses deep nesting without recursion, and takes 16 levels', () => {
    expect(decodes(`${'81'.repeat(60_000)}00`)).toBe('CBOR_MALFORMED')
    expect(decodes(`${'a100'.repeat(17)}00`)).toBe('CBOR_MALFORMED')
    expect(decodes(`${'81'.repeat(16)}00`)).toBe('none')
  })

  it('refuses lengths that the document cannot hold, without making room for them', () => {
    for (const major of ['9b', 'bb', '5b', '7b'])
      for (const length of ['7fffffffffffffff', '00000000ffffffff', 'ffffffffffffffff'])
        expect(decodes(`${major}${length}00`)).toBe('CBOR_MALFORMED')
  })

  it('gives bytes of its own: what comes in later does not change them', () => {
    const bytes = encodeCanonical(fromHex('01020304'))
    const value = decodeCanonical(bytes, OPTIONS)
    bytes.fill(0)
    expect(value).toEqual(fromHex('01020304'))
  })
})

describe('what was encoded before', () => {
  it('stands in the place of its value', () => {
    fc.assert(
      fc.property(values, values, (inner, other) => {
        const encoded = new EncodedCbor(encodeCanonical(inner))
        expect(encodeCanonical([other, encoded])).toEqual(encodeCanonical([other, inner]))
        expect(encodeCanonical(new Map([[1, encoded]]))).toEqual(encodeCanonical(new Map([[1, inner]])))
      }),
    )
  })

  it('stands there in megabytes, once or several times, with what is around it', () => {
    const large = new Uint8Array(1_500_000).fill(7)
    for (const count of [1, 2, 3]) {
      const list = Array.from({ length: count }, () => new EncodedCbor(encodeCanonical(large)))
      const bytes = encodeCanonical(
        new Map<number, CborSource>([
          [1, list],
          [2, [new Uint8Array(70_000), 5]],
        ]),
      )
      const plain = new Map<number, CborValue>([
        [1, list.map(() => large)],
        [2, [new Uint8Array(70_000), 5]],
      ])
      expect(compareBytes(bytes, encodeCanonical(plain))).toBe(0)
      expect(encodeCanonical(5)).toEqual(Uint8Array.of(5))
    }
  })

  it('is the same for a list of byte strings of any length, written in one piece', () => {
    const lengths = [0, 1, 23, 24, 255, 256, 65_535, 65_536]
    for (const count of [0, 1, 23, 24, 300]) {
      const items = Array.from({ length: count }, (_, i) => new Uint8Array(lengths[i % 8]!).fill(i))
      expect(compareBytes(encodeByteList(items), encodeCanonical(items))).toBe(0)
      for (const step of [1, 7, 300]) {
        const list = new GrowingByteList(items, (size) => new Uint8Array(size))
        let steps = 1
        while (!list.add(step)) steps++
        expect(steps).toBe(Math.max(1, Math.ceil(count / step)))
        expect(compareBytes(list.bytes, encodeCanonical(items))).toBe(0)
      }
    }
  })
})

describe('reading in place', () => {
  it('gives the same values, whose bytes are parts of what was read', () => {
    const bytes = encodeCanonical([1, Uint8Array.of(1, 2, 3), new Map([[1, Uint8Array.of(4)]])])
    const read = decodeCanonical(bytes, { ...OPTIONS, inPlace: true }) as readonly CborValue[]
    expect(read).toEqual(decodeCanonical(bytes, OPTIONS))
    expect((read[1] as Uint8Array).buffer).toBe(bytes.buffer)
    expect(((decodeCanonical(bytes, OPTIONS) as readonly CborValue[])[1] as Uint8Array).buffer).not.toBe(bytes.buffer)
  })
})
