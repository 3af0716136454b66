/** A validator that kept to the rules and looks as if it had not, in running nodes: a lying proposer makes it so. */
import { describe, expect, it } from 'vitest'
import { toHex } from '../../../src/base/index.ts'
import type { ChainMessage } from '../../../src/chain/blocks/messages.ts'
import { claimBytes } from '../../../src/chain/blocks/signing.ts'
import { type Proposal, proposerOf, ResultCode, type Vote } from '../../../src/chain/index.ts'
import { networkNodes, type RunningChain } from '../../../src/ledger/index.ts'
import { LinkedWorld } from './linked-world.ts'

const ACCUSATION = 3
const ANSWER = 4
const HEIGHT = 6

/**
 * Three rounds of one height. In the first one the victim alone sees a quorum of prevotes for X, precommits it and is locked. In the second one it
 * and one more see a quorum for Y, which frees the victim. In the third one the proposer claims Y, and does not say that a quorum prevoted it.
 */
function stage(world: LinkedWorld) {
  const { chainId } = world.genesisOf('root')
  const { validators } = world.chain(0, 'root').status()
  const nodeOf = (round: number) => {
    const { id } = proposerOf(validators, HEIGHT, round)
    return world.nodes.findIndex(({ memberId }) => toHex(memberId) === toHex(id))
  }
  const [first, second, liar, victim] = [0, 1, 2, 3].map(nodeOf) as [number, number, number, number]
  const signerOf = (vote: Vote) => world.nodes.findIndex(({ voting }) => toHex(voting.publicKey) === toHex(vote.signer))
  let y: Proposal['block'] | undefined

  function forged(): Proposal | undefined {
    if (y === undefined) return undefined
    const { voting } = world.nodes[liar]!
    const claim = { height: HEIGHT, round: 2, validRound: -1, blockId: y.id }
    const signature = voting.sign(claimBytes(chainId, claim))
    return { claim: { ...claim, signer: voting.publicKey, signature }, block: y, proof: undefined }
  }

  /** Whether a vote reaches somebody. */
  function arrives(vote: Vote, to: number): boolean {
    const by = signerOf(vote)
    if (vote.height !== HEIGHT || by === to) return true
    if (vote.round === 2) return by !== liar
    if (vote.kind === 'precommit') return true
    // One prevote is missing to a quorum for all but those who are to see one.
    if (vote.round === 0) return to === victim || by !== (to === first ? second : first)
    return to === victim || to === first || by !== first
  }

  function proposed(proposal: Proposal, to: number): Proposal | undefined {
    const { height, round } = proposal.claim
    if (height !== HEIGHT) return proposal
    if (round === 0) return to === liar ? undefined : proposal
    if (round === 1) y = proposal.block
    return round === 2 ? forged() : proposal
  }

  world.onTheWay = (chain: RunningChain, _from: number, to: number, message: ChainMessage) => {
    if (chain.name !== 'root') return message
    if (message.type === 'votes') {
      const votes = message.votes.filter((vote) => arrives(vote, to))
      return votes.length === 0 ? undefined : { ...message, votes }
    }
    if (message.type !== 'proposal') return message
    const proposal = proposed(message.proposal, to)
    return proposal && { ...message, proposal }
  }
  return { victim }
}

describe('a validator that is accused of a broken lock and broke none', { timeout: 120_000 }, () => {
  it('answers by itself with the prevotes that freed it, and stays what it was', async () => {
    const world = await LinkedWorld.open()
    const { victim } = stage(world)
    await world.run(300)
    expect(world.chain(0, 'root').status().height).toBeGreaterThan(HEIGHT + 3)
    // Those who heard it accuse it, by their duties.
    const accused = world.sent('root', ACCUSATION)
    expect(accused.filter(({ code }) => code === ResultCode.DONE)).toHaveLength(1)
    const answers = world.sent('root', ANSWER)
    expect(answers.map(({ account, code }) => [account, code])).toEqual([
      [toHex(world.nodes[victim]!.account.publicKey), ResultCode.DONE],
    ])
    expect(answers[0]!.height).toBeGreaterThan(accused[0]!.height)
    expect(world.read('root', networkNodes)).toHaveLength(4)
    expect(world.broken).toEqual([])
  })
})
