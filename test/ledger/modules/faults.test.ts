/** Faults that a transaction shows to the chain: broken locks, their answers, two notes of one size. */
import { describe, expect, it } from 'vitest'
import { claimBytes } from '../../../src/chain/blocks/signing.ts'
import {
  checkpointText,
  consistencyProof,
  cosign,
  encodeBrokenLock,
  encodeLockAnswer,
  encodeNote,
  encodeTwoNotes,
  historyRoot,
} from '../../../src/chain/index.ts'
import { faultState, networkNodes } from '../../../src/ledger/index.ts'
import { chainId } from '../../chain/one.ts'
import { DONE, MALFORMED, NOT_ALLOWED, TAKEN } from './admission-world.ts'
import { accused, faultsWorld, HOUR, payloadOf, prevotes, voteOf, X, Y, ZERO } from './faults-world.ts'

describe('an accusation of a broken lock', () => {
  it('removes its accused after two days in which nobody answered', () => {
    const { chain, payload, liar, id } = accused()
    const [a, b] = chain.members
    expect(chain.codes([a, payload])).toEqual([DONE])
    const asked = { memberId: liar.id, charges: [id], accused: [{ id: liar.id, height: 2 }] }
    expect(faultState(chain.state(), asked)).toMatchObject({
      againstUs: [{ height: 2 }],
      isKnown: [true],
      isNode: [true],
    })
    expect(chain.codes([b, payload])).toEqual([TAKEN])
    chain.block([], { afterMs: 47 * HOUR })
    expect(networkNodes(chain.state())).toHaveLength(4)
    chain.block([], { afterMs: 2 * HOUR })
    expect(networkNodes(chain.state())).toHaveLength(3)
    expect(faultState(chain.state(), asked)).toMatchObject({ againstUs: [], isKnown: [true], isNode: [false] })
    chain.pass(2)
    expect(chain.validators().some((one) => one.id.join() === liar.id.join())).toBe(false)
  })

  it('is void when a quorum of prevotes in between is shown, and does not come again', () => {
    const { chain, payload, id } = accused()
    const [a, b, c] = chain.members
    chain.codes([a, payload])
    const answer = payloadOf(
      encodeLockAnswer({ id, validators: chain.set, certificate: prevotes(chain.signers, 2, 1, Y) }),
    )
    expect(chain.codes([b, answer])).toEqual([DONE])
    expect(chain.codes([c, answer], [a, payload])).toEqual([TAKEN, TAKEN])
    chain.block([], { afterMs: 49 * HOUR })
    expect(networkNodes(chain.state())).toHaveLength(4)
  })

  it('is not answered by prevotes of too few, of another round, block, height or set, nor by precommits', () => {
    const { chain, payload, id } = accused()
    const [a, b] = chain.members
    chain.codes([a, payload])
    const { signers, set } = chain
    const good = { id, validators: set, certificate: prevotes(signers, 2, 1, Y) }
    const precommits = signers
      .slice(0, 3)
      .map((by, index) => ({ index, signature: voteOf(by, 'precommit', 2, 1, Y).signature }))
    const bad = [
      { ...good, certificate: prevotes(signers, 2, 1, Y, 2) },
      { ...good, certificate: prevotes(signers, 2, 2, Y) },
      { ...good, certificate: prevotes(signers, 2, 1, X) },
      { ...good, certificate: prevotes(signers, 3, 1, Y) },
      { ...good, certificate: { ...good.certificate, signatures: precommits } },
      { ...good, validators: set.slice(1) },
      { ...good, id: ZERO },
    ]
    for (const one of bad) expect(chain.codes([b, payloadOf(encodeLockAnswer(one))])).toEqual([NOT_ALLOWED])
    expect(chain.codes([b, payloadOf(encodeLockAnswer(good))])).toEqual([DONE])
  })

  it('is refused when it shows none, is of no header of this chain, or is of long ago', () => {
    const { chain, lock } = accused()
    const [a] = chain.members
    const refused = (change: Partial<typeof lock>) =>
      expect(chain.codes([a, payloadOf(encodeBrokenLock({ ...lock, ...change }))])).toEqual([NOT_ALLOWED])
    const { accusation, at } = lock
    const { signers, set } = chain
    refused({ accusation: { ...accusation, second: voteOf(signers[1]!, 'prevote', 2, 2, X) } })
    refused({ accusation: { ...accusation, first: voteOf(signers[2]!, 'precommit', 2, 0, X) } })
    // Who says what the proposer claimed must be the proposer.
    const claim = { height: 2, round: 2, validRound: -1, blockId: Y }
    const signature = signers[3]!.sign(claimBytes(chainId, claim))
    refused({ accusation: { ...accusation, claim: { ...claim, signer: signers[3]!.publicKey, signature } } })
    refused({ at: chain.setAt(3) })
    refused({ at: { ...at, path: [] } })
    refused({ at: { ...at, validators: set.slice(1) } })
    refused({ at: { ...at, size: at.size + 40 } })
    expect(chain.codes([a, [3, 0]])).toEqual([MALFORMED])
    expect(chain.codes([a, payloadOf(encodeBrokenLock(lock))])).toEqual([DONE])
    const late = accused()
    late.chain.block([], { afterMs: 22 * 24 * HOUR })
    late.chain.codes()
    const of = { ...late.lock, at: late.chain.setAt(2) }
    expect(late.chain.codes([late.chain.members[0], payloadOf(encodeBrokenLock(of))])).toEqual([NOT_ALLOWED])
  })

  it('may go into one of the next blocks, up to sixty-four', () => {
    const { chain, payload } = accused()
    for (let i = 0; i < 60; i++) chain.codes()
    expect(chain.codes([chain.members[0], payload])).toEqual([DONE])
    const other = accused()
    for (let i = 0; i < 70; i++) other.chain.codes()
    expect(other.chain.codes([other.chain.members[0], other.payload])).toEqual([NOT_ALLOWED])
  })
})

