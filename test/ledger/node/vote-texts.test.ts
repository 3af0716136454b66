/** What is open to vote on, and in which words: each kind of vote is opened on a chain, and found again in its blocks. */
import { describe, expect, it } from 'vitest'
import { toHex } from '../../../src/base/index.ts'
import { encodeGenesis } from '../../../src/chain/index.ts'
import {
  ACCOUNTS,
  ADMISSION,
  APPLICATIONS,
  AUTHORITY,
  activatePayload,
  anchorsVotePayload,
  certifierVotePayload,
  claimRulesOf,
  endorserVotePayload,
  IDENTITY,
  keepPayload,
  LINKS,
  ledgerModules,
  linkChainPayload,
  NAMES,
  nodeVotePayload,
  openVotes,
  type Payload,
  REGISTRIES,
  setPolicyPayload,
  tldVotePayload,
  voteText,
} from '../../../src/ledger/index.ts'
import { TestLedger } from '../../chain/light/ledger.ts'
import { scheme } from '../../chain/one.ts'
import { alice, bob, carol, signerOf } from '../modules/admission-world.ts'
import { claimWorld } from '../modules/claims/claim-world.ts'
import { text } from '../modules/names/blocks.ts'
import { freePolicy, memberNames } from '../modules/names/member-names.ts'
import { nodeBlocks } from '../modules/node-blocks.ts'

const FOUR = [0, 1, 2, 3]

type Chain = Pick<ReturnType<typeof nodeBlocks>, 'state' | 'archive' | 'block' | 'codes' | 'now' | 'height'>

const RUNNING = [ACCOUNTS, ADMISSION, AUTHORITY, LINKS, NAMES, REGISTRIES, APPLICATIONS, IDENTITY]
const root = () => nodeBlocks(ledgerModules, RUNNING)
const hexOf = (one: { readonly publicKey: Uint8Array }) => toHex(one.publicKey)

/** Of each open vote. */
function shown(chain: Chain) {
  return openVotes(chain.state()).map((vote) => ({ ...vote, ...voteText(chain.archive, vote) }))
}

describe('what is open to vote on', () => {
  it('is found with its words, who opened it and in which block, for every kind of vote on the Root chain', () => {
    const chain = root()
    const other = new TestLedger(FOUR, { name: 'p2p', makeKey: scheme.signer })
    const [a, b] = chain.members
    const said: readonly [Payload, string, string][] = [
      [nodeVotePayload({ kind: 'remove', account: b.publicKey }), 'nodes', `remove ${hexOf(b)}`],
      [tldVotePayload({ kind: 'give', label: text('p2p'), registry: b.publicKey }), 'TLDs', `give p2p to ${hexOf(b)}`],
      [
        certifierVotePayload({ kind: 'add', account: b.publicKey, name: 'A CA' }),
        'certifiers',
        `add ${hexOf(b)}, A CA`,
      ],
      [activatePayload({ module: 130, height: 200 }), 'modules', 'run module 130 from height 200 on'],
      [linkChainPayload(encodeGenesis(other.genesis)), 'links', `follow ${other.origin} from its genesis on`],
    ]
    for (const [payload, about, words] of said) {
      chain.block()
      expect(chain.codes([a, payload])).toEqual([0])
      const [found, ...others] = shown(chain).filter((one) => one.about === about)
      expect(others).toEqual([])
      expect(found).toMatchObject({ text: words, by: a.publicKey, height: chain.height(), voters: 4 })
      expect(found).toMatchObject({ list: undefined, opened: chain.now() })
    }
    for (let i = 0; i < 20; i++) chain.block([[b, said[1]![0]]])
    expect(shown(chain).map(({ text: words }) => words)).toEqual(said.map(([, , words]) => words))
    expect(shown(chain)[1]!.voices).toHaveLength(2)
  })

  it('is found on the chain of a TLD: terms, kept names, and keys of the root', () => {
    const names = memberNames(freePolicy)
    const [a] = names.members
    const height = names.height() + 100
    names.codes([a!, setPolicyPayload({ ...freePolicy, prices: [7] }, height)])
    names.codes([a!, keepPayload(text('police'), undefined)])
    names.codes([a!, keepPayload(text('brand'), alice.publicKey)])
    names.codes([a!, keepPayload(text('old'), 'free')])
    const [policy, ...kept] = shown(names).map((one) => one.text)
    expect(policy).toContain(`from height ${height} on these terms: {`)
    expect(policy).toContain('"prices":[7]')
    expect(kept).toEqual(['keep police back', `keep brand for ${hexOf(alice)}`, 'let anybody register old'])
    const claims = claimWorld()
    const { anchors } = claimRulesOf(claims.state())!
    claims.block([[claims.members[0]!, anchorsVotePayload(anchors)]])
    expect(shown(claims)[0]).toMatchObject({ about: 'root keys', voters: 7 })
    expect(shown(claims)[0]!.text).toContain(`DS ${toHex(anchors[0]!)}`)
  })

  it('is that of the endorsers of a list, too, who are counted by themselves', () => {
    const chain = root()
    const dora = signerOf('dora')
    chain.codes([alice, endorserVotePayload(0, { kind: 'add', account: dora.publicKey, name: 'Dora' })])
    chain.codes([bob, endorserVotePayload(0, { kind: 'remove', account: carol.publicKey })])
    const endorsers = [{ account: dora.publicKey, name: 'Dora' }]
    chain.codes([bob, endorserVotePayload(0, { kind: 'list', list: 1, name: 'libraries', endorsers })])
    const all = shown(chain)
    expect(all.map((one) => one.text)).toEqual([
      `let ${hexOf(dora)} endorse, Dora`,
      `let ${hexOf(carol)} endorse no more`,
      `make list 1, libraries, with the endorsers ${hexOf(dora)}, Dora`,
    ])
    expect(all[0]).toMatchObject({ about: 'endorsers', list: 0, voters: 3, by: alice.publicKey })
  })

  it('has no words where its block is not kept, and finds those that are', () => {
    const chain = root()
    const [a] = chain.members
    const take = (label: string) => tldVotePayload({ kind: 'give', label: text(label), registry: a.publicKey })
    chain.codes([a, take('one')])
    for (let i = 0; i < 10; i++) chain.block()
    chain.codes([a, take('two')])
    const lost = chain.height() - 5
    let read = 0
    const held = {
      ...chain.archive,
      header: (height: number) => (height < lost ? undefined : chain.archive.header(height)),
      transactions(height: number) {
        read++
        return height < lost ? undefined : chain.archive.transactions(height)
      },
    }
    const words = openVotes(chain.state()).map((vote) => voteText(held, vote)?.text)
    expect(words).toEqual([undefined, `give two to ${hexOf(a)}`])
    // Of all blocks it read the one.
    expect(read).toBe(1)
  })

  it('counts voters of now, and is void once more than half are for it or all have taken it back', () => {
    const chain = root()
    const [a, b, c] = chain.members
    const give = { kind: 'give', label: text('p2p'), registry: a.publicKey } as const
    chain.codes([a, tldVotePayload(give)], [b, tldVotePayload(give)])
    expect(shown(chain)[0]!.voices.map(({ account }) => account)).toEqual([a.publicKey, b.publicKey])
    chain.codes([a, tldVotePayload(give, false)], [b, tldVotePayload(give, false)])
    expect(shown(chain)).toEqual([])
    chain.codes([a, tldVotePayload(give)], [b, tldVotePayload(give)], [c, tldVotePayload(give)])
    expect(shown(chain)).toEqual([])
  })
})
