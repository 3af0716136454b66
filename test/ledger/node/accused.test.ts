/** A validator that kept to the rules and looks as if it had not, in running nodes: a lying proposer makes it so. */
import { describe, expect, it } from 'vitest'
import { toHex } from '../../../src/base/index.ts'
import { type ChainMessage, encodeMessage } from '../../../src/chain/blocks/messages.ts'
import { claimBytes, voteBytes } from '../../../src/chain/blocks/signing.ts'
import { type Proposal, proposerOf, ResultCode, type Vote } from '../../../src/chain/index.ts'
import { networkNodes, type RunningChain } from '../../../src/ledger/index.ts'
import { encodeLedgerRequest, LedgerRequestKind } from '../../../src/ledger/node/messages.ts'
import { LinkedWorld } from './linked-world.ts'

const ACCUSATION = 3
const ANSWER = 4
const HEIGHT = 6

/**
 * Three rounds of one height. In the first one the victim alone sees a quorum of prevotes for X, precommits it and is locked. In the second one a
 * quorum prevotes Y, which frees the victim; nobody hears that it precommitted Y, and so Y is not decided. In the third one the proposer claims Y as
 * if it were new.
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
  let isLying = false

  /** What the liar says to all others. */
  function lie(message: ChainMessage): void {
    const body = encodeLedgerRequest({ kind: LedgerRequestKind.CHAIN, chainId, body: encodeMessage(chainId, message) })
    for (const to of [first, second, victim]) void world.nodes[to]!.ledgers.handle(world.peers[liar]!, body)
  }

  /** It precommits nothing in the second round, so that this ends soon: Y is too old for a new block after two seconds. */
  function lieOf(block: Proposal['block']): void {
    isLying = true
    const { voting } = world.nodes[liar]!
    const signer = voting.publicKey
    const none = { kind: 'precommit', height: HEIGHT, round: 1, blockId: undefined } as const
    lie({ type: 'votes', votes: [{ ...none, signer, signature: voting.sign(voteBytes(chainId, none)) }] })
    const claim = { height: HEIGHT, round: 2, validRound: -1, blockId: block.id }
    const signed = { ...claim, signer, signature: voting.sign(claimBytes(chainId, claim)) }
    world.clock.after(1_600, () => lie({ type: 'proposal', proposal: { claim: signed, block, proof: undefined } }))
  }

  /** Whether a vote reaches somebody. */
  function arrives(vote: Vote, to: number): boolean {
    const by = signerOf(vote)
    if (vote.height !== HEIGHT || by === to) return true
    if (vote.round === 0 && vote.kind === 'prevote') return to === victim || by !== (to === first ? second : first)
    if (vote.round !== 1) return vote.round < 2 || by !== liar
    if (vote.kind === 'prevote') return to !== liar || by !== first
    if (by === victim && y !== undefined && !isLying) lieOf(y)
    return by !== victim && (by !== first || to !== victim)
  }

  function proposed(proposal: Proposal, to: number): boolean {
    const { height, round } = proposal.claim
    if (height !== HEIGHT) return true
    if (round === 1) y = proposal.block
    return round === 0 ? to !== liar : round === 1
  }

  world.onTheWay = (chain: RunningChain, _from: number, to: number, message: ChainMessage) => {
    if (chain.name !== 'root') return message
    if (message.type === 'proposal') return proposed(message.proposal, to) ? message : undefined
    if (message.type !== 'votes') return message
    const votes = message.votes.filter((vote) => arrives(vote, to))
    return votes.length === 0 ? undefined : { ...message, votes }
  }
  return { victim, first, second, liar }
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
