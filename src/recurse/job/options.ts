import type { Clock, Endpoint, Exchange, Log, Random } from '../../base/index.ts'
import type { Cache, CacheContext } from '../../cache/index.ts'
import type { Delegation, Name } from '../../dns/index.ts'
import type { TrustAnchor } from '../../dnssec/index.ts'
import type { Outcome } from '../../evidence/index.ts'
import type { MinimiseMode, RootHint } from '../../iterator/index.ts'
import type { RecurseLimits } from '../limits.ts'

/** A zone whose servers are told, not found. */
export interface ZoneServers {
  readonly zone: Name
  readonly servers: readonly Endpoint[]
}

/** What is done otherwise with one server: ways out for those that cannot cope. What is undefined is as with all others. */
export interface ServerSwitches {
  /** `tcp`: never asked by UDP. */
  readonly transport?: 'auto' | 'tcp' | undefined
  readonly edns?: boolean | undefined
  /** 0x20. */
  readonly caseRandomisation?: boolean | undefined
  readonly cookie?: boolean | undefined
  /** The CD bit. Default: set for forwarders when this node validates (RFC 6840 section 5.9). */
  readonly cd?: boolean | undefined
  /** Seconds that its records are kept at most. */
  readonly maxTtl?: number | undefined
}

export interface RecursorOptions {
  readonly rootHints: readonly RootHint[]
  /** The port that authorities listen on, everywhere. */
  readonly port: number
  readonly ipv4: boolean
  /** `auto`: off without a route, and for a minute after 8 time-outs without a success while IPv4 works. */
  readonly ipv6: 'auto' | boolean
  readonly queryLoopback: boolean
  readonly qnameMinimisation: MinimiseMode
  /** 0x20. */
  readonly caseRandomisation: boolean
  /** Iterated from these servers; each in its own cache context. */
  readonly stubs: readonly ZoneServers[]
  /** Asked with RD=1; each in its own cache context. */
  readonly forwards: readonly ZoneServers[]
  /** Tell zones that ask for it that their data did not validate (RFC 9567). Shows them the name that was asked. */
  readonly errorReporting?: boolean
  readonly limits?: Partial<RecurseLimits>
  /** By address, as `normalAddress` writes it. */
  readonly servers?: ReadonlyMap<string, ServerSwitches>
}

/** Zones that are anchored elsewhere than in the DNS, with servers of their own: implemented by the ledger. Answers come at once, from what is known. */
export interface AnchorSource {
  /** The context of the anchored zone at or above a name. */
  contextOf(name: Name): CacheContext | undefined
  /** The servers of the anchored zone that a context stands for. */
  delegationOf(context: CacheContext): Delegation | undefined
  /**
   * Before the name of a server is resolved that nobody asked for: `contextOf` knows afterwards what is anchored. False: it does not exist
   * by the ledger's word, or must not be asked of the DNS. Undefined at once where there is no ledger. Rejects with ABORTED only.
   */
  learn?(name: Name, signal: AbortSignal): Promise<boolean> | undefined
}

/** Agreed delegations and keys: implemented by chunks. */
export interface DelegationSource {
  /** The deepest agreed delegation at or above `name` with more labels than `above`, and until when it holds (unix ms). */
  find(
    name: Name,
    above: number,
    signal: AbortSignal,
  ): Promise<{ readonly delegation: Delegation; readonly parent: Name; readonly expires: number } | undefined>
  /** The DNSKEY set of a zone as it was agreed: good for validating, which it has to pass. */
  keys(zone: Name, signal: AbortSignal): Promise<Outcome | undefined>
}

/** What validation goes by. */
export interface ValidationOptions {
  /** When they change, everything that was derived from them is forgotten. Returning the same object each time is fastest. */
  readonly anchors: () => readonly TrustAnchor[]
  /** Anchors that stand elsewhere, by the names below them. Whoever changes one has the recursor `forget` what was built on it. */
  readonly anchoredAt?: ((name: Name) => TrustAnchor | undefined) | undefined
  /** At and below these nothing is validated (RFC 7646). */
  readonly negativeAnchors: readonly Name[]
  readonly algorithms: ReadonlySet<number>
  readonly digests: ReadonlySet<number>
  /** Unix seconds; not the machine's clock when an operator fixed the time of validation. */
  readonly now: () => number
  /** Names of time servers, whose signatures' times do not count while the clock cannot be trusted. */
  readonly ntpNames?: readonly Name[]
  /** Answers from denials and wildcards that were validated before (RFC 8198). Default true. */
  readonly aggressive?: boolean
}

export interface RecursorDeps {
  readonly exchange: Exchange
  readonly cache: Cache
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly options: RecursorOptions
  /** Where this node itself listens now: never an upstream. */
  readonly ownListeners?: () => readonly Endpoint[]
  readonly anchors?: AnchorSource
  /** Where to begin when the parent zones cannot be reached. */
  readonly delegations?: DelegationSource | undefined
  /** Without it nothing is validated, and every answer is `indeterminate`. */
  readonly validation?: ValidationOptions | undefined
}
