import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/chain/limits.ts'
import { decodeRecord, earlierVotes, encodeRecord, guard, type VoteRecord } from '../../../src/chain/machine/guard.ts'
import { sha256 } from '../../../src/crypto/index.ts'
import { NOW, One } from '../one.ts'

const digest = (n: number) => sha256(Uint8Array.of(n))

describe('the sign guard', () => {
  const record: VoteRecord = {
    height: 5,
    round: 2,
    signed: [{ step: 'prevote', digest: digest(1), signature: new Uint8Array(64).fill(7) }],
    ids: [undefined],
    earlier: [],
    proposed: undefined,
    locked: undefined,
    valid: undefined,
  }

  it.each([
    [4, 9, 'precommit', 1, 'refuse'],
    [5, 1, 'precommit', 1, 'refuse'],
    [5, 2, 'propose', 1, 'refuse'],
    [5, 2, 'prevote', 2, 'refuse'],
    [5, 2, 'prevote', 1, 'repeat'],
    [5, 2, 'precommit', 2, 'sign'],
    [5, 3, 'propose', 2, 'sign'],
    [6, 0, 'propose', 2, 'sign'],
  ] as const)('at height %d, round %d, %s of content %d: %s', (height, round, step, content, verdict) => {
    expect(guard(record, height, round, step, digest(content)).kind).toBe(verdict)
  })

  it('gives out the identical signature again', () => {
    expect(guard(record, 5, 2, 'prevote', digest(1))).toMatchObject({ signature: record.signed[0]!.signature })
  })

  it('holds everything back until the disk has it', () => {
    const one = new One(4, 0)
    one.autoPersist = false
    one.propose(one.block(1))
    expect(one.effects.map(({ kind }) => kind)).toContain('persistVote')
    expect(one.said).toEqual([])
    expect(one.state.log.round(0).votes.prevote.voters).toBe(0)
    const persist = one.effects.find(({ kind }) => kind === 'persistVote') as { token: number }
    one.event({ kind: 'persisted', token: persist.token })
    expect(one.said).toEqual(['prevote 0 block'])
    expect(one.state.log.round(0).votes.prevote.voters).toBe(1)
  })
})

describe('a validator that comes back', () => {
  function crashed(until: (one: One) => void): { before: One; after: One } {
    const before = new One(4, 0)
    until(before)
    const bytes = encodeRecord(before.state.record!)
    const after = new One(4, 0, { remembered: { snapshot: undefined, blocks: [], record: decodeRecord(bytes) } })
    return { before, after }
  }

  it('sends what it had signed again, to the bit', () => {
    const { before, after } = crashed((one) => one.propose(one.block(1)))
    const votes = (one: One) =>
      one.effects.flatMap((effect) =>
        effect.kind === 'send' && effect.message.type === 'votes' ? effect.message.votes : [],
      )
    expect(votes(after)).toEqual(votes(before))
  })

  it('tells its votes of earlier rounds of the height again: others may still wait for them there', () => {
    const { before, after } = crashed((one) => {
      one.propose(one.block(1))
      one.votes('prevote', [1, 2], undefined)
      one.timeout('prevote')
      one.votes('precommit', [1, 2], undefined)
      one.timeout('precommit')
      one.timeout('propose')
    })
    expect(before.said).toEqual(['prevote 0 block', 'precommit 0 nil', 'prevote 1 nil'])
    expect(after.said).toEqual(before.said)
    expect(after.state.log.round(0).votes.precommit.voters).toBe(1)
  })

  it('remembers earlier votes of so many rounds, and of this height only', () => {
    const one = new One(4, 0)
    for (let round = 0; round < limits.ROUNDS_KEPT + 3; round++) {
      one.timeout('propose')
      one.votes('prevote', [1, 2], undefined, round)
      one.votes('precommit', [1, 2], undefined, round)
      one.timeout('precommit')
    }
    one.timeout('propose')
    const record = decodeRecord(encodeRecord(one.state.record!))
    expect(record).toEqual(one.state.record)
    expect(record.earlier.length).toBeGreaterThan(limits.ROUNDS_KEPT)
    expect(record.earlier[0]!.round).toBe(record.round - limits.ROUNDS_KEPT + 1)
    expect(earlierVotes(record, record.height + 1, 0)).toEqual([])
  })

  it('does not vote for another block of that round', () => {
    const { after } = crashed((one) => one.propose(one.block(1)))
    after.propose(after.block(2))
    expect(after.said).toEqual(['prevote 0 block'])
    expect(after.state.round).toBe(0)
    expect(after.state.step).toBe('prevote')
  })

  it('still has its lock', () => {
    const { after } = crashed((one) => {
      const block = one.block(1)
      one.propose(block)
      one.votes('prevote', [1, 2], block.id)
    })
    expect(after.said).toEqual(['prevote 0 block', 'precommit 0 block'])
    after.votes('precommit', [1, 2], undefined)
    after.timeout('precommit')
    after.propose(after.block(2), 1)
    expect(after.said).toContain('prevote 1 nil')
  })

  it('proposes the same block again, though other things wait by now', () => {
    const before = new One(4, 1)
    before.event({ kind: 'submit', transaction: before.block(7).transactions[0]! })
    before.timeout('start')
    const record = decodeRecord(encodeRecord(before.state.record!))
    const after = new One(4, 1, { remembered: { snapshot: undefined, blocks: [], record } })
    after.now = NOW + 5
    const proposals = (one: One) =>
      one.effects.flatMap((effect) =>
        effect.kind === 'send' && effect.message.type === 'proposal' ? [effect.message] : [],
      )
    expect(proposals(after)[0]).toEqual(proposals(before)[0])
  })
})
