import { describe, expect, it } from 'vitest'
import { ResultCode } from '../../../../src/chain/index.ts'
import type { Signer } from '../../../../src/crypto/index.ts'
import { defaultPolicy, NameCode, type NamePolicy } from '../../../../src/ledger/index.ts'
import { premiumAt } from '../../../../src/ledger/modules/names/policy.ts'
import { carrierOf, nameBlocks, ownerOf } from './blocks.ts'

const [alice, thief] = [ownerOf('alice'), ownerOf('thief')]
const by = carrierOf('one')
const proposer = carrierOf('proposer')
const HOUR = 3_600_000
const policy: NamePolicy = { ...defaultPolicy, payee: carrierOf('registry').publicKey }

describe('a proposer that sees a reveal', () => {
  it('has nothing by putting its own registration before it, and pays for the try at most with time', () => {
    const chain = nameBlocks({ policy, balances: [by, proposer].map((one): [Signer, number] => [one, 1_000]) })
    const own = { by: proposer, salt: 'thief' }
    chain.block([chain.commit(alice)])
    chain.block()
    const reveal = chain.revealTerm(alice)
    // It knows the name from here on, leaves the reveal out, and commits and reveals as fast as it can.
    expect(chain.block([chain.commit(thief, own), chain.revealTerm(thief, own)])).toEqual([
      ResultCode.DONE,
      NameCode.TOO_EARLY,
    ])
    chain.block()
    expect(chain.block([chain.revealTerm(thief, own), reveal])).toEqual([ResultCode.DONE, ResultCode.DONE])
    expect(chain.record()?.owner).toEqual(alice.publicKey)
    expect([chain.balance(by), chain.balance(proposer)]).toEqual([990, 1_000])
  })

  it('has nothing by copying commit or reveal: both are their owner’s', () => {
    const chain = nameBlocks({ policy, balances: [by, proposer].map((one): [Signer, number] => [one, 1_000]) })
    chain.block([chain.commit(alice, { by: proposer })])
    chain.block()
    expect(chain.block([chain.revealTerm(alice, { by: proposer })])).toEqual([ResultCode.DONE])
    expect(chain.record()?.owner).toEqual(alice.publicKey)
  })
})

describe('a drop-catcher with a thousand accounts', () => {
  /** A name has just come free; the catcher has so many accounts with so much in each. */
  function freed(accounts: number, each: number) {
    const catchers = Array.from({ length: accounts }, (_, one) => carrierOf(`catcher ${one}`))
    const balances = [...catchers, by].map((one): [Signer, number] => [one, one === by ? 2_000_000 : each])
    const chain = nameBlocks({ policy, balances })
    expect(chain.registerTerm(alice)).toBe(ResultCode.DONE)
    chain.block([], policy.termMs + policy.graceMs + policy.redemptionMs + policy.pendingMs)
    chain.block()
    expect(chain.record()?.owner).toBeUndefined()
    return { chain, catchers }
  }

  it('registers nothing with a little on each of them, in any number of tries', () => {
    const { chain, catchers } = freed(1_000, 900)
    chain.block(catchers.map((one, at) => chain.commit(thief, { by: one, salt: `${at}` })))
    chain.block()
    const codes = chain.block(
      catchers.map((one, at) => chain.revealTerm(thief, { by: one, salt: `${at}`, most: 1_000_000_000 })),
    )
    expect(new Set(codes)).toEqual(new Set([ResultCode.FUNDS]))
    expect(chain.record()?.owner).toBeUndefined()
  })

  it('has the name at once only for more than anybody who waits a day pays', () => {
    const { chain, catchers } = freed(1_000, 2_000_000)
    const [rich] = catchers
    chain.block([chain.commit(thief, { by: rich! })])
    chain.block()
    expect(chain.block([chain.revealTerm(thief, { by: rich!, most: 400_000 })])).toEqual([NameCode.PRICE])
    // Whoever it is worth 400,000 to has it when it costs that, and no number of accounts comes before him for less.
    const waited = 36 * HOUR
    chain.block([], waited)
    const price = premiumAt(policy, chain.record()!.life!.freed, chain.now() + 180_000) + 10
    expect(price).toBeLessThan(400_000)
    expect(chain.registerTerm(ownerOf('a buyer'), { most: 400_000 })).toBe(ResultCode.DONE)
    expect(chain.balance(by)).toBe(2_000_000 - 10 - price)
  })
})
