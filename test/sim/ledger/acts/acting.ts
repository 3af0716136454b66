/** What whoever acts on a chain knows of it, and who may be drawn to act. */
import { toHex } from '../../../../src/base/index.ts'
import type { ChainLink, SetOfHeight, Validator } from '../../../../src/chain/index.ts'
import type { Signer } from '../../../../src/crypto/index.ts'
import {
  isEndorser,
  type LedgerState,
  type NamePolicy,
  nameRecordOf,
  networkNodes,
  type Payload,
  type Registration,
} from '../../../../src/ledger/index.ts'
import type { SeededRandom } from '../../../../src/sim/index.ts'
import { type Actor, type Cast, hex, NEVER } from '../cast.ts'
import type { ProofSigning } from '../domains.ts'
import type { Deed, LinkedHead } from '../intents.ts'

/** Another chain, as far as it may be linked. */
export interface LinkSource {
  readonly origin: string
  readonly genesis: Uint8Array
  /** What links begin with. */
  readonly first: LinkedHead
  readonly height: number
  /** The newest head for whoever has linked `oldSize`; `forged`: of a fork that those made who were removed. */
  readonly link: (
    oldSize: number,
    forged: boolean,
  ) => { readonly link: ChainLink; readonly isTrue: boolean } | undefined
  /** The newest head with its own set only, for whoever begins anew. */
  readonly renewal: (oldSize: number) => ChainLink | undefined
  /** Two notes, or two headers, that cannot both be true, signed by all of the set after `oldSize`, or by too few of them. */
  readonly noteFork: (oldSize: number, isTrue: boolean, random: SeededRandom) => Uint8Array
  readonly headerFork: (oldSize: number, isTrue: boolean, random: SeededRandom) => Uint8Array | undefined
  /** The root of that set. */
  readonly setRootAfter: (oldSize: number) => string
}

/** What whoever shows a fault has to show of the chain. */
export interface FaultSource {
  readonly origin: string
  readonly setOf: (height: number) => SetOfHeight
  readonly signerOf: (validator: Validator) => Signer
  /** The note of that size, by all of its set; and the proof that the history of now begins with it. */
  readonly note: (size: number) => { readonly own: Uint8Array; readonly proof: readonly Uint8Array[] }
}

export interface MadeCharge {
  readonly id: Uint8Array
  readonly validators: readonly Validator[]
  readonly height: number
  readonly blockId: Uint8Array
  readonly firstRound: number
  readonly secondRound: number
}

export interface Acting {
  readonly cast: Cast
  readonly chainName: string
  readonly chainId: Uint8Array
  readonly random: SeededRandom
  /** Wall time. */
  readonly now: () => number
  readonly height: () => number
  /** The newest decided state, as a client reads it. */
  readonly state: () => LedgerState
  readonly turnsOver: boolean
  /** From which height on all want a third party's module; undefined: nobody does. */
  readonly activation: number | undefined
  readonly linksChains: boolean
  readonly keepsNames: boolean
  /** From which height on all want other rules of names; undefined: nobody does. */
  readonly rulesFrom: number | undefined
  /** Of names, now; undefined: they are had for ever. */
  readonly policy: () => NamePolicy | undefined
  /** Whether the chain can do without one more of those who validate honestly. Whoever asks is gone for good. */
  readonly mayLose: (actor: Actor) => boolean
  readonly isLiar: (actor: Actor) => boolean
  readonly others: readonly LinkSource[]
  /** What was committed to, and not revealed. */
  readonly registrations: (Registration & { readonly settings: number; readonly hash: string })[]
  /** At which height commits were decided that nobody has revealed, by their hash. */
  readonly committed: ReadonlyMap<string, number>
  /** Of who has said that it wants another chain linked, by its origin. */
  readonly wishes: Map<string, Set<Actor>>
  /** Where links begin anew that nodes vote on. */
  readonly renewals: Map<string, ChainLink>
  /** Whom others complain of: the chain can do without them. */
  readonly accused: Set<Actor>
  readonly isGoverned: boolean
  readonly faults: FaultSource
  /** Accusations that hold until they are answered. */
  readonly charges: MadeCharge[]
  /** CDS sets that were shown. */
  readonly cdsMade: { readonly payload: Payload; readonly deed: Extract<Deed, { kind: 'updateByCds' }> }[]
  /** Whether a domain shows what its claim says, as most see it. */
  readonly shown: Map<number, boolean>
  /** Proofs of domains that were shown. */
  readonly proofs: ProofSigning[]
  /** How often each has changed its voting key. */
  readonly rolls: Map<Actor, number>
}

export interface Act {
  readonly actor: Actor
  /** Bytes: encoded already. */
  readonly payload: Payload | Uint8Array
  readonly deed: Deed
}

export type Maker = (acting: Acting) => Act | undefined

export function one<T>(random: SeededRandom, of: readonly T[]): T {
  return of[random.below(of.length)]!
}

export const anybody = ({ random, cast }: Acting) => one(random, cast.actors)

export function endorsing({ random, cast, state }: Acting): Actor {
  const able = cast.actors.filter(({ account }) => isEndorser(state(), account.publicKey))
  return able.length === 0 || random.below(12) === 0 ? one(random, cast.actors) : one(random, able)
}

const nodesOf = new WeakMap<LedgerState, ReadonlySet<string>>()

/** Those who have a node in the newest state. */
export function withNodes({ cast, state }: Pick<Acting, 'cast' | 'state'>): readonly Actor[] {
  const now = state()
  // Many look at one state.
  const nodes = nodesOf.get(now) ?? new Set(networkNodes(now).map(({ account }) => toHex(account)))
  nodesOf.set(now, nodes)
  return cast.actors.filter(({ account }) => nodes.has(hex(account)))
}

export function voting(acting: Acting): Actor {
  const { random, cast } = acting
  const able = withNodes(acting)
  return able.length === 0 || random.below(12) === 0 ? one(random, cast.actors) : one(random, able)
}

/** Of a name, as a rule one that somebody has. */
export function labelOf({ random, cast, state, policy }: Acting): Uint8Array {
  if (random.below(20) === 0) return NEVER
  const owned = cast.labels.filter((label) => nameRecordOf(state(), label)?.owner !== undefined)
  // Where names come free by themselves, one that nobody has is likely enough.
  const isAny = random.below(policy() === undefined ? 4 : 12) === 0
  return one(random, owned.length === 0 || isAny ? cast.labels : owned)
}
