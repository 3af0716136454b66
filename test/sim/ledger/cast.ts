/** Who acts in a world of ledgers, and the keys of each: those who run nodes first, then organisations that run none, and owners of names. */
import { compareBytes, toHex } from '../../../src/base/index.ts'
import { type Genesis, ledgerChainId, votingKeyBytes } from '../../../src/chain/index.ts'
import { type CborValue, type SignatureScheme, type Signer, sha256 } from '../../../src/crypto/index.ts'
import {
  ACCOUNTS,
  type ClaimRules,
  decodeApplicationGenesis,
  encodeApplicationGenesis,
  type Founder,
  foundChains,
  GOVERNANCE,
  type GovernanceRules,
  type Guardians,
  guardiansHash,
  KEPT_FOR_CLAIMS,
  type KeptBook,
  ledgerModules,
  makeKeptBook,
  memberIdOf,
  type NamePolicy,
  rulesToValue,
} from '../../../src/ledger/index.ts'
import { hashScheme } from '../chain/signatures.ts'
import { type Domains, domainsOf } from './domains.ts'
import type { Plan } from './plan.ts'
import { claimRules, DEFAULT_REVIEWS, namePolicy, nextPolicies, QUICK_REVIEWS } from './policies.ts'
import { type Zones, zonesOf } from './zones.ts'

const text = (value: string) => new TextEncoder().encode(value)

/** An organisation. */
export interface Actor {
  readonly name: string
  readonly account: Signer
  /** Of its machine in the ring. */
  readonly ring: Signer
  /** The id of its node, in sets. */
  readonly id: Uint8Array
  /** The keys that its node signs blocks with, one after the other. */
  readonly voting: (roll: number) => Signer
  /** Its place among the people of the chains; undefined: it runs no node. */
  readonly person: number | undefined
  readonly isFounder: boolean
  readonly isEndorser: boolean
  /** It leads reviews. */
  readonly leads: boolean
}

export interface Cast {
  readonly scheme: SignatureScheme
  readonly actors: readonly Actor[]
  /** Owner keys, of names and of entries. */
  readonly owners: readonly Signer[]
  /** Keys that owners may trust with their names, and who of them together. */
  readonly guardians: readonly Signer[]
  readonly guardianSets: readonly GuardianSet[]
  /** Of all TLDs; undefined: names have no terms. */
  readonly policy: NamePolicy | undefined
  /** That may come in its place by a vote. */
  readonly nextPolicies: readonly NamePolicy[]
  /** Of reviews, at first. */
  readonly rules: GovernanceRules
  readonly labels: readonly Uint8Array[]
  /** Pages of kept names, on each of which some stand; undefined: this world has none. */
  readonly book: KeptBook | undefined
  /** Of the names, on all chains. */
  readonly zones: Zones
  /** Of the DNS, that are claimed. */
  readonly domains: Domains
  readonly claims: ClaimRules
  readonly signer: (seed: string) => Signer
  readonly chains: readonly { readonly genesis: Genesis; readonly chainId: Uint8Array }[]
}

export interface GuardianSet {
  readonly set: Guardians
  readonly hash: Uint8Array
}

/** How many names are fought for. */
const LABELS = ['alpha', 'beta', 'gamma', 'delta', 'xn--bcher-kva']
export const NEVER = text('never-there')
/** Kept back for nobody, where names have terms. */
export const KEPT = text('kept')
/** On pages, with two that are fought for: one that a vote or a claim has to free, and one that is kept for claims by a rule of its own, too. */
export const PAGED = [LABELS[2]!, LABELS[3]!, ...Array.from({ length: 600 }, (_, i) => `paged-${i}`)]
/** That are given to registries. */
export const TLDS = ['p2p', 'home'].map(text)
/** Where whoever wants a name has it already, in some worlds. */
const ELSEWHERE = ['net', 'org']
/** What terms are made of where there were none. */
const NEW_UNIT_MS = 150
/** What each founder's account has at first. */
const BALANCE = 1_000

