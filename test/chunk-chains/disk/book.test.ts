/** The book of chains on a disk that fails: it never says more than what is written. */
import { describe, expect, it } from 'vitest'
import { asChunkId, concatBytes, toHex } from '../../../src/base/index.ts'
import { ChainBook } from '../../../src/chunk-chains/disk/book.ts'
import { dataSections } from '../../../src/chunk-chains/disk/sections.ts'
import { type ChainDescriptor, replicaGroup } from '../../../src/chunk-chains/state/descriptor.ts'
import { ed25519Signer, sha256 } from '../../../src/crypto/index.ts'
import { createMemoryDisk, seededRandom, soundDisk } from '../../../src/sim/index.ts'

const members = ['a', 'b', 'c'].map((name) => {
  const { publicKey } = ed25519Signer(sha256(new TextEncoder().encode(name)))
  return { id: toHex(sha256(publicKey)), publicKey }
})
const descriptor: ChainDescriptor = {
  ...replicaGroup('home', { first: asChunkId(7), count: 1 }, 3, members),
  previous: undefined,
}

function table() {
  const faults = soundDisk()
  const { book: lines, blocks } = dataSections(createMemoryDisk({ random: seededRandom('book'), faults }).open())
  return { faults, lines, blocks, open: () => new ChainBook(lines, blocks) }
}

describe('the book of chains', () => {
  it('does not know a chain whose line could not be written', () => {
    const { faults, open } = table()
    const book = open()
    faults.failing = 1
    expect(() => book.add(descriptor)).toThrow()
    faults.failing = 0
    expect(book.size).toBe(0)
    expect(book.add(descriptor)).toBeDefined()
    expect(open().size).toBe(1)
  })

  it('still knows a chain whose line could not be deleted', () => {
    const { faults, open } = table()
    const book = open()
    const known = book.add(descriptor)!
    faults.failing = 1
    expect(() => book.remove(known)).toThrow()
    faults.failing = 0
    expect(book.ofGroup(known.group)).toEqual([known])
    book.remove(known)
    expect([book.size, open().size]).toEqual([0, 0])
  })

  it('says which blocks nothing names, and not those of a line that it cannot read', () => {
    const { lines, blocks, open } = table()
    const book = open()
    const known = book.add(descriptor)!
    const [stray, later] = [sha256(Uint8Array.of(1)), sha256(Uint8Array.of(2))]
    for (const chainId of [known.chainId, stray, later])
      blocks.batch([{ kind: 'put', key: concatBytes(chainId, new Uint8Array(9)), value: Uint8Array.of(0) }], {
        durable: false,
      })
    lines.batch([{ kind: 'put', key: concatBytes(Uint8Array.of(1), later), value: Uint8Array.of(0x80) }], {
      durable: false,
    })
    expect([...open().strays()].map(toHex)).toEqual([toHex(stray)])
  })
})
