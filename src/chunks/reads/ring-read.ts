/** What a read of the ring comes to, and what each replica said. */
import type { PeerId } from '../../base/index.ts'
import type { Name } from '../../dns/index.ts'
import type { Certificate, Delegated, Finding, Prefix, ProofLink } from '../../evidence/index.ts'

/** What a read of the ring came to. `replies` holds every replica that was asked and what it said. */
export type RingRead =
  | {
      readonly kind: 'accepted'
      /** Of a `secure` proof: validated by this node already. */
      readonly finding: Finding
      readonly replies: readonly ReplicaReply[]
      /** Links of the chain of trust that the replicas sent along: to be tried, never believed. */
      readonly links: readonly ProofLink[]
    }
  | (RingProof & { readonly replies: readonly ReplicaReply[] })
  | {
      readonly kind: 'insufficient'
      /** `unknown`: nobody has it; `no-majority`: what came does not suffice; `alone`: a ring of one; `private`: never asked. */
      readonly reason: 'unknown' | 'no-majority' | 'alone' | 'private' | 'timeout'
      readonly replies: readonly ReplicaReply[]
    }

/** It proves enough to end the read, but is no answer. */
export type RingProof =
  | { readonly kind: 'divergent'; readonly divergence: RingDivergence }
  /** Only of a `delegationQuestion`. */
  | { readonly kind: 'delegation'; readonly delegation: RingDelegation }

/** A name whose answer depends on where one asks: ask its authority, and hold the answer against the prefixes. */
export interface RingDivergence {
  /** Apex of the zone to ask. */
  readonly apex: Name
  readonly prefixes: readonly Prefix[]
  readonly certificate: Certificate
  readonly observers: readonly PeerId[]
  /** Unix ms. */
  readonly expires: number
}

/** An agreed delegation, to begin an iteration with whose parent zones cannot be reached. */
export interface RingDelegation {
  readonly delegated: Delegated
  readonly certificate: Certificate
  readonly observers: readonly PeerId[]
  /** Unix ms. */
  readonly expires: number
}

export interface ReplicaReply {
  readonly peer: PeerId
  readonly elapsedMs: number
  readonly word: ReplicaWord
}

/** What one replica said, for `--explain`. */
export type ReplicaWord =
  | { readonly kind: 'certificate'; readonly signers: number }
  | { readonly kind: 'proof' }
  | { readonly kind: 'vote'; readonly digest: string }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'not-mine'; readonly believes: readonly PeerId[] }
  | { readonly kind: 'discarded'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string }
