import { describe, expect, it } from 'vitest'
import { sha256 } from '../../../src/crypto/index.ts'
import {
  ACCOUNTS,
  ADMISSION,
  AUTHORITY,
  handOverTldPayload,
  ledgerModules,
  NAMES,
  REGISTRIES,
  tldOf,
  tldsOf,
  tldVotePayload,
  updateTldPayload,
} from '../../../src/ledger/index.ts'
import { alice, DONE, MALFORMED, NOT_ALLOWED, TAKEN } from './admission-world.ts'
import { settingsOf } from './names/blocks.ts'
import { nodeBlocks } from './node-blocks.ts'

const label = new TextEncoder().encode('p2p')

function world() {
  const chain = nodeBlocks(ledgerModules, [ACCOUNTS, ADMISSION, AUTHORITY, NAMES, REGISTRIES])
  const [a, b, c, d] = chain.members
  const give = { kind: 'give', label, registry: a.publicKey } as const
  const given = () => chain.codes([a, tldVotePayload(give)], [b, tldVotePayload(give)], [c, tldVotePayload(give)])
  return { ...chain, a, b, c, d, give, given }
}

describe('TLDs on the Root chain', () => {
  it('are given to one registry by more than half of the nodes, never to two (M1)', () => {
    const { a, b, c, d, give, codes, state } = world()
    expect(codes([a, tldVotePayload(give)], [a, tldVotePayload(give)], [b, tldVotePayload(give)])).toEqual([0, 0, 0])
    expect(tldOf(state(), label)).toBeUndefined()
    expect(codes([alice, tldVotePayload(give)])).toEqual([NOT_ALLOWED])
    expect(codes([c, tldVotePayload(give)])).toEqual([DONE])
    expect(tldOf(state(), label)).toMatchObject({ registry: a.publicKey, isLedgerOnly: false, zone: undefined })
    expect(codes([d, tldVotePayload({ ...give, registry: d.publicKey })])).toEqual([TAKEN])
    expect(codes([d, tldVotePayload({ ...give, label: new TextEncoder().encode('P2P') })])).toEqual([MALFORMED])
    expect(codes([d, tldVotePayload({ kind: 'give', label: Uint8Array.of(120), registry: alice.publicKey })])).toEqual([
      NOT_ALLOWED,
    ])
  })

  it('are changed by their registry alone: chain, keys, servers, and whether only the ledger has them', () => {
    const { a, b, given, codes, state } = world()
    expect(given()).toEqual([0, 0, 0])
    const chainId = sha256(label)
    const update = updateTldPayload(label, { chainId, zone: settingsOf(), isLedgerOnly: true })
    expect(codes([b, update])).toEqual([NOT_ALLOWED])
    expect(codes([a, update])).toEqual([DONE])
    expect(tldOf(state(), label)).toMatchObject({ chainId, zone: settingsOf(), isLedgerOnly: true })
    expect(codes([b, handOverTldPayload(label, b.publicKey)])).toEqual([NOT_ALLOWED])
    expect(codes([a, handOverTldPayload(label, b.publicKey)])).toEqual([DONE])
    expect(codes([a, update])).toEqual([NOT_ALLOWED])
    expect(codes([b, update])).toEqual([DONE])
  })

  it('can all be read, whatever was given and taken back in between', () => {
    const { a, b, c, codes, state } = world()
    const text = (label: Uint8Array) => Buffer.from(label).toString('latin1')
    const names = () => tldsOf(state()).map((one) => text(one.label))
    const vote = (kind: 'give' | 'take', tld: string) => {
      const of = new TextEncoder().encode(tld)
      const subject =
        kind === 'give' ? ({ kind, label: of, registry: a.publicKey } as const) : ({ kind, label: of } as const)
      return codes([a, tldVotePayload(subject)], [b, tldVotePayload(subject)], [c, tldVotePayload(subject)])
    }
    expect(names()).toEqual([])
    for (let i = 0; i < 130; i++) expect(vote('give', `t${i}`)).toEqual([0, 0, 0])
    expect(names()).toEqual(Array.from({ length: 130 }, (_, i) => `t${i}`))
    expect(vote('take', 't3')).toEqual([0, 0, 0])
    expect(vote('take', 't128')).toEqual([0, 0, 0])
    expect(names().slice(0, 5)).toEqual(['t0', 't1', 't2', 't129', 't4'])
    expect(names()).toHaveLength(128)
    expect(vote('give', 't3')).toEqual([0, 0, 0])
    expect(names().at(-1)).toBe('t3')
    expect(tldsOf(state()).every(({ record }) => record?.registry.join() === a.publicKey.join())).toBe(true)
  })

  it('are taken back by more than half of the nodes', () => {
    const { a, b, c, given, codes, state } = world()
    expect(given()).toEqual([0, 0, 0])
    const take = tldVotePayload({ kind: 'take', label })
    expect(codes([a, take], [b, take], [c, take])).toEqual([0, 0, 0])
    expect(tldOf(state(), label)).toBeUndefined()
  })
})
