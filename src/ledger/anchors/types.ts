/** What a ledger says of the zone that a name is in, as the resolver uses it. */
import type { CacheContext } from '../../cache/index.ts'
import type { Delegation, Name } from '../../dns/index.ts'

/**
 * `ledger`: what is registered there is resolved by it, all else by the DNS. `dns`: only names that the DNS does not have.
 * `ledger-only`: the TLD is the ledger's, and what is not registered does not exist.
 */
export type Precedence = 'ledger' | 'dns' | 'ledger-only'

export interface AnchorOptions {
  /** By TLD in lower case. */
  readonly precedence: ReadonlyMap<string, Precedence>
  /** What happens to names of which no ledger's word is known while the ledger cannot be asked. `ledger-only` names fail in any case. */
  readonly unreachable: 'dns' | 'fail'
  /** What becomes of registered names that the policy of their TLD hides: `ignore`: they resolve as if it did not. */
  readonly hidden?: 'heed' | 'ignore'
}

/** A registered name, proven. */
export interface Anchor {
  readonly zone: Name
  /** Of the cache: its own for each generation of the name. */
  readonly context: CacheContext
  readonly delegation: Delegation
  /** RDATA. */
  readonly ds: readonly Uint8Array[]
  readonly generation: number
  /** Unix ms: unless somebody renews it, it resolves no more from then on; infinite where names have no end. */
  readonly until: number
  readonly proof: ProofNote
}

/** By what it is known, for people. */
export interface ProofNote {
  readonly chain: string
  readonly height: number
  /** Unix ms: the time of the header. */
  readonly time: number
  /** Of the state proof. */
  readonly bytes: number
}

/** What is to be done with a question. */
export type AnchorVerdict =
  /** In the context of the anchor. */
  | {
      readonly kind: 'anchored'
      readonly anchor: Anchor
      readonly isOld: boolean
      /** Its TLD hides it, and this node does not heed that. */
      readonly ignored?: string
    }
  /** As if there were no ledger. `mayBeAnchored`: once the DNS has said that the name does not exist, `afterNxdomain` is to be asked. */
  | { readonly kind: 'dns'; readonly why: string; readonly mayBeAnchored?: true }
  /** It does not exist: nobody has it, and the TLD is the ledger's. `isProven`: the ledger's state says so, not only its rules. */
  | { readonly kind: 'nothing'; readonly tld: Name; readonly why: string; readonly isProven: boolean }
  /** It is registered, and the policy of its TLD hides it, for the reason that stands there (N44). */
  | { readonly kind: 'hidden'; readonly tld: Name; readonly zone: Name; readonly why: string }
  /** SERVFAIL. */
  | { readonly kind: 'unreachable'; readonly why: string }
