/** Whoever signs two different things for one place of a chain is known to all members for it. */
import { afterEach, describe, expect, it } from 'vitest'
import { voteBytes } from '../../../src/chain/blocks/signing.ts'
import type { ChainEquivocation, Vote } from '../../../src/chain/index.ts'
import { decodeChainsReply, encodeChainsRequest } from '../../../src/chunk-chains/run/messages.ts'
import { type ChainsWorld, createChainsWorld, type Replica } from '../world.ts'

let world: ChainsWorld
afterEach(() => world.stop())

const chainId = new Uint8Array(32).fill(7)

function vote({ signer }: Replica, block: number, round = 0): Vote {
  const content = { kind: 'precommit' as const, height: 3, round, blockId: new Uint8Array(32).fill(block) }
  return { ...content, signer: signer.publicKey, signature: signer.sign(voteBytes(chainId, content)) }
}

const tell = (to: Replica, from: Replica, evidence: ChainEquivocation) =>
  decodeChainsReply(to.chains.handle(from.member.peer, encodeChainsRequest({ kind: 'evidence', evidence })))

describe('evidence that a replica has signed twice', () => {
  it('goes from the one that has it to all, each of whom checks it and knows of it once', async () => {
    world = createChainsWorld(5)
    const [first, second, ...others] = world.replicas as [Replica, Replica, ...Replica[]]
    const liar = others.at(-1)!
    const evidence = { kind: 'votes', chainId, first: vote(liar, 1), second: vote(liar, 2) } as const
    expect(tell(first, second, evidence)).toEqual({ kind: 'ack' })
    await world.pass(1_000)
    for (const replica of world.replicas.slice(0, 4)) expect(replica.accuses).toEqual([liar.signer.publicKey])
    tell(first, second, evidence)
    expect(first.accuses).toHaveLength(1)
  })

  it('that is none accuses nobody, and is refused', async () => {
    world = createChainsWorld(4)
    const [first, second, honest] = world.replicas as [Replica, Replica, Replica]
    const forged = { ...vote(honest, 2), signature: new Uint8Array(64).fill(1) }
    for (const two of [
      { first: vote(honest, 1), second: vote(honest, 1) },
      { first: vote(honest, 1), second: vote(honest, 2, 1) },
      { first: vote(honest, 1), second: forged },
      { first: vote(honest, 1), second: vote(second, 2) },
    ])
      expect(tell(first, second, { kind: 'votes', chainId, ...two })).toEqual({ kind: 'refused' })
    await world.pass(1_000)
    for (const { accuses } of world.replicas) expect(accuses).toEqual([])
  })
})
