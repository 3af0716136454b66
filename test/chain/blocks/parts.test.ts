import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  bareFromValue,
  bareToValue,
  blockFromValue,
  blockToValue,
  makeBlock,
  ZERO_HASH,
} from '../../../src/chain/blocks/blocks.ts'
import { PartialBlock } from '../../../src/chain/blocks/partial.ts'
import {
  type BlockPart,
  BlockParts,
  bareOf,
  isInline,
  isPartOf,
  partFromValue,
  partToValue,
} from '../../../src/chain/blocks/parts.ts'
import { limits } from '../../../src/chain/limits.ts'
import { decodeCanonical, encodeCanonical, sha256 } from '../../../src/crypto/index.ts'
import { chainId, NOW } from '../one.ts'

const hash = (n: number) => sha256(Uint8Array.of(n))

function blockOf(transactions: readonly Uint8Array[]) {
  return makeBlock(
    {
      chainId,
      height: 1,
      time: NOW,
      proposer: hash(1),
      previousId: ZERO_HASH,
      stateRoot: hash(2),
      validatorsHash: hash(3),
      nextValidatorsHash: hash(4),
      extension: new Uint8Array(),
      ledger: {
        afterValidatorsRoot: hash(5),
        resultsRoot: hash(6),
        historyRoot: hash(7),
        rules: 1,
        nextRules: undefined,
      },
    },
    transactions,
    undefined,
  )
}

const transactionOf = (size: number, i: number) => {
  const bytes = new Uint8Array(Math.max(4, size)).fill(i)
  new DataView(bytes.buffer).setUint32(0, i)
  return bytes
}
const anySizes = fc.array(fc.integer({ min: 0, max: 9_000 }), { minLength: 1, maxLength: 60 })

describe('a block in parts', () => {
  it('is whole again from its parts in any order, each of which fits into a message and is proven by itself', () => {
    fc.assert(
      fc.property(anySizes, fc.infiniteStream(fc.nat()), (sizes, order) => {
        const block = blockOf(sizes.map(transactionOf))
        const parts = [...new BlockParts(block.transactions).all()]
        const partial = new PartialBlock(bareFromValue(bareToValue(block)))
        const left = [...parts]
        while (left.length > 0) {
          expect(partial.whole()).toBeUndefined()
          const [part] = left.splice(order.next().value! % left.length, 1)
          const bytes = encodeCanonical(partToValue(part!))
          expect(bytes.length).toBeLessThan(limits.MAX_MESSAGE_BYTES - 200)
          expect(partial.take(partFromValue(decodeCanonical(bytes, { maxBytes: 70_000 })))).toBe('new')
          expect(partial.take(part!)).toBe('known')
        }
        expect(encodeCanonical(blockToValue(partial.whole()!))).toEqual(encodeCanonical(blockToValue(block)))
      }),
      { numRuns: 50 },
    )
  })

  it('takes no part of another block, place or number', () => {
    const block = blockOf(Array.from({ length: 7 }, (_, i) => transactionOf(30_000, i)))
    const [first, second, third] = [...new BlockParts(block.transactions).all()] as [BlockPart, BlockPart, BlockPart]
    const wrong: BlockPart[] = [
      { ...first, count: 6 },
      { ...first, count: 8 },
      { ...second, from: 2 },
      { ...second, transactions: first.transactions },
      { ...second, path: second.path.slice(1) },
      { ...second, path: [...second.path, second.path[0]!] },
      { ...second, transactions: [] },
      { ...third, from: 1 },
    ]
    for (const part of wrong) {
      expect(isPartOf(block.header, part)).toBe(false)
      expect(new PartialBlock(bareOf(block)).take(part)).not.toBe('new')
    }
    // The tree alone would show leaf 2 of 3 as leaf 1 of 2.
    const three = blockOf([transactionOf(4, 0), transactionOf(4, 1), transactionOf(4, 2)])
    const last = new BlockParts(three.transactions).from(2)!
    expect(isPartOf(three.header, last)).toBe(true)
    expect(isPartOf(three.header, { ...last, from: 1, count: 2 })).toBe(false)
  })

  it('asks for what is missing at several places', () => {
    const block = blockOf(Array.from({ length: 40 }, (_, i) => transactionOf(30_000, i)))
    const partial = new PartialBlock(bareOf(block))
    const parts = new BlockParts(block.transactions)
    expect(partial.missing(8)).toEqual([0])
    partial.take(parts.from(5)!)
    const asked = partial.missing(8)
    expect(asked).toHaveLength(8)
    expect(asked).not.toContain(5)
    for (let i = 0; i < 100 && partial.whole() === undefined; i++)
      for (const from of partial.missing(8)) partial.take(parts.from(from)!)
    expect(partial.whole()?.transactions).toHaveLength(40)
  })

  it('can be as large as 2 MiB, and is read and written as a whole then; a larger one is refused', () => {
    const block = blockOf(Array.from({ length: 64 }, (_, i) => transactionOf(32_768, i)))
    expect(isInline(block)).toBe(false)
    const bytes = encodeCanonical(blockToValue(block))
    expect(bytes.length).toBeGreaterThan(2 * 1024 * 1024)
    expect(blockFromValue(decodeCanonical(bytes, { maxBytes: 3_000_000 })).id).toEqual(block.id)
    const larger = encodeCanonical(blockToValue(blockOf([...block.transactions, transactionOf(4, 99)])))
    expect(() => blockFromValue(decodeCanonical(larger, { maxBytes: 3_000_000 }))).toThrow(/do not belong together/)
  })
})
