/** Votes of one kind in one round: `src/chain/machine/log.ts`. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { VoteSet } from '../../../src/chain/machine/log.ts'
import type { Vote } from '../../../src/chain/types.ts'

const SIZE = 100

function voteOf(index: number, block: number): Vote {
  const bytes = (first: number, length: number) => Uint8Array.from({ length }, (_, i) => (i === 0 ? first : index))
  return {
    kind: 'prevote',
    height: 1,
    round: 0,
    blockId: block === 0 ? undefined : bytes(block, 32),
    signer: bytes(index, 32),
    signature: bytes(block, 64),
  }
}

const someVotes = fc.array(fc.tuple(fc.nat(SIZE - 1), fc.nat(2)), { maxLength: 150 })

function setOf(votes: readonly (readonly [number, number])[]): VoteSet {
  const set = new VoteSet()
  for (const [index, block] of votes) set.add(index, voteOf(index, block))
  return set
}

describe('votes that a peer lacks', () => {
  it('are all of those whose bit it has not set', () => {
    fc.assert(
      fc.property(someVotes, someVotes, (ours, theirs) => {
        const [set, other] = [setOf(ours), setOf(theirs)]
        const missing = set.without(other.bitmap(SIZE))
        const meant = Array.from({ length: SIZE }, (_, index) => (other.has(index) ? [] : set.of(index))).flat()
        expect(new Set(missing)).toEqual(new Set(meant))
        expect(missing).toHaveLength(meant.length)
      }),
      { numRuns: 30 },
    )
  })

  it('are all votes where the bits are too few', () => {
    const set = setOf([
      [3, 1],
      [99, 2],
    ])
    expect(set.without(new Uint8Array())).toHaveLength(2)
    expect(set.without(set.bitmap(SIZE))).toEqual([])
  })
})
