/** Who acts in a world of ledgers, and the keys of each: those who run nodes first, then organisations that run none, and owners of names. */
import { toHex } from '../../../src/base/index.ts'
import { type Genesis, ledgerChainId, votingKeyBytes } from '../../../src/chain/index.ts'
import { type CborValue, type SignatureScheme, type Signer, sha256 } from '../../../src/crypto/index.ts'
import {
  ACCOUNTS,
  decodeApplicationGenesis,
  encodeApplicationGenesis,
  type Founder,
  foundChains,
  ledgerModules,
  memberIdOf,
} from '../../../src/ledger/index.ts'
import { hashScheme } from '../chain/signatures.ts'
import type { Plan } from './plan.ts'
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
}

export interface Cast {
  readonly scheme: SignatureScheme
  readonly actors: readonly Actor[]
  /** Owner keys, of names and of entries. */
  readonly owners: readonly Signer[]
  readonly labels: readonly Uint8Array[]
  /** Of the names, on all chains. */
  readonly zones: Zones
  readonly signer: (seed: string) => Signer
  readonly chains: readonly { readonly genesis: Genesis; readonly chainId: Uint8Array }[]
}

/** How many names are fought for. */
const LABELS = ['alpha', 'beta', 'gamma', 'delta', 'xn--bcher-kva']
export const NEVER = text('never-there')
/** That are given to registries. */
export const TLDS = ['p2p', 'home'].map(text)
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
    }
  }
  const actors = Array.from({ length: people + OTHERS }, (_, i) => actor(i, i < people ? i : undefined))
  const founders = actors.filter(({ isFounder }) => isFounder).map((one) => founderOf(one, n))
  const names = plan.chains.map(({ name }) => name)
  const { epochBlocks, quotaADay } = plan
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
  })
  const chains = founded.map((one) => {
    const genesis = withBalances(one, founders)
    return { genesis, chainId: ledgerChainId(genesis) }
  })
  return {
    scheme,
    actors,
    owners: Array.from({ length: 5 }, (_, i) => signer(`owner ${i}`)),
    labels: LABELS.map(text),
    zones: zonesOf(plan.seed, startMs),
    signer,
    chains,
  }
}

/** Organisations without a node: two that endorse, and two strangers. */
const OTHERS = 4

function founderOf({ name, account, ring, voting, person, isEndorser }: Actor, n: number): Founder {
  const isValidator = person !== undefined && person < n
  return {
    name,
    account: account.publicKey,
    memberKey: ring.publicKey,
    votingKey: isValidator ? voting(0).publicKey : undefined,
    isEndorser,
  }
}

function withBalances(genesis: Genesis, founders: readonly Founder[]): Genesis {
  const { modules, quotaADay } = decodeApplicationGenesis(genesis.application)
  const balances: CborValue = founders.map(({ account }) => [account, BALANCE])
  const application = encodeApplicationGenesis({ modules: new Map([...modules, [ACCOUNTS, balances]]), quotaADay })
  return { ...genesis, application }
}

/** That whoever brings a voting key has it. */
export function keyProof(chainId: Uint8Array, { id }: Actor, key: Signer): Uint8Array {
  return key.sign(votingKeyBytes(chainId, { id, publicKey: key.publicKey }))
}

export function hex(signer: Signer): string {
  return toHex(signer.publicKey)
}
