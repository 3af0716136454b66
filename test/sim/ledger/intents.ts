/** What a transaction means and who made it, as its maker knows it: so that whoever replays the blocks needs neither codecs nor signatures. */
import type { ClaimMethod, NameSettings, NodeRole } from '../../../src/ledger/index.ts'

/** Keys and hashes are hex here. */
export type Deed =
  | { readonly kind: 'transfer'; readonly to: string; readonly amount: number }
  | { readonly kind: 'endorse'; readonly whom: string; readonly first: First | undefined }
  | { readonly kind: 'withdraw'; readonly whom: string }
  | { readonly kind: 'voteEndorser'; readonly subject: EndorserSubject; readonly inFavour: boolean }
  | { readonly kind: 'leave' }
  | {
      readonly kind: 'machine'
      readonly contact: string
      readonly ringKey: string | undefined
      readonly isTrue: boolean
    }
  | { readonly kind: 'beacon' }
  | { readonly kind: 'voteNode'; readonly subject: NodeSubject; readonly inFavour: boolean }
  | { readonly kind: 'votingKey'; readonly key: string; readonly isTrue: boolean }
  | { readonly kind: 'resign' }
  | { readonly kind: 'commit'; readonly hash: string }
  | {
      readonly kind: 'register'
      readonly label: string
      readonly hash: string
      readonly owner: string
      readonly settings: NameSettings
      readonly isTrue: boolean
    }
  | { readonly kind: 'update'; readonly place: Place; readonly settings: NameSettings }
  | {
      readonly kind: 'transferName'
      readonly place: Place
      readonly to: string
      readonly settings: NameSettings | undefined
    }
  | { readonly kind: 'release'; readonly place: Place }
  /** Where names have terms: with what is asked for, and what its carrier pays at most. */
  | {
      readonly kind: 'registerTerm'
      readonly label: string
      readonly hash: string
      readonly owner: string
      readonly settings: NameSettings
      readonly terms: number
      readonly isMovable: boolean
      /** Hash of its guardians. */
      readonly guardians: string | undefined
      readonly most: number
      readonly isTrue: boolean
      /** Of kept names: that of the label, another one, or none. */
      readonly page: 'right' | 'other' | 'none'
    }
  | { readonly kind: 'freePages'; readonly isOfNow: boolean; readonly inFavour: boolean }
  /** Rules of names from a height on: those of this number. */
  | { readonly kind: 'setPolicy'; readonly height: number; readonly which: number; readonly inFavour: boolean }
  /** A name for nobody, or for one owner; or for anybody. */
  | {
      readonly kind: 'keep'
      readonly label: string
      readonly isKept: boolean
      readonly owner: string | undefined
      readonly inFavour: boolean
    }
  | { readonly kind: 'settle'; readonly label: string }
  | ({ readonly kind: 'wish' } & WishDeed)
  | ({ readonly kind: 'title'; readonly inFavour: boolean } & WishDeed)
  | {
      readonly kind: 'renew'
      readonly label: string
      readonly generation: number
      readonly terms: number
      readonly most: number
    }
  | { readonly kind: 'restore'; readonly place: Place; readonly terms: number; readonly most: number }
  | { readonly kind: 'lock'; readonly place: Place; readonly isLocked: boolean; readonly proof: ProofDeed | undefined }
  | { readonly kind: 'cancel'; readonly place: Place }
  | { readonly kind: 'rollOwner'; readonly place: Place; readonly to: string; readonly proof: ProofDeed | undefined }
  | {
      readonly kind: 'setGuardians'
      readonly place: Place
      readonly guardians: string | undefined
      readonly proof: ProofDeed | undefined
    }
  | ({ readonly kind: 'freeze'; readonly until: number } & GuardedDeed)
  | ({ readonly kind: 'recover'; readonly to: string } & GuardedDeed)
  | ({ readonly kind: 'guardiansCancel' } & GuardedDeed)
  | { readonly kind: 'unused'; readonly label: string; readonly generation: number; readonly inFavour: boolean }
  /** DS of zone keys: of the key that the set names, of who signs it, and of those in the DNSKEY set, which sign that. */
  | {
      readonly kind: 'updateByCds'
      readonly label: string
      readonly next: Uint8Array
      readonly by: Uint8Array
      readonly keys: readonly Uint8Array[]
      /** Of the signature of the CDS set, unix seconds. */
      readonly from: number
      readonly until: number
      readonly isTrue: boolean
    }
  | { readonly kind: 'voteTld'; readonly subject: TldSubject; readonly inFavour: boolean }
  | { readonly kind: 'updateTld'; readonly label: string; readonly isLedgerOnly: boolean }
  | { readonly kind: 'handOverTld'; readonly label: string; readonly to: string }
  | ({ readonly kind: 'linkChain'; readonly origin: string; readonly inFavour: boolean } & LinkedHead)
  /** `isTrue`: of the chain that there is; else it is of a fork, and must never be taken. */
  | ({
      readonly kind: 'link'
      readonly origin: string
      readonly oldSize: number
      readonly size: number
      readonly isTrue: boolean
    } & LinkedHead)
  /** Where a link whose term is over begins anew, by a vote. */
  | ({
      readonly kind: 'renewLink'
      readonly origin: string
      readonly oldSize: number
      readonly size: number
      readonly inFavour: boolean
    } & LinkedHead)
  /** Two notes, or two headers. `isTrue`: signed by a quorum of the set, whose root is given. */
  | {
      readonly kind: 'noteFork' | 'headerFork'
      readonly origin: string
      readonly set: string
      readonly isTrue: boolean
    }
  | ({ readonly kind: 'accuse'; readonly id: string } & FaultDeed)
  | { readonly kind: 'answer'; readonly id: string; readonly isTrue: boolean }
  | ({ readonly kind: 'twoNotes' } & FaultDeed)
  | { readonly kind: 'activate'; readonly module: number; readonly height: number; readonly inFavour: boolean }
  | {
      readonly kind: 'putEntry'
      readonly label: string
      readonly owner: string
      readonly value: string
      readonly sequence: number
      /** Signed by the owner. */
      readonly isTrue: boolean
    }
  | { readonly kind: 'complain'; readonly account: string; readonly heights: readonly number[] }
  | { readonly kind: 'propose'; readonly subject: MotionSubjectDeed }
  | { readonly kind: 'reply'; readonly motion: number; readonly inFavour: boolean }
  | { readonly kind: 'withdrawMotion'; readonly motion: number }
  | { readonly kind: 'repaired'; readonly account: string }
  | ({ readonly kind: 'openClaim'; readonly method: ClaimMethod } & ClaimDeed)
  | { readonly kind: 'observe'; readonly claim: number; readonly isSeen: boolean }
  /** With sets that begin with a key of the root, the first or the second one; `key`: that the text names. */
  | ({
      readonly kind: 'proveClaim'
      readonly root: number
      readonly key: string
      /** Of the signature of the text, unix seconds. */
      readonly from: number
      readonly until: number
      readonly isProven: boolean
    } & ClaimDeed)
  | { readonly kind: 'voteAnchors'; readonly roots: readonly number[]; readonly inFavour: boolean }
  | { readonly kind: 'voteCertifier'; readonly subject: CertifierDeed; readonly inFavour: boolean }
  /** `isAsked`: signed by the key. */
  | {
      readonly kind: 'vouch'
      readonly key: string
      readonly name: string
      readonly until: number
      readonly isAsked: boolean
    }
  | { readonly kind: 'takeBack'; readonly key: string }
  | { readonly kind: 'nonsense' }

