/** What a world is made of, and what its servers can be told to do. */
import type { UpstreamProtocol } from '../../src/base/index.ts'
import type { Message, Question } from '../../src/dns/index.ts'

export interface WorldSpec {
  /** Servers by a name of your choice. Addresses are loopback literals: 127.x.y.z, or ::1 for one server. */
  readonly servers: Readonly<Record<string, ServerSpec>>
  readonly zones: readonly ZoneSpec[]
  /** Fixed port; without it a free one is chosen. */
  readonly port?: number
  /** Seed of loss and other chance; the same seed gives the same losses. */
  readonly seed?: number
}

export interface ServerSpec {
  readonly addresses: readonly string[]
  readonly behaviour?: Behaviour
}

export interface ZoneSpec {
  /** Absolute, e.g. 'example.com.'. */
  readonly origin: string
  /** Names of the servers (see WorldSpec.servers) that carry the zone. */
  readonly servers: readonly string[]
  /** Ordinary zone-file text; relative names belong to the origin. SOA and the apex NS set are needed. */
  readonly text: string
  readonly views?: readonly ViewSpec[]
  /** Another version of the zone on some of its servers: whole zone-file texts by server name (see copies.ts). */
  readonly copies?: Readonly<Record<string, string>>
}

/** For these askers the RRsets of `text` take the place of the zone's own (GeoDNS, CDN). The first match counts. */
export interface ViewSpec {
  /** CIDR texts or plain addresses. */
  readonly from: readonly string[]
  readonly text: string
}

/** What a server received, and what it can go by. */
export interface Asked {
  /** Name of the server. */
  readonly server: string
  /** The server's address that was asked. */
  readonly address: string
  readonly from: string
  readonly fromPort: number
  readonly protocol: UpstreamProtocol
  /** Monotonic ms of the world's clock. */
  readonly at: number
  readonly query: Message
  readonly question: Question
  /** Presentation form, case as asked. */
  readonly name: string
  readonly type: string
}

/** What the server truly has for a question: the same asker and flags, another type and, if given, another name. */
export type Truth = (type: string, name?: string) => Message

/** One thing sent back: a message to encode, or raw bytes. `afterMs` counts from the reply's own time. */
export interface Sending {
  readonly reply: Message | Uint8Array
  readonly afterMs?: number
}

/**
 * What a server does instead of, or on top of, the truth. Everything is optional, and can be set and taken back at run
 * time with `server.behave(...)`. `undefined` in a later call takes a setting back.
 */
export interface Behaviour {
  /** Ms before the reply is sent. */
  readonly delayMs?: number | ((asked: Asked) => number) | undefined
  /** Share of queries that are lost, 0 to 1, drawn from the world's seed. UDP only. */
  readonly loss?: number | undefined
  /** Never answers; TCP connections are accepted and left waiting. */
  readonly silent?: boolean | ((asked: Asked) => boolean) | undefined
  /** TCP connections are closed at once. */
  readonly noTcp?: boolean | undefined
  readonly noUdp?: boolean | undefined
  /** Every question gets this rcode and nothing else (REFUSED 5, SERVFAIL 2 ...). */
  readonly rcode?: number | ((asked: Asked) => number | undefined) | undefined
  /** `refer-up`: the server does not know its zone and points at the root; `no-aa`: it answers from a cache, AA clear. */
  readonly lame?: 'refer-up' | 'no-aa' | undefined
  /** UDP answers always carry TC and nothing else. */
  readonly truncate?: boolean | undefined
  /** UDP answers are cut at this size even if the client allows more. Default 1232. */
  readonly maxUdp?: number | undefined
  /** `formerr`: FORMERR without OPT for EDNS queries; `ignore`: answers as if there were no OPT; `drop`: silence for EDNS queries; `badvers`: BADVERS. */
  readonly edns?: 'normal' | 'formerr' | 'ignore' | 'drop' | 'badvers' | undefined
  /** The question comes back in lower case: such a server breaks 0x20. */
  readonly lowerCase?: boolean | undefined
  /** Address sets rotate by one with each answer. */
  readonly rotate?: boolean | undefined
  /** Address sets show only so many members, another window each time. */
  readonly subset?: number | undefined
  /** Positive answers carry the apex NS set and its glue in addition, as old BIND did. */
  readonly fullAnswers?: boolean | undefined
  /** TCP: bytes are written in pieces of this size. */
  readonly tcpPieces?: number | undefined
  /** Zone-file text (absolute names): its RRsets take the place of the zones' own on this server: a lie. */
  readonly lie?: string | undefined
  /** What is sent for this query. See odd.ts and lies.ts for ready-made ones. Nothing returned = silence. */
  readonly tamper?: ((reply: Message, asked: Asked, truth: Truth) => readonly Sending[]) | undefined
  /** Last word: the encoded message becomes these octets. Not for what `tamper` sends as bytes. */
  readonly octets?: ((bytes: Uint8Array, asked: Asked) => Uint8Array) | undefined
}
