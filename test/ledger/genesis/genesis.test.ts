import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeGenesis, encodeGenesis } from '../../../src/chain/index.ts'
import { sha256 } from '../../../src/crypto/index.ts'
import {
  accounts,
  decodeApplicationGenesis,
  type Founder,
  foundChains,
  founderText,
  genesisText,
  memberIdOf,
  parseFounderText,
  parseGenesisText,
} from '../../../src/ledger/index.ts'

const key = (seed: number) => sha256(Uint8Array.of(seed, seed >> 8))
const founder = (n: number, more: Partial<Founder> = {}): Founder => ({
  name: `organisation ${n}`,
  account: key(3 * n),
  memberKey: key(3 * n + 1),
  votingKey: key(3 * n + 2),
  isEndorser: n === 0,
  ...more,
})
const options = {
  ringId: 'home',
  time: 1_800_000_000_000,
  chainNames: ['root', 'example'],
  founders: [founder(0), founder(1), founder(2), founder(3, { votingKey: undefined })],
  modules: [accounts],
}

describe('founding ledgers', () => {
  it('makes a genesis for each chain, with those as validators who vote', () => {
    const [root, tld] = foundChains(options)
    expect([root?.name, tld?.name]).toEqual(['root', 'example'])
    expect(root?.validators).toHaveLength(3)
    for (const { memberKey } of options.founders.slice(0, 3))
      expect(root?.validators).toContainEqual(expect.objectContaining({ id: memberIdOf(memberKey) }))
    expect(decodeGenesis(encodeGenesis(root!))).toEqual(root)
    expect([...decodeApplicationGenesis(root!.application).modules.keys()]).toEqual([accounts.id])
  })

  it.each([
    ['nobody endorses', { founders: [founder(1)] }],
    ['nobody votes', { founders: [founder(0, { votingKey: undefined })] }],
    ['one key stands for two things', { founders: [founder(0), founder(1, { account: key(0) })] }],
    ['a chain is named twice', { chainNames: ['root', 'root'] }],
    ['there is no chain', { chainNames: [] }],
  ])('refuses to when %s', (_, change) => {
    expect(() => foundChains({ ...options, ...change })).toThrow(expect.objectContaining({ code: 'LEDGER_GENESIS' }))
  })
})

describe('the genesis file', () => {
  const all = foundChains(options)

  it('comes back as it was', () => {
    expect(parseGenesisText(genesisText(all)).map(({ genesis }) => genesis)).toEqual(all)
  })

  it('is refused with the place when anything of it was changed', () => {
    const text = genesisText(all)
    expect(() => parseGenesisText(text.replace('"intervalMs": 1000', '"intervalMs": 1001'))).toThrow(
      /chains\.0\.chainId/,
    )
    expect(() => parseGenesisText(text.replace('"scheme": 1', '"scheme": 2'))).toThrow(
      /chains\.0\.validators\.0\.scheme/,
    )
    expect(() => parseGenesisText('{')).toThrow(/not JSON/)
  })

  it('never throws anything but LEDGER_GENESIS, whatever is in it', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(() => parseGenesisText(text)).toThrow(expect.objectContaining({ code: 'LEDGER_GENESIS' }))
      }),
    )
  })
})

describe('the file of a founder', () => {
  it('comes back as it was, and is refused with the place when it is none', () => {
    const { isEndorser: _, ...one } = founder(5)
    expect(parseFounderText('a.json', founderText(one))).toEqual(one)
    expect(() => parseFounderText('a.json', founderText(one).replace('"account": "', '"account": "x'))).toThrow(
      /a\.json: account/,
    )
  })
})
