/** What a node is started with, in the words of the rooms that take it. */
import type { Endpoint, PeerAddress } from '../base/index.ts'
import type { CacheOptions } from '../cache/index.ts'
import type { ChunksOptions } from '../chunks/index.ts'
import type { Name } from '../dns/index.ts'
import type { FilterOptions, ListOptions } from '../filter/index.ts'
import type { MinimiseMode } from '../iterator/index.ts'
import type { Precedence } from '../ledger/index.ts'
import type { RecurseLimits, ServerSwitches, ZoneServers } from '../recurse/index.ts'
import type { Dns64Options, LocalData, RebindingOptions, ResolverOptions } from '../resolver/settings.ts'
import type { RingOptions } from '../ring/index.ts'
import type { AccessOptions, FastOptions, IdentityOptions, ListenOptions, ServeOptions } from '../serve/settings.ts'

export interface Config {
  readonly listen: ListenOptions
  readonly access: AccessOptions
  readonly tls: TlsConfig
  readonly serve: FastOptions & { readonly repliesPerSecond: number; readonly slip: number }
  readonly resolver: ResolverOptions &
    Pick<ServeOptions, 'explain' | 'minimalResponses'> & {
      readonly followChanges: boolean
      readonly keepDelegations: { readonly zones: readonly Name[]; readonly days: number }
    }
  readonly iterator: IteratorConfig
  readonly dnssec: DnssecConfig
  readonly cache: CacheOptions & { readonly persist: boolean }
  /** Compiled: the files it names have been read. */
  readonly local: LocalData
  readonly filter: FilterConfig
  /** Undefined: off. */
  readonly dns64: Dns64Options | undefined
  /** Undefined: off. */
  readonly rebinding: RebindingOptions | undefined
  /** Undefined: devices are not looked for. */
  readonly devices: DevicesConfig | undefined
  readonly ring: RingConfig
  readonly chunks: Pick<ChunksOptions, 'admitAfter' | 'requestTimeoutMs' | 'roundTimeoutMs'> & {
    readonly historyHours: number
    readonly recordAfter: 'auto' | number
  }
  readonly ledger: LedgerConfig
  /** What is said of this server. */
  readonly identity: IdentityOptions
  /** Directory of identity and databases. */
  readonly data: string
  readonly status: { readonly listen: Endpoint | false; readonly dashboard: Endpoint | false }
  readonly log: { readonly level: string; readonly queries: boolean }
  /** What is kept of single questions, in memory. */
  readonly queries: QueriesConfig
}

export interface QueriesConfig {
  readonly privacy: 'off' | 'names' | 'clients' | 'full'
  readonly keep: number
  readonly hours: number
  readonly ignore: readonly string[]
  /** Undefined: nobody reads. */
  readonly dnstap: DnstapConfig | undefined
}

/** Who reads messages by dnstap, and which. */
export interface DnstapConfig {
  readonly to:
    | { readonly kind: 'unix' | 'file'; readonly path: string }
    | { readonly kind: 'tcp'; readonly endpoint: Endpoint }
  readonly messages: readonly `${'client' | 'resolver' | 'forwarder'}-${'query' | 'response'}`[]
  readonly identity: string | undefined
  readonly sendsVersion: boolean
}

/** What is blocked, and for whom. */
export interface FilterConfig {
  readonly lists: readonly FilterList[]
  readonly options: FilterOptions
  /** Lists that the operator switched off. */
  readonly disabled: readonly string[]
}

export interface FilterList {
  readonly options: ListOptions
  /** URL or path. */
  readonly source: string
  readonly isUrl: boolean
  /** How often it is fetched, or its file looked at. */
  readonly everyMs: number
  readonly maxBytes: number
  /** Whether any box of the household may have named it. */
  readonly isShared: boolean
  /** It comes from these by transfer, and `source` only says so. */
  readonly transfer?: ZoneSource
}

export interface ZoneSource {
  readonly zone: Name
  readonly primaries: readonly Endpoint[]
  readonly tsig:
    | {
        readonly name: Name
        readonly algorithm: 'hmac-sha256' | 'hmac-sha384' | 'hmac-sha512'
        readonly secretFile: string
      }
    | undefined
}

export interface TlsConfig {
  /** Both or none; without them the node signs a certificate itself. */
  readonly certificateFile?: string | undefined
  readonly keyFile?: string | undefined
  readonly name?: string | undefined
}

export interface IteratorConfig {
  /** `builtin`, or a file of zone-file lines. */
  readonly rootHints: string
  readonly port: number
  readonly ipv4: boolean
  readonly ipv6: 'auto' | boolean
  readonly queryLoopback: boolean
  readonly qnameMinimisation: MinimiseMode
  readonly caseRandomisation: boolean
  readonly errorReporting: boolean
  /** File with a copy of the root zone. */
  readonly localRoot?: string | undefined
  /** Source addresses of upstream queries; empty: the system's choice. */
  readonly bind: readonly string[]
  readonly limits: Partial<RecurseLimits>
  readonly stubs: readonly ZoneServers[]
  readonly forwards: readonly ZoneServers[]
  /** By address. */
  readonly servers: ReadonlyMap<string, ServerSwitches>
}

