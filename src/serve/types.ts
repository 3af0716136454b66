/** The stub-facing door: sockets, access, and the DNS header's etiquette. */
import type { Clock, Endpoint, Log } from '../base/index.ts'
import type { ExtendedError, Name, Question } from '../dns/index.ts'
import type { Provenance, Security } from '../evidence/index.ts'
import type { Resolver } from '../resolver/index.ts'
import type { ServeLimits } from './limits.ts'

/** A socket that is bound already, and listens if it is a stream. */
export interface InheritedSocket {
  readonly fd: number
  readonly kind: 'datagram' | 'stream'
  readonly endpoint: Endpoint
}

export interface AccessOptions {
  /** CIDR texts; loopback only by default. */
  readonly allow: readonly string[]
}

/** How questions come: plain, over TLS (RFC 7858), over HTTPS (RFC 8484). */
export type Protocol = 'udp' | 'tcp' | 'tls' | 'https'

/** `auto`: 127.0.0.1 and ::1 on port 53, else 5300, whichever can be bound. */
export type ListenOptions =
  | 'auto'
  | {
      readonly udp: readonly string[]
      readonly tcp: readonly string[]
      readonly tls?: readonly string[]
      readonly https?: readonly string[]
    }

/** What a server shows of itself over TLS. */
export interface TlsOptions {
  /** PEM: the certificate, and those between it and what clients trust. */
  readonly certificate: string
  /** PEM. */
  readonly key: string
  /** The name that clients know this server by, told to those who ask for encrypted ways (RFC 9462). Undefined: they are told nothing. */
  readonly name: string | undefined
}

/** Response rate limiting, over UDP. */
export interface RateOptions {
  /** Replies that one client gets in a second, and at once; 0: as many as it asks for. */
  readonly perSecond: number
  /** Each so-manieth reply above it goes out cut (TC) and is not dropped; 0: none, 1: all. */
  readonly slip: number
  /** Nobody can forge an address of this machine from outside, and a forwarder on it asks for many: they are not counted. Default: false. */
  readonly countsLoopback?: boolean
}

/** What the server says of itself to those who may ask. What is undefined is not said. */
export interface IdentityOptions {
  /** `version.bind` and `version.server`, class CHAOS. At most 255 bytes of UTF-8. */
  readonly version?: string | undefined
  /** `id.server` and `hostname.bind`. Likewise. */
  readonly id?: string | undefined
  /** RFC 5001, sent to who asks for it. */
  readonly nsid?: string | undefined
}

export interface ServeOptions {
  readonly listen: ListenOptions
  readonly access: AccessOptions
  /** Adds EDE texts with the provenance of the answer. */
  readonly explain: boolean
  readonly minimalResponses: boolean
  /** How many replies over UDP one client gets. Without it as many as it asks for. */
  readonly rate?: RateOptions
  /** Without it nothing is said. */
  readonly identity?: IdentityOptions
  /** `onQuery` is to hear of every question: none is answered from the table. Default: false. */
  readonly tellsAll?: boolean
  /** Needed for `listen.tls` and `listen.https`. */
  readonly tls?: TlsOptions | undefined
}

export interface BoundAddress extends Endpoint {
  readonly protocol: Protocol
}

export interface ServeStats {
  readonly queries: number
  readonly answered: number
  readonly refused: number
  readonly malformed: number
  readonly dropped: number
  readonly servfail: number
  /** Replies that were dropped or cut, since their client had had its share of them. */
  readonly limited: number
  readonly inFlight: number
  /** Of TCP, TLS and HTTPS. */
  readonly tcpConnections: number
  /** Of the workers; undefined where there are none. Their answers are counted above, too. */
  readonly fast?: FastPathStats
}

/** What the workers did. */
export interface FastPathStats {
  readonly workers: number
  /** Answered by the workers, and of these with TC. */
  readonly answered: number
  readonly cut: number
  /** Of those answered, over connections, which this thread does. */
  readonly overTcp: number
  /** Handed over to the main thread, and lost since it was too busy to take them. */
  readonly handedOver: number
  readonly lost: number
  /** Replies that the system did not take. */
  readonly unsent: number
  /** Answers that the main thread was told are worth fetching again. */
  readonly hints: number
  /** Replies that were dropped or cut, since their client had had its share. */
  readonly limited: number
  /** Workers that died and were replaced. */
  readonly restarts: number
  readonly tableEntries: number
  readonly tableBytes: number
  readonly tableEvictions: number
  /** How often the whole table was dropped. */
  readonly tableDrops: number
}

