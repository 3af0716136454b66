import { describe, expect, it } from 'vitest'
import { toHex } from '../../../src/base/index.ts'
import { governanceText } from '../../../src/cli/commands/ledger/governance-text.ts'
import {
  activatePayload,
  applications,
  encodeApplicationGenesis,
  GOVERNANCE,
  governance,
  type LedgerGenesis,
  type RunningChain,
  registries,
  tldVotePayload,
} from '../../../src/ledger/index.ts'
import { governanceView } from '../../../src/observe/index.ts'
import { governed as governanceOf } from '../../../src/peer/ledger/governing.ts'
import type { LedgerSide } from '../../../src/peer/ledger/side.ts'
import { DAY, type Governed, governed, remove } from '../../ledger/modules/governance/governed.ts'

/** Follows the chain: every key is proven by itself, so what is missing is read step by step. */
async function viewOf(chain: Governed, query = '', running?: Partial<RunningChain>) {
  const application = encodeApplicationGenesis({ modules: new Map([[GOVERNANCE, null]]), quotaADay: 1 })
  const genesis = { genesis: { name: 'root', application }, chainId: new Uint8Array(32) } as unknown as LedgerGenesis
  const header = { height: chain.height(), time: chain.now() }
  const prove = async (_: Uint8Array, keys: readonly Uint8Array[]) => {
    const values = keys.map((key) => chain.state().get(key))
    return { kind: 'proven', values, header, fresh: true, proof: new Uint8Array() }
  }
  const side = { ledgers: { runningOf: () => running }, follower: { prove } } as unknown as LedgerSide
  const found = await governanceOf(side, genesis, new URLSearchParams(query), new AbortController().signal)
  return governanceView.parse(found)
}

describe('what a node shows of the governance of a ledger', () => {
  it('is read by proofs, and has members, motions, and who was removed', async () => {
    const chain = governed()
    const [a, b, , , e] = chain.members
    chain.complain(chain.stranger, b!)
    chain.propose(chain.leader, remove(e!))
    chain.decide(1, e)
    chain.propose(a!, { kind: 'add', account: chain.stranger.publicKey, role: 'registry' })
    const view = await viewOf(chain)
    expect(view).toMatchObject({ height: chain.height(), isGoverned: true, rules: { complaints: 2 } })
    expect(view.members.map(({ standing }) => standing).sort()).toEqual([
      'authority',
      'authority',
      'authority',
      'authority',
      'leader',
    ])
    expect(view.members.find(({ account }) => account === toHex(b!.publicKey))?.complaints).toBe(1)
    expect(view.motions).toMatchObject([
      { number: 2, kind: 'add', about: toHex(chain.stranger.publicKey), needed: 3, replies: [{ inFavour: true }] },
    ])
    expect(view.cases).toMatchObject([{ account: toHex(e!.publicKey), reason: 'abnormal block', held: 1_000 }])
    const closed = await viewOf(chain, 'closed=true')
    expect(closed.motions.map(({ number, state }) => `${number} ${state}`)).toEqual(['1 won', '2 open'])
  })

  it('shows what is hidden as hidden, and reads well', async () => {
    const chain = governed({ chainName: 'p2p' })
    const label = new TextEncoder().encode('forbidden')
    chain.propose(chain.leader, { kind: 'hide', label, reason: 'policy', text: 'order 7' })
    chain.decide(1)
    const view = await viewOf(chain)
    expect(view.hidden).toMatchObject([{ label: 'forbidden', reason: 'policy', text: 'order 7' }])
    const text = governanceText(view, chain.now())
    expect(text).toContain('forbidden (policy: order 7)')
    expect(text).toContain('nothing is put to the vote')
    expect(text).toContain('leader')
  })

  it('lists what is open to vote on: its words where the node keeps them, how many have voted, how many must, until when', async () => {
    const chain = governed({ modules: [registries, applications, governance] })
    const [a, b] = chain.members
    const give = { kind: 'give', label: new TextEncoder().encode('p2p'), registry: a!.publicKey } as const
    chain.codes([a!, tldVotePayload(give)])
    const opened = { height: chain.height(), opened: chain.now(), until: chain.now() + 30 * DAY }
    chain.codes([b!, tldVotePayload(give)])
    chain.codes([b!, activatePayload({ module: 128, height: 900 })])
    const inFavour = [a, b].map((one) => toHex(one!.publicKey))
    const known = { held: chain.archive }
    const { votes } = await viewOf(chain, '', known)
    const text = `give p2p to ${inFavour[0]}`
    expect(votes[0]).toMatchObject({ about: 'TLDs', list: null, text, by: inFavour[0], ...opened, inFavour, needed: 3 })
    expect(votes[1]).toMatchObject({ about: 'modules', text: 'run module 128 from height 900 on', needed: 3 })
    const shown = governanceText(await viewOf(chain, '', known), chain.now())
    expect(shown).toContain(text)
    expect(shown).toContain('open for 720 h: 2 for, 3 needed (ledger tld give|take)')
    expect(shown).not.toContain('nothing is put to the vote')
    // Who follows has the state, and no blocks.
    const followed = await viewOf(chain)
    expect(followed.votes.map(({ about, text: words }) => [about, words])).toEqual([
      ['TLDs', null],
      ['modules', null],
    ])
    expect(governanceText(followed, chain.now())).toContain('an archive does')
    chain.block([], { afterMs: 30 * DAY })
    expect((await viewOf(chain, '', known)).votes).toEqual([])
  })

  it('is that of a chain without governance, too', async () => {
    const chain = governed({ modules: [] })
    const view = await viewOf(chain)
    expect(view.motions).toEqual([])
    expect(view.members).toHaveLength(6)
  })
})
