import { describe, expect, it } from 'vitest'
import { encodeResult, setRoot, transactionId } from '../../../src/chain/index.ts'
import { limits } from '../../../src/ledger/limits.ts'
import { OutcomeMemory } from '../../../src/ledger/node/outcome-memory.ts'
import { SetBook } from '../../../src/ledger/node/set-book.ts'
import { createMemoryDisk, seededRandom } from '../../../src/sim/index.ts'
import { people } from '../../chain/one.ts'

const number = (n: number) => new Uint8Array([n >> 16, n >> 8, n])
const done = encodeResult({ code: 0, fee: 0, detail: new Uint8Array() })

describe('what a node remembers of transactions', () => {
  it('is bounded: the oldest goes, the newest stay', () => {
    const memory = new OutcomeMemory()
    const count = limits.MAX_OUTCOMES + 10
    for (let n = 0; n < count; n++) memory.note(n + 1, [number(n)], [done])
    const known = (n: number) => memory.of(transactionId(number(n)))
    expect(known(9)).toBeUndefined()
    expect(known(10)).toMatchObject({ height: 11 })
    expect(known(count - 1)).toMatchObject({ height: count, result: { code: 0 } })
  })
})

describe('what a node remembers of a full block', () => {
  it('has all of it, and the block before', () => {
    const memory = new OutcomeMemory()
    const block = (height: number) => Array.from({ length: 4_096 }, (_, n) => Uint8Array.of(height, n >> 8, n & 255))
    const marks = block(0).map((_, n) => encodeResult({ code: n % 9, fee: 0, detail: new Uint8Array() }))
    for (const height of [1, 2, 3]) memory.note(height, block(height), marks)
    expect(memory.of(transactionId(Uint8Array.of(3, 15, 255)))).toMatchObject({ height: 3, result: { code: 0 } })
    expect(memory.of(transactionId(Uint8Array.of(2, 0, 5)))).toMatchObject({ height: 2, result: { code: 5 } })
    expect(memory.of(transactionId(Uint8Array.of(1, 0, 5)))).toBeUndefined()
    expect(memory.of(new Uint8Array(5))).toBeUndefined()
  })
})

describe('sets of validators by their root', () => {
  it('come back as they were, the largest that a chain may have too, and each chain has its own', () => {
    const store = createMemoryDisk({ random: seededRandom(1) }).open()
    const { validators } = people(100)
    const book = new SetBook(new Uint8Array(32), store)
    book.note(validators)
    expect(book.of(setRoot(validators))).toEqual(validators)
    expect(book.of(new Uint8Array(32))).toBeUndefined()
    expect(new SetBook(new Uint8Array(32).fill(1), store).of(setRoot(validators))).toBeUndefined()
  })
})
