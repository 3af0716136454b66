/** What the model begins with: who founded the chain, as the genesis file says it to people. */
import { fromHex, toHex } from '../../../../src/base/index.ts'
import type { Genesis } from '../../../../src/chain/index.ts'
import { ACCOUNTS, decodeApplicationGenesis, memberIdOf } from '../../../../src/ledger/index.ts'
import { type Cast, hex, PAGED } from '../cast.ts'
import { LedgerModel } from './model.ts'

export function modelOf(
  { actors, policy, nextPolicies, book, rules, claims }: Cast,
  genesis: Genesis,
  epochBlocks: number,
): LedgerModel {
  const { modules, quotaADay } = decodeApplicationGenesis(genesis.application)
  const founders = actors.filter(({ isFounder }) => isFounder)
  const endorsers = founders
    .filter(({ isEndorser }) => isEndorser)
    .map(({ account, name }) => ({ account: hex(account), name, since: 0 }))
  const organisations = new Map(
    founders.map(({ account, name, ring }) => [
      hex(account),
      {
        name,
        contact: name,
        ringKey: hex(ring),
        keyAt: genesis.time,
        endorsements: endorsers.map(({ account: by, since }) => ({ account: by, since })),
      },
    ]),
  )
  const isValidator = (id: Uint8Array) => genesis.validators.some((one) => toHex(one.id) === toHex(id))
  return new LedgerModel({
    chainName: genesis.name,
    epochBlocks,
    quotaADay,
    balances: (modules.get(ACCOUNTS) as [Uint8Array, number][]).map(([account, balance]) => [toHex(account), balance]),
    endorsers,
    organisations,
    nodes: founders.map(({ account, id, voting, leads }) => ({
      account: hex(account),
      role: !leads ? 'registry' : genesis.name === 'root' ? 'coordinator' : 'regulator',
      joined: 0,
      voting: isValidator(id) ? { id: toHex(id), key: hex(voting(0)) } : undefined,
    })),
    policy,
    policies: nextPolicies,
    paged: book === undefined ? [] : PAGED,
    rules,
    claims,
    idOf: (ringKey) => toHex(memberIdOf(fromHex(ringKey))),
  })
}
