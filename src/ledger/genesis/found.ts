/** Founding ledgers: the genesis of each chain out of who begins it. */
import { compareBytes, equalBytes } from '../../base/index.ts'
import { type Genesis, ledgerChainOptions, sortedValidators, type Validator } from '../../chain/index.ts'
import { sha256 } from '../../crypto/index.ts'
import { ROOT_ANCHORS } from '../../dnssec/index.ts'
import { encodeApplicationGenesis } from '../application/genesis.ts'
import { limits } from '../limits.ts'
import { ACCOUNTS } from '../modules/accounts/accounts.ts'
import { CLAIMS } from '../modules/claims/kinds.ts'
import { limits as claimLimits } from '../modules/claims/limits.ts'
import { type ClaimRules, claimRulesToValue, sortedAnchors } from '../modules/claims/rules.ts'
import { NAMES } from '../modules/names/kinds.ts'
import { type NamePolicy, policyToValue } from '../modules/names/policy.ts'
import { badGenesis } from '../refusal.ts'
import type { Founder, LedgerModule } from '../types.ts'

export interface FoundingOptions {
  readonly ringId: string
  /** Unix ms. */
  readonly time: number
  /** `root`, or TLDs in lower case. */
  readonly chainNames: readonly string[]
  readonly founders: readonly Founder[]
  readonly modules: readonly LedgerModule[]
  readonly heartbeatMs?: number
  readonly intervalMs?: number
  readonly quotaADay?: number
  readonly epochBlocks?: number
  /** Of all TLD chains; undefined: names are had for ever, and for nothing. */
  readonly names?: NamePolicy | undefined
  /** How domains of the DNS are claimed on TLD chains, where it is not as most would have it; null: not at all. */
  readonly claims?: Partial<ClaimRules> | null | undefined
  /** What each founder's account begins with on each chain. */
  readonly balance?: number | undefined
}

/** One genesis for each chain, all with the same founders. Throws LEDGER_GENESIS. */
export function foundChains(options: FoundingOptions): Genesis[] {
  const {
    ringId,
    time,
    chainNames,
    founders,
    modules,
    quotaADay = limits.QUOTA_A_DAY,
    epochBlocks = limits.EPOCH_BLOCKS,
  } = options
  const { heartbeatMs = ledgerChainOptions.heartbeatMs!, intervalMs = ledgerChainOptions.intervalMs } = options
  if (chainNames.length === 0) throw badGenesis('no chain')
  if (new Set(chainNames).size !== chainNames.length) throw badGenesis('a chain that is named twice')
  if (!founders.some(({ isEndorser }) => isEndorser)) throw badGenesis('no endorser: nobody could ever be admitted')
  checkDistinct(founders)
  const validators = validatorsOf(founders)
  return chainNames.map((chainName) => {
    const own = modules.filter(({ id, chains }) => isOurs(id) && (chains === undefined || chains === kindOf(chainName)))
    const founding = { chainName, founders, epochBlocks }
    const begun = own.map(
      (module) => [module.id, saidOf(module.id, chainName, options) ?? module.found?.(founding) ?? null] as const,
    )
    const application = encodeApplicationGenesis({ modules: new Map(begun), quotaADay })
    const { rules } = ledgerChainOptions
    return { ringId, name: chainName, time, validators, heartbeatMs, intervalMs, rules, application }
  })
}

/** What whoever founds the chains says of a module. */
function saidOf(module: number, chainName: string, options: FoundingOptions) {
  const { names, balance = 0, founders } = options
  if (module === NAMES && names !== undefined && kindOf(chainName) === 'tld') return policyToValue(names)
  if (module === CLAIMS) return options.claims === null ? undefined : claimRulesToValue(claimRulesFor(options))
  if (module === ACCOUNTS && balance > 0) return founders.map(({ account }) => [account, balance])
  return undefined
}

/** Where names cost nothing, nobody has anything that could be held. */
function claimRulesFor({ names, founders, claims }: FoundingOptions): ClaimRules {
  const anchors = claims?.anchors ?? ROOT_ANCHORS.flatMap(({ ds }) => ds)
  return {
    windowMs: claimLimits.WINDOW_MS,
    bond: names === undefined ? 0 : claimLimits.BOND,
    payee: names?.payee ?? founders[0]!.account,
    ...claims,
    anchors: sortedAnchors(anchors),
  }
}

/** Third parties' modules come by a vote. */
function isOurs(id: number): boolean {
  return id < limits.FIRST_MODULE_OF_OTHERS
}

export function kindOf(chainName: string): 'root' | 'tld' {
  return chainName === 'root' ? 'root' : 'tld'
}

/** By what validators and ring members are known to each other: the hash of the key of a node's identity, without the ring's salt. */
export function memberIdOf(memberKey: Uint8Array): Uint8Array {
  return sha256(memberKey)
}

function validatorsOf(founders: readonly Founder[]): readonly Validator[] {
  const validators = founders.flatMap(({ memberKey, votingKey, leads }) =>
    votingKey === undefined || leads ? [] : [{ id: memberIdOf(memberKey), publicKey: votingKey }],
  )
  if (validators.length === 0) throw badGenesis('no validator: give at least one founder a voting key')
  return sortedValidators(validators)
}

/** One key for one thing: a stolen voting key must not move an account, nor a node's identity. */
function checkDistinct(founders: readonly Founder[]): void {
  const keys = founders.flatMap(({ account, memberKey, votingKey }) => [
    account,
    memberKey,
    ...(votingKey === undefined ? [] : [votingKey]),
  ])
  const sorted = [...keys].sort(compareBytes)
  for (let i = 1; i < sorted.length; i++)
    if (equalBytes(sorted[i - 1]!, sorted[i]!)) throw badGenesis('one key that stands for two things')
}
