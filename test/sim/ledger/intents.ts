/** What a transaction means and who made it, as its maker knows it: so that whoever replays the blocks needs neither codecs nor signatures. */
import type { NameSettings, NodeRole } from '../../../src/ledger/index.ts'

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
  | { readonly kind: 'voteTld'; readonly subject: TldSubject; readonly inFavour: boolean }
  | { readonly kind: 'updateTld'; readonly label: string; readonly isLedgerOnly: boolean }
  | { readonly kind: 'handOverTld'; readonly label: string; readonly to: string }
  | { readonly kind: 'linkChain'; readonly origin: string; readonly inFavour: boolean }
  /** `isTrue`: of the chain that there is; else it is of a fork, and must never be taken. */
  | {
      readonly kind: 'link'
      readonly origin: string
      readonly oldSize: number
      readonly size: number
      readonly isTrue: boolean
    }
  | { readonly kind: 'nonsense' }

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

/** What was signed about a name, and by whom. */
export interface Place {
  readonly label: string
  readonly generation: number
  readonly sequence: number
  readonly by: string
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
