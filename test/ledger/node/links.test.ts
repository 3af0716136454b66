import { describe, expect, it } from 'vitest'
import { toHex } from '../../../src/base/index.ts'
import { blockIdOf } from '../../../src/chain/blocks/blocks.ts'
import { voteBytes } from '../../../src/chain/blocks/signing.ts'
import {
  checkpointText,
  cosign,
  encodeConflict,
  encodeFollowRequest,
  encodeNote,
  ResultCode,
} from '../../../src/chain/index.ts'
import { sha256 } from '../../../src/crypto/index.ts'
import { forkOf, networkNodes } from '../../../src/ledger/index.ts'
import { LinkedWorld } from './linked-world.ts'

const LINK = 1
const NOTE_FORK = 2
const LINK_CHAIN = 5
const TWO_NOTES = 6
const HEADER_FORK = 8

/** A hundred blocks of both chains take a while: the second test goes on where the first one ended. */
const linked = LinkedWorld.open().then(async (world) => {
  await world.run(2_100)
  return world
})

describe('the chains of a ledger', { timeout: 120_000 }, () => {
  it('are linked both ways by their validators, one of whom sends each link', async () => {
    const world = await linked
    expect(world.linked('p2p', 'root')).toMatchObject({ size: 100, isForked: false })
    expect(world.linked('root', 'p2p')).toMatchObject({ size: 100, isForked: false })
    for (const name of ['root', 'p2p']) {
      expect(world.sent(name, LINK).map(({ code }) => code)).toEqual([ResultCode.DONE])
      // More than half of the nodes say that it begins; the fourth may be in the same block.
      expect(world.sent(name, LINK_CHAIN).length).toBeGreaterThanOrEqual(3)
    }
    expect(world.broken).toEqual([])
  })
})

describe('a chain whose validators cosigned two histories', { timeout: 120_000 }, () => {
  it('is linked no more by the other chain, and those who cosigned both are nodes no more', async () => {
    const world = await linked
    expect(world.linked('p2p', 'root')).toMatchObject({ size: 100, isForked: false })
    const liars = [0, 1, 2]
    const text = checkpointText({ origin: world.origin('p2p'), size: 100, root: sha256(Uint8Array.of(6)) })
    const seconds = Math.floor(world.clock.now() / 1_000)
    const signatures = liars.map((index) => {
      const { voting, memberId } = world.nodes[index]!
      return cosign(voting, memberId, text, seconds)
    })
    const { chainId } = world.genesisOf('p2p')
    const note = encodeNote({ text, signatures })
    // Shown to the honest one alone, as to any validator that collects cosignatures.
    world.nodes[3]!.server.answer(world.peers[0]!, encodeFollowRequest({ kind: 'checkpoint', chainId, note }))
    await world.run(400)
    expect(world.linked('p2p', 'root')).toMatchObject({ size: 100, isForked: true })
    const ids = liars.map((index) => toHex(world.nodes[index]!.memberId)).sort()
    const fork = world.read('root', (state) => forkOf(state, world.origin('p2p')))
    expect(fork?.signers.map((id) => toHex(id)).sort()).toEqual(ids)
    expect(world.sent('root', NOTE_FORK).map(({ code }) => code)).toEqual([ResultCode.DONE])
    // On its own chain: no seat and no vote, from then on.
    expect(world.sent('p2p', TWO_NOTES).map(({ code }) => code)).toEqual([ResultCode.DONE])
    const left = world.read('p2p', networkNodes).map(({ account }) => toHex(account))
    expect(left).toEqual([toHex(world.nodes[3]!.account.publicKey)])
    expect(
      world
        .chain(3, 'p2p')
        .status()
        .validators.map(({ id }) => toHex(id)),
    ).toEqual([toHex(world.nodes[3]!.memberId)])
    // The other chain's nodes are another matter: nobody signed two things there.
    expect(world.read('root', networkNodes)).toHaveLength(4)
    expect(world.broken).toEqual([])
  })
})

describe('a chain of which a node was shown two headers that contradict each other', { timeout: 120_000 }, () => {
  it('is linked no more by the other chain, and on its own those who signed both are nodes no more', async () => {
    const world = await linked
    expect(world.linked('root', 'p2p')).toMatchObject({ isForked: false })
    const { chainId } = world.genesisOf('root')
    const chain = world.chain(3, 'root')
    const first = chain.chain.header(90)!
    const firstSet = chain.served.headers.set(first.header.validatorsHash)!
    const header = { ...first.header, stateRoot: sha256(Uint8Array.of(6)) }
    const blockId = blockIdOf(header)
    const { height, round } = first.certificate
    const bytes = voteBytes(chainId, { kind: 'precommit', height, round, blockId })
    const liars = first.certificate.signatures.map(({ index }) => firstSet[index]!.id)
    const signatures = first.certificate.signatures.map(({ index }) => {
      const by = world.nodes.find(({ memberId }) => toHex(memberId) === toHex(firstSet[index]!.id))!
      return { index, signature: by.voting.sign(bytes) }
    })
    const second = { header, certificate: { ...first.certificate, blockId, signatures } }
    const conflict = encodeConflict({ first, second, firstSet, secondSet: firstSet, older: undefined })
    expect(world.nodes[3]!.follower.show(chainId, conflict)).toBe(true)
    await world.run(600)
    expect(world.linked('root', 'p2p', 3)).toMatchObject({ isForked: true })
    const fork = world.read('p2p', (state) => forkOf(state, world.origin('root')), 3)
    expect(fork?.signers.map((id) => toHex(id)).sort()).toEqual(liars.map((id) => toHex(id)).sort())
    expect(world.sent('p2p', HEADER_FORK, 3).map(({ code }) => code)).toEqual([ResultCode.DONE])
    const left = world.read('root', networkNodes, 3).map(({ account }) => toHex(account))
    expect(left).toHaveLength(4 - liars.length)
    expect(world.broken).toEqual([])
  })
})