/** Of the header that is linked, or of the genesis: its time, and the root of the set that comes next. */
export interface LinkedHead {
  readonly time: number
  readonly next: string
}

/** What somebody in the set of a height is said to have done. */
export interface FaultDeed {
  /** The id of a validator. */
  readonly accused: string
  readonly height: number
  /** Of the header of that height. */
  readonly headerTime: number
  /** Headers of the history in which it is shown. */
  readonly size: number
  readonly isTrue: boolean
}

export interface First {
  readonly name: string
  readonly contact: string
  readonly ringKey: string
  /** When the machine answered, unix ms. */
  readonly at: number
  /** Signed by the account and by its machine. */
  readonly isTrue: boolean
}

export type EndorserSubject =
  | { readonly kind: 'add'; readonly account: string; readonly name: string }
  | { readonly kind: 'remove'; readonly account: string }

export type NodeSubject =
  | { readonly kind: 'add'; readonly account: string; readonly role: NodeRole }
  | { readonly kind: 'remove'; readonly account: string }

export type TldSubject =
  | { readonly kind: 'give'; readonly label: string; readonly registry: string }
  | { readonly kind: 'take'; readonly label: string }

/** The same name is somebody's in another TLD. */
export interface WishDeed {
  readonly label: string
  readonly tld: string
  readonly owner: string
}

/** Whose a claimed domain is to be, and what its carrier pays at most. */
export interface ClaimDeed {
  readonly label: string
  readonly generation: number
  readonly owner: string
  readonly settings: NameSettings
  readonly most: number
  /** Signed by the owner to be. */
  readonly isTrue: boolean
}

export type CertifierDeed =
  | { readonly kind: 'add'; readonly account: string; readonly name: string }
  | { readonly kind: 'remove'; readonly account: string }

/** What was signed about a name, and by whom. */
export interface Place {
  readonly label: string
  readonly generation: number
  readonly sequence: number
  readonly by: string
}

/** What is put to the vote of all. */
export type MotionSubjectDeed =
  | { readonly kind: 'remove'; readonly account: string; readonly heights: readonly number[] }
  | { readonly kind: 'add'; readonly account: string; readonly role: NodeRole }
  | {
      readonly kind: 'compensate'
      readonly account: string
      /** Of the marked records. */
      readonly heights: readonly number[]
      readonly payments: readonly { readonly to: string; readonly amount: number }[]
    }
  /** So many complaints start a review from now on. */
  | { readonly kind: 'rules'; readonly complaints: number }
  | { readonly kind: 'hide'; readonly label: string }
  | { readonly kind: 'show'; readonly label: string }

export interface MotionDeed {
  readonly subject: MotionSubjectDeed
  /** Undefined: so many complaints. */
  readonly by: string | undefined
}

/** What guardians have signed. */
export interface ProofDeed {
  /** Hash of those who are named. */
  readonly hash: string
  readonly enough: number
  readonly delayMs: number
  readonly keyWins: boolean
  /** So many of them signed. */
  readonly signed: number
  /** False: one of them signed something else. */
  readonly isTrue: boolean
}

/** What guardians do with a name, and for which of its rounds. */
export interface GuardedDeed {
  readonly label: string
  readonly generation: number
  readonly round: number
  readonly proof: ProofDeed
}

export interface Intent {
  readonly account: string
  readonly nonce: number
  readonly fee: number
  readonly expires: number
  /** By the account, for this chain. */
  readonly isSigned: boolean
  readonly deed: Deed
}
