import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ChordnsError, isChordnsError } from '../../src/base/index.ts'
import { type CborField, type CborReader, cborReader, encodeCanonical } from '../../src/crypto/index.ts'

const read = cborReader((what, cause) => new ChordnsError('TEST_MALFORMED', what, { what }, { cause }))

/** What the error says did not fit; undefined when it was read. */
function refusalOf(work: () => unknown): string | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    if (!isChordnsError(error, 'TEST_MALFORMED')) throw error
    return error.message
  }
}

describe('a reader of CBOR fields', () => {
  it('takes what fits, and gives it back as it is', () => {
    expect(read.readCbor(encodeCanonical([1, 'a']), 16, 'row')).toEqual([1, 'a'])
    expect(read.readMap(new Map([[1, 2]]), 'map').get(1)).toBe(2)
    expect(read.readRow([1, 2], 2, 'row')).toEqual([1, 2])
    expect(read.readInteger(7, 0, 7, 'number')).toBe(7)
    expect(read.readBytes(new Uint8Array(3), 3, 3, 'bytes')).toHaveLength(3)
    expect(read.readHash(new Uint8Array(32), 'hash')).toHaveLength(32)
    expect(read.readSignature(new Uint8Array(64), 'signature')).toHaveLength(64)
    expect(read.readBoolean(false, 'flag')).toBe(false)
    expect(read.readText('abc', 3, 'text')).toBe('abc')
    expect(read.readUtf8(new TextEncoder().encode('grün'), 5, 'text')).toBe('grün')
  })

  it('reads each item of a list, and no more items than there may be', () => {
    const numbers = (value: CborField) =>
      read.readList(value, 2, 'list', (one) => read.readInteger(one, 0, 9, 'number'))
    expect(numbers([])).toEqual([])
    expect(numbers([3, 4])).toEqual([3, 4])
    expect(refusalOf(() => numbers([3, 4, 5]))).toBe('list')
    expect(refusalOf(() => numbers([3, 10]))).toBe('number')
  })

  it.each<[string, (reader: CborReader) => unknown]>([
    ['a field that is not there', ({ readInteger }) => readInteger(undefined, 0, 1, 'part')],
    ['a number below', ({ readInteger }) => readInteger(0, 1, 9, 'part')],
    ['a number above', ({ readInteger }) => readInteger(10, 1, 9, 'part')],
    ['a number beyond the safe ones', ({ readInteger }) => readInteger(2n ** 60n, 0, 2 ** 62, 'part')],
    ['too few bytes', ({ readBytes }) => readBytes(new Uint8Array(1), 2, 3, 'part')],
    ['too many bytes', ({ readBytes }) => readBytes(new Uint8Array(4), 2, 3, 'part')],
    ['a text for bytes', ({ readBytes }) => readBytes('ab', 2, 3, 'part')],
    ['a short hash', ({ readHash }) => readHash(new Uint8Array(31), 'part')],
    ['a long signature', ({ readSignature }) => readSignature(new Uint8Array(65), 'part')],
    ['a number for a flag', ({ readBoolean }) => readBoolean(1, 'part')],
    ['a row that is longer', ({ readRow }) => readRow([1, 2, 3], 2, 'part')],
    ['a row that is shorter', ({ readRow }) => readRow([1], 2, 'part')],
    ['a map for a row', ({ readRow }) => readRow(new Map(), 0, 'part')],
    ['a row for a map', ({ readMap }) => readMap([], 'part')],
    ['bytes for a text', ({ readText }) => readText(new Uint8Array(1), 3, 'part')],
    ['a text of more characters', ({ readText }) => readText('abcd', 3, 'part')],
    ['bytes that are no UTF-8', ({ readUtf8 }) => readUtf8(Uint8Array.of(0xff), 4, 'part')],
    ['a text that is too long', ({ readUtf8 }) => readUtf8(new Uint8Array(5), 4, 'part')],
  ])('refuses %s, and names the part', (_, work) => {
    expect(refusalOf(() => work(read))).toBe('part')
  })

  it('refuses bytes that are not canonical, and more of them than it was told, with the cause', () => {
    expect(refusalOf(() => read.readCbor(Uint8Array.of(0x18, 1), 16, 'part'))).toMatch(/^part: malformed CBOR/)
    expect(refusalOf(() => read.readCbor(new Uint8Array(17), 16, 'part'))).toBe('part: 17 bytes, at most 16')
  })

  it('never throws anything else, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        refusalOf(() => read.readCbor(bytes, 64, 'part'))
      }),
    )
  })
})
