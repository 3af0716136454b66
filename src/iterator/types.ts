import type { Endpoint } from '../base/index.ts'
import type { Delegation, Name, Question } from '../dns/index.ts'
import type { Absence, Outcome, Presence } from '../evidence/index.ts'

/** What was asked, and of whom: everything that decides what the reply may say. */
export interface Asked {
  readonly question: Question
  /** The zone whose servers were asked: the bailiwick. For a forward zone, its apex. */
  readonly zone: Name
  /** `authority`: RD=0, must answer with authority. `forward`: RD=1, another resolver's word. */
  readonly role: 'authority' | 'forward'
  /** True when a zone cut below `zone` is known at or above `name`: then `zone` may not say anything of it. */
  readonly isBelowCut?: (name: Name) => boolean
}

/** A further RRset or absence of the same reply that the zone asked may state. */
export interface Extra {
  readonly question: Question
  readonly outcome: Outcome
  readonly section: 'answer' | 'authority'
}

/** An answer or absence of a server that should not give one: never with authority, so of a low rank, and kept for seconds without SOA. */
export type AtWorst = Extract<Reply, { kind: 'answer' | 'cname' | 'dname' | 'nodata' | 'nxdomain' }>

/** What a reply says, scrubbed: nothing in it is outside the bailiwick of the zone asked. */
export type Reply =
  | {
      readonly kind: 'answer' | 'cname' | 'dname'
      readonly outcome: Presence
      readonly extras: readonly Extra[]
      /** False for a broken authority that answers without AA: believed, but at a lower rank. */
      readonly authoritative: boolean
    }
  | {
      readonly kind: 'nodata' | 'nxdomain'
      readonly outcome: Absence
      readonly extras: readonly Extra[]
      /** As above. */
      readonly authoritative?: false
    }
  | { readonly kind: 'referral'; readonly delegation: Delegation }
  /**
   * The server is not responsible, whatever its reason: ask another one. `atWorst`: what it says all the same, scrubbed like any reply,
   * for when no server does better.
   */
  | { readonly kind: 'lame'; readonly why: string; readonly atWorst?: AtWorst }
  | { readonly kind: 'truncated' }
  | { readonly kind: 'error'; readonly rcode: number; readonly edns: boolean }
  /** Not the reply to what was asked: as if it had not come. */
  | { readonly kind: 'mismatch'; readonly why: string }

/** One address of one server of a zone. */
export interface Server {
  readonly endpoint: Endpoint
  readonly family: 4 | 6
  /** Undefined for configured servers. */
  readonly name: Name | undefined
}

/** What is known of one server address. All times are monotonic ms. */
export interface ServerState {
  /** Smoothed round-trip time and its variation (RFC 6298); undefined before the first reply. */
  readonly srttMs: number | undefined
  readonly rttVarMs: number
  /** Time-outs since the last reply. */
  readonly timeouts: number
  /** Not asked before, unless there is nobody else. */
  readonly restsUntil: number
  readonly updated: number
}

/** Which addresses a node may send to. */
export interface AddressRules {
  readonly ipv4: boolean
  readonly ipv6: boolean
  /** Test worlds live on 127.0.0.0/8 and ::1; on the Internet such a server address only attacks this host. */
  readonly queryLoopback: boolean
  readonly port: number
  /** Addresses and ports on which this node itself listens. */
  readonly own: readonly Endpoint[]
}