export function castOf(plan: Plan, startMs: number): Cast {
  const scheme = hashScheme(plan.seed)
  const signer = (seed: string) => scheme.signer(sha256(text(`${plan.seed} ${seed}`)))
  const { n } = plan
  const people = n + plan.chains[0]!.plan.spares
  const actor = (i: number, person: number | undefined): Actor => {
    const ring = signer(`ring ${i}`)
    // Where nobody began who runs no validator, newcomers are strangers.
    const isFounder = i < n || i === people || i === people + 1 || (person !== undefined && (i - n) % 2 === 0)
    return {
      name: `actor ${i}`,
      account: signer(`account ${i}`),
      ring,
      id: memberIdOf(ring.publicKey),
      voting: (roll) => signer(`voting ${i} ${roll}`),
      person,
      isFounder,
      isEndorser: i === 0 || i === people || i === people + 1,
      leads: plan.isGoverned && i === people + 1,
    }
  }
  const actors = Array.from({ length: people + OTHERS }, (_, i) => actor(i, i < people ? i : undefined))
  const founders = actors.filter(({ isFounder }) => isFounder).map((one) => founderOf(one, n))
  const names = plan.chains.map(({ name }) => name)
  const { epochBlocks, quotaADay, nameUnitMs } = plan
  const owners = Array.from({ length: 5 }, (_, i) => signer(`owner ${i}`))
  const guardians = Array.from({ length: 4 }, (_, i) => signer(`guardian ${i}`))
  const payee = actors[people]!.account.publicKey
  const kept = [
    { label: KEPT, owner: undefined },
    { label: text(LABELS[0]!), owner: owners[0]!.publicKey },
    { label: text(LABELS[3]!), owner: KEPT_FOR_CLAIMS },
  ]
  const book = nameUnitMs !== undefined && plan.seed % 4 === 2 ? makeKeptBook(PAGED) : undefined
  const elsewhere = plan.isElsewhere ? ELSEWHERE : undefined
  const policy =
    nameUnitMs === undefined ? undefined : { ...namePolicy(nameUnitMs, payee, kept), pages: book?.root, elsewhere }
  const domains = domainsOf(plan.seed, startMs)
  const claims = claimRules(plan.seed, payee, domains.anchors([0]))
  const founded = foundChains({
    ringId: 'home',
    time: startMs - 10_000,
    chainNames: names,
    founders,
    modules: ledgerModules,
    heartbeatMs: plan.heartbeatMs,
    intervalMs: 0,
    epochBlocks,
    quotaADay,
    names: policy,
    claims,
  })
  const rules = plan.isGoverned ? QUICK_REVIEWS : DEFAULT_REVIEWS
  const chains = founded.map((one) => {
    const genesis = withGiven(one, founders, plan.isGoverned ? rules : undefined)
    return { genesis, chainId: ledgerChainId(genesis) }
  })
  return {
    scheme,
    actors,
    owners,
    guardians,
    guardianSets: guardianSetsOf(guardians, nameUnitMs ?? 0),
    policy,
    nextPolicies: nextPolicies(nameUnitMs ?? NEW_UNIT_MS, payee, elsewhere),
    rules,
    labels: LABELS.map(text),
    book,
    zones: zonesOf(plan.seed, startMs),
    domains,
    claims,
    signer,
    chains,
  }
}

/** Two of three, with and without a delay of their own, and any one of two, whom the owner's key always wins against. */
function guardianSetsOf(guardians: readonly Signer[], unitMs: number): readonly GuardianSet[] {
  const setOf = (enough: number, delayMs: number, keyWins: boolean, signers: readonly Signer[]) => {
    const set = { enough, delayMs, keyWins, keys: signers.map(({ publicKey }) => publicKey).sort(compareBytes) }
    return { set, hash: guardiansHash(set) }
  }
  return [
    setOf(2, 0, false, guardians.slice(0, 3)),
    setOf(2, 2 * unitMs, false, guardians.slice(1)),
    setOf(1, 0, true, guardians.slice(0, 2)),
  ]
}

/** Organisations without a node: two that endorse, and two strangers. */
const OTHERS = 4

function founderOf({ name, account, ring, voting, person, isEndorser, leads }: Actor, n: number): Founder {
  const isValidator = person !== undefined && person < n
  return {
    name,
    account: account.publicKey,
    memberKey: ring.publicKey,
    votingKey: isValidator ? voting(0).publicKey : undefined,
    isEndorser,
    leads,
  }
}

/** With what each account has at first, and rules of reviews if there are others than usual. */
function withGiven(genesis: Genesis, founders: readonly Founder[], rules: GovernanceRules | undefined): Genesis {
  const { modules, quotaADay } = decodeApplicationGenesis(genesis.application)
  const balances: CborValue = founders.map(({ account }) => [account, BALANCE])
  const given = new Map([...modules, [ACCOUNTS, balances]])
  if (rules !== undefined) given.set(GOVERNANCE, rulesToValue(rules))
  const application = encodeApplicationGenesis({ modules: given, quotaADay })
  return { ...genesis, application }
}

/** That whoever brings a voting key has it. */
export function keyProof(chainId: Uint8Array, { id }: Actor, key: Signer): Uint8Array {
  return key.sign(votingKeyBytes(chainId, { id, publicKey: key.publicKey }))
}

export function hex(signer: Signer): string {
  return toHex(signer.publicKey)
}