export interface DnssecConfig {
  readonly validate: boolean
  /** `builtin`, or a file of DS or DNSKEY lines. */
  readonly trustAnchors: string
  readonly negativeTrustAnchors: readonly Name[]
  /** What fails validation is logged, and served all the same. */
  readonly logOnly: boolean
  /** Names of servers of time, validated leniently while the clock cannot be trusted. */
  readonly ntpNames: readonly Name[]
  readonly sha1: 'validate' | 'insecure'
  /** RFC 8198. */
  readonly aggressive: boolean
}

export interface DevicesConfig {
  /** What their names are in, without a final dot. */
  readonly domain: string
  /** Nobody else is asked for names in it: no other one exists. */
  readonly isOwn: boolean
  /** Files; `auto`: the usual places. */
  readonly leases: 'auto' | readonly string[]
  /** Who is asked for the names of addresses; `auto`: the gateway. */
  readonly router: 'auto' | false | string
  /** Whether names of `local` are asked of the local network. */
  readonly mdns: boolean
}

export interface LedgerConfig {
  /** File; undefined: there is no ledger. */
  readonly genesis: string | undefined
  readonly roles: readonly ('validator' | 'full' | 'archive')[]
  readonly votingKeyFile: string
  readonly accountFile: string
  /** By TLD in lower case. */
  readonly precedence: ReadonlyMap<string, Precedence>
  readonly unreachable: 'dns' | 'fail'
  /** Whether names that a TLD hides are not resolved. */
  readonly hidden: 'heed' | 'ignore'
  /** Account keys of endorsers whose inquiries are answered, hex. */
  readonly answerTo: readonly string[]
  /** Whether this node's organisation replies to reviews by itself, by what its node found. */
  readonly reviews: 'show' | 'vote'
  /** CDS sets that this node carries to the ledger. */
  readonly carry: { readonly names: readonly Name[]; readonly notified: boolean; readonly everyMs: number }
  /** Outside logs whose checkpoints are cosigned. Keys are notes' keys, as text. */
  readonly witness: readonly { readonly origin: string; readonly keys: readonly string[]; readonly enough: number }[]
  /** Blocks that the operator trusts, by the names of chains. */
  readonly trust: ReadonlyMap<string, { readonly height: number; readonly blockId: Uint8Array }>
}

export interface RingConfig {
  readonly enabled: boolean
  readonly id: string
  /** Multiaddrs. */
  readonly listen: readonly PeerAddress[]
  /** Told to other members instead of `listen`, unless it is empty. */
  readonly announce: readonly PeerAddress[]
  readonly mdns: boolean
  /** Nodes of a DHT; empty: none is used. */
  readonly rendezvous: readonly PeerAddress[]
  readonly rendezvousProtocol: string
  readonly bootstrap: readonly PeerAddress[]
  readonly admission: 'psk' | 'endorsed' | 'open'
  /** Nobody asked for it: a ring of one, so that others can be invited. Nothing else may fail because of it. */
  readonly byDefault: boolean
  /** Always there for an enabled psk ring. */
  readonly secretFile: string | undefined
  /** The secret is this node's own to make: no file was named, and nobody to join. */
  readonly makesSecret: boolean
  readonly acceptFrom: ChunksOptions['acceptFrom']
  readonly share: boolean
  readonly replicas: number
  readonly chunkBits: number
  /** The configuration names `chunkBits`; else it is that of a ring that begins now, unless the data directory has another. */
  readonly isDecided: boolean
  readonly timing: Pick<RingOptions, 'stabiliseMs' | 'auditMs' | 'pingTimeoutMs' | 'successors'>
}

export type Source = 'default' | 'file' | 'env' | 'flag'

/** One value of the configuration, as `config print` shows it. */
export interface Setting {
  /** Dotted: `ring.secretFile`. */
  readonly path: string
  readonly value: unknown
  readonly source: Source
  /** The name of the variable or flag, or `file:line:column`; undefined for defaults. */
  readonly where: string | undefined
  readonly description: string
}

export interface LoadedConfig {
  readonly config: Config
  /** The file that was read, if there was one. */
  readonly file: string | undefined
  readonly settings: readonly Setting[]
  /** The whole configuration in the form of the file. */
  readonly effective: Readonly<Record<string, unknown>>
  /** Oddities that do not keep a node from starting. */
  readonly warnings: readonly string[]
  /** What is wrong in files that others write: passed over, all the rest is used. */
  readonly faults: readonly FileFault[]
}

export interface Problem {
  readonly path: string
  readonly message: string
  /** Where the value was given. */
  readonly where?: string
}

export interface FileFault extends Problem {
  /** The whole file could not be read. */
  readonly isUnread: boolean
}

/**
 * The text of a file, or undefined when there is none. Throws when it cannot be read, and, unless `lenient`, when it is not
 * UTF-8: blocklists of others have comments in any encoding.
 */
export type ReadFile = (path: string, reading: 'strict' | 'lenient') => string | undefined

export interface LoadRequest {
  /** Values of command line flags by dotted path; texts are read as those of the environment are. */
  readonly overrides?: Readonly<Record<string, unknown>>
  readonly env: Readonly<Record<string, string | undefined>>
  /** The file the operator named (`--config`). */
  readonly file?: string | undefined
  readonly readFile: ReadFile
  /** 8 random bytes: whoever writes a blocklist must not be able to choose names that collide. Without: fixed, for tests. */
  readonly hashSeed?: Uint8Array
}
