import { describe, expect, it } from 'vitest'
import { fromHex } from '../../../src/base/index.ts'
import { lightRules } from '../../../src/chain/index.ts'
import { linksOf, linkVote } from '../../../src/peer/ledger/links.ts'
import type { LedgerSide } from '../../../src/peer/ledger/side.ts'
import { scheme } from '../../chain/one.ts'
import { DONE } from '../../ledger/modules/admission-world.ts'
import { payloadOf, relinkingScene } from '../../ledger/node/relinking-scene.ts'

const never = new AbortController().signal

function scene() {
  const world = relinkingScene()
  const { root, running } = world
  const side = (trusted = world.other) =>
    ({
      clock: { now: root.now },
      rules: lightRules(scheme),
      ledgers: {
        chains: [running.genesis, ...world.all],
        runningOf: (id: Uint8Array) => (id === running.genesis.chainId ? running : undefined),
      },
      follower: world.followerOf(trusted),
    }) as unknown as LedgerSide
  return { ...world, side, chain: running.genesis }
}

describe('a vote on a link, of a node that is no validator', () => {
  it('is where the link begins anew, as the status says that it must', async () => {
    const { root, side, chain, linked } = scene()
    expect(await linksOf(side(), chain, never)).toMatchObject([
      { chain: 'p2p', height: 100, over: true, forked: false },
    ])
    for (const member of root.members.slice(0, 3)) {
      const vote = await linkVote(side(), chain, 'p2p', never)
      expect(vote).toMatchObject({ chain: 'root', of: 'p2p', state: 'over', height: 100, at: 300 })
      expect(root.codes([member, payloadOf(fromHex(vote.payload!))])).toEqual([DONE])
    }
    expect(linked()).toMatchObject({ size: 300 })
    expect(await linkVote(side(), chain, 'p2p', never)).toMatchObject({ state: 'linked', at: 300, payload: null })
    expect(await linksOf(side(), chain, never)).toMatchObject([{ height: 300, over: false }])
  })

  it('is none at a checkpoint that this node does not trust, nor of a chain that is not to be linked', async () => {
    const { other, side, chain } = scene()
    const fork = other.fork(200).grow(other.height - 200, { stateRoot: new Uint8Array(32).fill(6) })
    await expect(linkVote(side(fork), chain, 'p2p', never)).rejects.toMatchObject({ code: 'LEDGER_UNPROVEN' })
    await expect(linkVote(side(), chain, 'com', never)).rejects.toMatchObject({ code: 'USAGE' })
    await expect(linkVote(side(), chain, null, never)).rejects.toMatchObject({ code: 'USAGE' })
  })
})