describe('two notes of one size', () => {
  function pair(changes: { readonly otherRoot?: Uint8Array; readonly otherSigners?: readonly number[] } = {}) {
    const chain = faultsWorld()
    for (let i = 0; i < 5; i++) chain.codes()
    const { log, set, signers } = chain
    const at = chain.setAt(3)
    const rootAt3 = historyRoot({ size: 3, hashes: [log.hashes(1, 0)!, log.hashes(0, 2)!] })
    const noteOf = (root: Uint8Array, by: readonly number[]) => {
      const text = checkpointText({ origin: 'chordns/home/root', size: 3, root })
      return encodeNote({ text, signatures: by.map((i) => cosign(signers[i]!, set[i]!.id, text, 1)) })
    }
    const { otherRoot = X, otherSigners = [1, 2] } = changes
    const own = noteOf(rootAt3, [0, 1, 2])
    const other = noteOf(otherRoot, otherSigners)
    const notes = { own, other, proof: consistencyProof(log.hashes, 3, at.size)!, at }
    return { chain, notes, rootAt3 }
  }

  it('remove who cosigned both, at once', () => {
    const { chain, notes } = pair()
    const [a, b] = chain.members
    expect(chain.codes([a, payloadOf(encodeTwoNotes(notes))])).toEqual([DONE])
    expect(networkNodes(chain.state())).toHaveLength(2)
    expect(chain.codes([b, payloadOf(encodeTwoNotes(notes))]).every((code) => code !== DONE)).toBe(true)
  })

  it('are none when nobody cosigned both, when they are one, or when the first is not this chain’s', () => {
    for (const changes of [{ otherSigners: [3] }, { otherRoot: Y, otherSigners: [3] }]) {
      const { chain, notes } = pair(changes)
      expect(chain.codes([chain.members[0], payloadOf(encodeTwoNotes(notes))])).toEqual([NOT_ALLOWED])
    }
    const { chain, notes, rootAt3 } = pair()
    const [a] = chain.members
    const swapped = { ...notes, own: notes.other, other: notes.own }
    expect(chain.codes([a, payloadOf(encodeTwoNotes(swapped))])).toEqual([NOT_ALLOWED])
    const same = pair({ otherRoot: rootAt3 })
    expect(same.chain.codes([same.chain.members[0], payloadOf(encodeTwoNotes(same.notes))])).toEqual([NOT_ALLOWED])
  })
})
