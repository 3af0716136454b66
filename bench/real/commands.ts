/** What a process with real members is told, and what it answers. */
import type { PeerAddress, PeerId, RingId } from '../../src/base/index.ts'
import type { LookupMode } from '../../src/ring/types.ts'

export interface KadSetting {
  readonly k: number
  /** `default`: what the library does when nothing is said. 1: one request at a time, one path, as Chord asks. */
  readonly alpha: number | 'default'
}

export interface Timing {
  readonly stabiliseMs: number
  readonly auditMs: number
  readonly pingTimeoutMs: number
}

export type Command =
  | {
      readonly op: 'start'
      readonly ringId: string
      readonly names: readonly string[]
      readonly bootstrap: readonly PeerAddress[]
      /** A Kademlia for each k on every node. */
      readonly kads: readonly number[]
      /** Gossipsub on every node, all on one topic. */
      readonly pubsub: boolean
      readonly ring: Timing
      /** Seed of places that are as far apart as hosts of the Internet, and shared records on every member. */
      readonly far?: number
    }
  | { readonly op: 'seen' }
  | {
      readonly op: 'lookups'
      readonly mode: LookupMode
      /** Per member. */
      readonly count: number
      readonly seed: number
      /** All members, sorted. */
      readonly ids: readonly RingId[]
    }
  | { readonly op: 'begin-kads' }
  /** Offers whom it is connected to to its tables; looks around itself by this Kademlia while that is not everybody. */
  | { readonly op: 'fill'; readonly k: number; readonly members: number }
  | {
      readonly op: 'kad-lookups'
      readonly setting: KadSetting
      readonly count: number
      readonly seed: number
      readonly peers: readonly PeerId[]
      /** Of those peers, where links are long. */
      readonly addresses?: readonly PeerAddress[]
    }
  /** A member tells that it had to fetch these names; members that hold each; reads of them by every member. */
  | { readonly op: 'tell'; readonly name: string; readonly names: readonly string[] }
  | { readonly op: 'held'; readonly names: readonly string[] }
  | { readonly op: 'reads'; readonly names: readonly string[]; readonly count: number; readonly seed: number }
  | { readonly op: 'watch'; readonly peers: readonly PeerId[] }
  | { readonly op: 'heard' }
  | { readonly op: 'leave'; readonly name: string }
  | { readonly op: 'come-back'; readonly name: string }
  | { readonly op: 'publish'; readonly name: string; readonly event: number; readonly bytes: number }
  | { readonly op: 'stop' }

export interface Member {
  readonly name: string
  readonly peer: PeerId
  readonly id: RingId
  readonly address: PeerAddress
}

export interface Seen {
  readonly name: string
  readonly joined: boolean
  readonly members: number
  readonly id: RingId
  readonly predecessor: RingId | undefined
  readonly successors: readonly RingId[]
  readonly connections: number
  /** Peers in each routing table of Kademlia. */
  readonly kads: readonly number[]
}

export interface RingOutcome {
  readonly hops: number
  readonly timeouts: number
  readonly right: boolean
  readonly ms: number
}

export interface KadOutcome {
  /** Requests one after the other until one of the k closest answered; 0 when the asker is one. Undefined: none did. */
  readonly depth: number | undefined
  /** Requests sent until then, and in all. */
  readonly messages: number
  readonly messagesToEnd: number
  readonly errors: number
  /** Until the first answer, and in all. */
  readonly ms: number
  readonly msToEnd: number
  /** Round trip to the nearest of the k closest, where links are long. Ms. */
  readonly nearestMs?: number
}

/** A read of the ring's records over long links. */
export interface FarOutcome {
  readonly found: boolean
  readonly ms: number
  /** Round trip to the nearest replica. Ms. */
  readonly nearestMs: number
  readonly requests: number
}

/** A member knows of an event. Of the ring: 2 i for `member i has left`, 2 i + 1 for `is back`. `at`: Unix ms, with fractions. */
export interface Heard {
  readonly by: string
  readonly event: number
  readonly at: number
}
