/** The words of the round machine: its phases, what it is told, and what it wants done. */
import type { PeerId } from '../../../base/index.ts'
import type { Certificate, CertificateContext, Commitment, Content } from '../../../evidence/index.ts'
import type { LiveVote, ObserveHow, RoundId } from '../../wire/messages.ts'
import type { Agreed } from './decide.ts'
import type { WorthContext } from './worth.ts'

/** What outlives one round. */
export interface RoundMemory {
  /** Openers that did not deliver: they may open, but nobody here waits for them. */
  readonly distrusted: readonly PeerId[]
  /** Rounds in a row without agreement: each doubles the rest. */
  readonly failures: number
}

/** Which round this is, and what those before it under the same nonce brought. */
export interface Series extends RoundId {
  readonly how: ObserveHow
  readonly before: readonly LiveVote[]
  readonly fallback: Agreed | undefined
}

export type RoundPhase =
  | { readonly phase: 'idle' }
  /** Another replica is before this one in ring order, and has until `openAt` to open. */
  | { readonly phase: 'waiting'; readonly openAt: number; readonly series: Series }
  /** Those before this one are asked why they did not open. */
  | { readonly phase: 'probing'; readonly deadline: number; readonly series: Series }
  /** It is this node's turn, but it has no CPU to spare now. */
  | { readonly phase: 'queued'; readonly series: Series }
  /** This node fetches for itself. */
  | { readonly phase: 'observing'; readonly deadline: number; readonly series: Series }
  /** The others fetch, and send commitments to what they saw. */
  | {
      readonly phase: 'committing'
      readonly series: Series
      readonly deadline: number
      readonly waitingFor: readonly PeerId[]
      readonly mine: LiveVote
      readonly committed: readonly PeerId[]
      readonly commitments: readonly Commitment[]
      readonly hidden: number
      /** Replicas that were busy. */
      readonly busy: number
    }
  /** Those who committed reveal what they saw. */
  | {
      readonly phase: 'revealing'
      readonly series: Series
      readonly deadline: number
      readonly waitingFor: readonly PeerId[]
      readonly votes: readonly LiveVote[]
      readonly hidden: number
    }
  /** Another replica has opened a round. */
  | { readonly phase: 'yielded'; readonly to: PeerId; readonly until: number }
  /** A round failed not long ago. */
  | {
      readonly phase: 'resting'
      readonly until: number
      /** It was wanted, and could be agreed on: at the end of the rest it is tried again if it still pays. */
      readonly isOwed: boolean
      /** Somebody asked meanwhile: the rest ends with a round. */
      readonly wanted?: Pick<Series, 'nonce' | 'how'>
    }

export type PhaseName = RoundPhase['phase']
export type RoundState = RoundPhase & { readonly memory: RoundMemory }
/** The state in one phase. */
export type In<P extends PhaseName> = Extract<RoundState, { phase: P }>

const NO_MEMORY: RoundMemory = { distrusted: [], failures: 0 }

export const IDLE: RoundState = { phase: 'idle', memory: NO_MEMORY }

/** What the machine is told with every step; the shell computes it from the ring and its own memory. */
export interface RoundContext extends WorthContext {
  /** The replicas before this node in ring order that it believes live. None: it opens at once. */
  readonly before: readonly PeerId[]
  /** This node has fetched the answer for its own client. */
  readonly hasFetched: boolean
  /** The other filled seats. */
  readonly others: readonly PeerId[]
  readonly roundTimeoutMs: number
  /** This node has no CPU to spare for another round now: one that is to begin waits. */
  readonly mustQueue?: boolean
  readonly certificate: Omit<CertificateContext, 'now' | 'outcome'>
}

export type RoundEvent =
  /** Somebody asked, or an entry needs new signers. `nonce` is fresh randomness; `how` says whether an earlier fetch will do. */
  | { readonly kind: 'wanted'; readonly nonce: Uint8Array; readonly how: 'known' | 'fresh' }
  | { readonly kind: 'tick' }
  /** This node has CPU to spare now. */
  | { readonly kind: 'free' }
  /** It had none for too long, or too many rounds waited. */
  | { readonly kind: 'not-free' }
  /** Whether one of the replicas before this one has observed and says that a round does not pay. */
  | { readonly kind: 'probed'; readonly discouraged: boolean }
  /** This node's own fetch ended; undefined: it failed, or may not be shared. */
  | { readonly kind: 'observed'; readonly vote: LiveVote | undefined }
  /** The fetch was not begun: too much is in work. The next demand tries again. */
  | { readonly kind: 'put-off' }
  /** A replica's valid commitment for this round. */
  | { readonly kind: 'committed'; readonly from: PeerId; readonly commitment: Commitment }
  /** A replica sees an address of private space. */
  | { readonly kind: 'hidden'; readonly from: PeerId }
  /** A replica's valid vote for this round, and what it had committed to. */
  | { readonly kind: 'voted'; readonly from: PeerId; readonly vote: LiveVote }
  /** A replica has nothing to say, or nothing that counts: it abstains. */
  | { readonly kind: 'silent'; readonly from: PeerId }
  /** A replica has no CPU to spare for this round: it abstains, and may take part in the next. */
  | { readonly kind: 'busy'; readonly from: PeerId }
  /** Another replica opened a round. */
  | { readonly kind: 'rival'; readonly from: PeerId; readonly nonce: Uint8Array }
  /** A certificate for the question arrived and was taken in. */
  | { readonly kind: 'settled' }

/** One kind of event. */
export type Event<K extends RoundEvent['kind']> = Extract<RoundEvent, { kind: K }>

export type GaveUp = 'no-majority' | 'busy' | 'no-observation' | 'does-not-pay' | 'not-delivered'

export type RoundEffect =
  /** Say `free` as soon as this node has CPU to spare, or `not-free`. */
  | { readonly kind: 'queue' }
  | { readonly kind: 'probe'; readonly peers: readonly PeerId[] }
  | ({ readonly kind: 'observe'; readonly how: ObserveHow } & RoundId)
  /** Request a commitment of each of the peers. */
  | ({ readonly kind: 'open'; readonly peers: readonly PeerId[]; readonly how: ObserveHow } & RoundId)
  /** Request a reveal of each. `commitments`: those of the others; this node's own goes with them. */
  | ({
      readonly kind: 'reveal'
      readonly peers: readonly PeerId[]
      readonly mine: LiveVote
      readonly commitments: readonly Commitment[]
    } & RoundId)
  | {
      readonly kind: 'agreed'
      readonly certificate: Certificate
      readonly outcome: Content
      /** Those who saw something else in the last round. A censored vantage point is honest, so it is only told. */
      readonly dissenters: readonly Uint8Array[]
    }
  /** Send a `tick` at this time (unix ms); a later one replaces an earlier one. */
  | { readonly kind: 'wake'; readonly at: number }
  | { readonly kind: 'gave-up'; readonly reason: GaveUp }
  /** The rest is over, and the question is still wanted: a `wanted` with a fresh nonce is owed. */
  | { readonly kind: 'want-again' }
  | Ignored

/** An event changed nothing: it came in another phase than it belongs to, or of a peer that was not waited for. To be counted. */
export interface Ignored {
  readonly kind: 'ignored'
  readonly event: RoundEvent['kind']
  readonly phase: PhaseName
  readonly expected: readonly PhaseName[]
}

export interface RoundStep {
  readonly state: RoundState
  readonly effects: readonly RoundEffect[]
}