/** One finished question, for metrics and (if the operator asked) query logs. */
export interface QueryEvent {
  readonly protocol: Protocol
  readonly client: string
  /** Undefined when the packet had no readable question. */
  readonly question: Question | undefined
  /** Undefined when nothing was sent. */
  readonly rcode: number | undefined
  readonly security: Security | undefined
  readonly provenance: Provenance | undefined
  readonly elapsedMs: number
  /** Extended errors of the answer. */
  readonly ede: readonly ExtendedError[]
  /** The list of the operator's filter that blocks the name; left out: none does. */
  readonly blockedBy?: string | undefined
}

/** A message of a client as it came, or what goes back to it, without the framing of its transport. */
export interface WireEvent {
  readonly kind: 'query' | 'response'
  readonly protocol: Protocol
  readonly client: string
  readonly port: number
  readonly question: Question
  /** For as long as the call lasts. */
  readonly bytes: Uint8Array
  /** Since the query came, ms. */
  readonly elapsedMs: number
}

/** An address that this machine has. */
export interface LocalAddress {
  /** With its zone if it is one of a link: `fe80::1%eth0`. */
  readonly address: string
  /** Number of that interface; 0 for addresses that need none. */
  readonly scope: number
}

/** The fast path: workers that answer over UDP what was answered before. */
export interface FastOptions {
  /** Where this machine can; the log says why where it cannot. */
  readonly fast: boolean
  readonly workers: number
  /** Bytes of the table of answers. */
  readonly tableBytes: number
}

export interface FrontEndDeps {
  readonly resolver: Resolver
  readonly options: ServeOptions
  readonly clock: Clock
  readonly log: Log
  /** Random bytes of this process, 16 or more, that server cookies are made with; without them cookies are ignored. */
  readonly cookieSecret?: Uint8Array
  /** Without it, or without `seed`, the main thread answers everything. */
  readonly fast?: FastOptions
  /** 8 random bytes that the answer table's hash is keyed with. */
  readonly seed?: Uint8Array
  /** Of the service manager: taken where `listen` names their addresses, and with `auto` the only ones. Default: none. */
  readonly inherited?: readonly InheritedSocket[]
  /** Other bounds than those of limits.ts. */
  readonly limits?: Partial<ServeLimits>
}

/**
 * Somebody says that a zone has changed (type SOA, RFC 1996), or that its CDS set has (RFC 9859). `from`: the address that the packet came
 * from, which can be forged. Owes whether it is of use, such as from a server of the zone; undefined: it is not listened to now.
 */
export type OnNotify = (zone: Name, from: string, type: number) => 'taken' | 'refused' | undefined

export interface FrontEndHooks {
  /** Owes whether answers to this question hold until the cache changes or their time is over. Without it all do. */
  readonly mayRemember?: (question: Question) => boolean
  /** Without it NOTIFY is answered with NOTIMP. */
  readonly onNotify?: OnNotify
  /**
   * Hears of every question that is over, answered or not; of those that are answered from the table, only with `ServeOptions.tellsAll`.
   */
  readonly onQuery?: (event: QueryEvent) => void
  /** Hears of the messages themselves, those with a readable question, with the same exception. Must not throw. */
  readonly onWire?: (event: WireEvent) => void
  /** The addresses of this machine now, so that a wildcard gets one socket for each. Without it the system chooses where replies leave from. */
  readonly localAddresses?: () => readonly LocalAddress[]
}

/** A running front end. */
export interface FrontEnd {
  /** As they are now: those of a wildcard come and go. */
  readonly addresses: readonly BoundAddress[]
  stats(): ServeStats
  /** Changes what can change without new sockets. Throws CONFIG_ACCESS_MISSING, and then changes nothing. */
  reconfigure(options: Omit<ServeOptions, 'listen'>): void
  /** The cache was changed under a name; undefined: as a whole. What the workers know of it is not given any more. */
  cacheChanged(name: Name | undefined): void
  /** Stops listening, lets questions in work finish for at most `drainMs`, then closes. */
  close(drainMs: number): Promise<void>
}

export type { Resolver }
