/**
 * The part of a node that a reload replaces: own iteration and the resolver. Cache, sockets, front end and ring stay, and
 * hold on to the two facades here, which always pass a question on to what is in force now.
 */
import {
  type Clock,
  type Endpoint,
  type Exchange,
  isChordnsError,
  type Log,
  type PeerId,
  type Random,
  type Store,
} from '../../base/index.ts'
import type { Cache, CacheEntry } from '../../cache/index.ts'
import type { KeptProofs, LedgerView } from '../../chain/index.ts'
import type { Chunks } from '../../chunks/index.ts'
import { delegationSource } from '../../chunks/reads/delegation-source.ts'
import type { Config } from '../../config/index.ts'
import { isSubdomain, type Name, type Question } from '../../dns/index.ts'
import { anchorTags, sentinelFails, type TrustAnchor } from '../../dnssec/index.ts'
import type { Finding } from '../../evidence/index.ts'
import type { QuestionFilter } from '../../filter/index.ts'
import { watchedCache } from '../../household/watched-cache.ts'
import {
  createRecursor,
  type Recursor,
  type RecursorOptions,
  type RecursorStats,
  type ValidationOptions,
} from '../../recurse/index.ts'
import {
  createResolver,
  heal,
  type LocalBridge,
  type LocalLayers,
  type LocalNames,
  localNames,
  type Resolver,
  ZoneChanges,
  type ZoneChangesStats,
} from '../../resolver/index.ts'
import { anchored, type MakeAnchors } from './anchors.ts'
import { keptOver } from './kept-over.ts'
import { followLocalRoot } from './local-root.ts'
import { fixedValidationTime, recursorOptions, validationOptions } from './options.ts'
import { basisDigest, type CacheBasis, type CoreReload, retirable, staleNames } from './reload.ts'

export interface CoreDeps {
  readonly cache: Cache
  readonly exchange: Exchange
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** What the core asks of the rest of the node, which may begin after it. */
export interface CoreHooks {
  /** Where this node listens now: such an address is never asked as an upstream. */
  readonly ownListeners: () => readonly Endpoint[]
  /** The ring's records; undefined as long as there is no ring. */
  readonly chunks: () => Chunks | undefined
  /** The member of the household whose word an answer in the cache is, if it is another's. */
  readonly toldBy?: (question: Question) => PeerId | undefined
  /** Puts into the cache what members of the household have told and nobody had time for. False: there is nothing. */
  readonly takeTold?: () => boolean
  /** Local data that changes while the node runs. Default: none. */
  readonly localLayers?: (() => LocalLayers) | undefined
  /** Who asks the local network for names of its machines. Default: nobody. */
  readonly bridge?: (() => LocalBridge | undefined) | undefined
  /** What this node knows of ledgers; undefined as long as it follows none. */
  readonly ledger?: (() => LedgerView | undefined) | undefined
  /** Makes the anchors of a configuration for which `needsAnchors` says that it has some; such a one is refused without it. */
  readonly makeAnchors?: () => MakeAnchors | undefined
  /** Where proofs of anchored names outlive this process. */
  readonly nameProofs?: (() => KeptProofs | undefined) | undefined
  /** Where kept delegations outlive this process. */
  readonly kept?: (() => Store | undefined) | undefined
  /** What the operator does not want resolved; the same over reloads. */
  readonly filter?: QuestionFilter
  /** What `dnssec.trustAnchors: "builtin"` stands for now. Default: the keys as they were built in. */
  readonly rootAnchors?: () => readonly TrustAnchor[]
}

/** One configuration at work. */
interface Engaged extends CacheBasis {
  readonly recursor: Recursor
  readonly resolver: Resolver
  readonly local: LocalNames
  readonly isOfLedger: (name: Name) => boolean
  /** Called once, when it comes into force. */
  readonly begin: () => void
  /** Called once, when another one has taken its place: it writes no more into the cache. */
  readonly retire: () => void
}

export class Core {
  /** Passes each question on to what is in force; stays the same object over reloads. */
  readonly resolver: Resolver
  /** Likewise. Its counters go on over reloads. */
  readonly recursor: Recursor
  readonly #deps: CoreDeps
  readonly #hooks: CoreHooks
  readonly #stopping = new AbortController()
  readonly #changes: ZoneChanges
  #current: Engaged
  #healed = 0
  /** Questions that somebody waits for. */
  #inWork = 0
  /** Counters of the recursors that were in force before. */
  #past: RecursorStats | undefined

  /** Throws CONFIG_INVALID, HINTS_EMPTY or DNSSEC_BAD_ANCHOR when a file that the configuration names is of no use. */
  constructor(given: CoreDeps, hooks: CoreHooks, config: Config) {
    const watcher = {
      answer: (entry: CacheEntry) => {
        if (this.#followsChanges()) this.#changes.stored(entry)
      },
      delegation() {},
    }
    const deps = { ...given, cache: watchedCache(given.cache, () => watcher) }
    this.#deps = deps
    this.#hooks = hooks
    this.#current = engage(deps, hooks, config)
    this.#current.begin()
    const current = () => this.#current
    this.resolver = {
      resolve: async (request) => {
        this.#changes.asked(request.question)
        this.#inWork++
        try {
          return await current().resolver.resolve(request)
        } finally {
          this.#inWork--
        }
      },
    }
    this.recursor = {
      resolve: (request) => current().recursor.resolve(request),
      validate: (finding, request, links) => current().recursor.validate(finding, request, links),
      links: (name, from) => current().recursor.links(name, from),
      knownCut: (name) => current().recursor.knownCut(name),
      infer: (request) => current().recursor.infer(request),
      get validates() {
        return current().recursor.validates
      },
      anchors: () => current().recursor.anchors(),
      delegation: (zone, request) => current().recursor.delegation(zone, request),
      prime: (signal) => current().recursor.prime(signal),
      contextOf: (question) => current().recursor.contextOf(question),
      forget: (name, reach) => current().recursor.forget(name, reach),
      stats: () => addStats(this.#past, current().recursor.stats()),
    }
    this.#changes = new ZoneChanges(
      { cache: deps.cache, recursor: this.recursor, clock: deps.clock, log: deps.log },
      { onChanged: (question, finding) => hooks.chunks()?.observedAnew(question, finding) },
    )
  }

  /** A NOTIFY. Undefined: this node does not listen to them. */
  notified(zone: Name, from: string): 'taken' | 'refused' | undefined {
    if (!this.#followsChanges()) return undefined
    return this.#changes.notified(zone, from) ? 'taken' : 'refused'
  }

  /** What zones said of their changes, and what came of it. */
  changes(): ZoneChangesStats {
    return this.#changes.stats()
  }

  #followsChanges(): boolean {
    return this.#current.config.resolver.followChanges
  }

  /** An answer that the ring has agreed on: it takes the place of another that only this node was told. */
  async agreed(finding: Finding): Promise<void> {
    const { cache, clock, log } = this.#deps
    try {
      if (await heal({ cache, clock, log, recursor: this.recursor }, finding, this.#stopping.signal)) this.#healed++
    } catch (error) {
      if (!isChordnsError(error, 'ABORTED'))
        log.warn({ reason: String(error) }, 'healing an answer failed unexpectedly')
    }
  }

  /** Answers that were replaced by what the ring agreed on. */
  get healed(): number {
    return this.#healed
  }

  /** Whether somebody waits for an answer. */
  get isAnswering(): boolean {
    return this.#inWork > 0
  }

  stop(): void {
    this.#stopping.abort()
    this.#changes.stop()
  }

  /** Who says what a name is, by TLD, as it is configured now. */
  precedence(): Config['ledger']['precedence'] {
    return this.#current.config.ledger.precedence
  }

  /** True while the built-in anchor is validated by, at the time that the clock says. */
  followsRootKeys(): boolean {
    const { dnssec } = this.#current.config
    return dnssec.validate && dnssec.trustAnchors === 'builtin' && fixedValidationTime() === undefined
  }

  /** A digest of what every entry of the cache was fetched from and validated by: a cache on disk is read under the same only. */
  cacheRules(): Uint8Array {
    return basisDigest(this.#current, process.env['CHORDNS_VALIDATION_TIME'])
  }

  /** Names that are only this node's business: they are never told to a peer, nor requested of one, nor observed for one. */
  isPrivate(question: Question): boolean {
    const { config, recursor, local } = this.#current
    return (
      local.covers(question.name) ||
      recursor.contextOf(question) !== 'main' ||
      config.dnssec.negativeTrustAnchors.some((zone) => isSubdomain(question.name, zone))
    )
  }

  /** Local data is another one now: what was derived from it is made anew, and what is cached stays. */
  localChanged(): void {
    this.#deps.cache.renew()
  }

  /** True when a ledger may say something else of the name at any block: whoever answers must look each time. */
  isOfLedger(name: Name): boolean {
    return this.#current.isOfLedger(name)
  }

  /**
   * Makes ready another configuration, for the keys that can change while a node runs; the others are ignored. What is
   * returned puts it in force: questions in work end under the old one, and no longer write into the cache. Throws as the
   * constructor does.
   */
  prepare(config: Config): () => CoreReload {
    const next = engage(this.#deps, this.#hooks, config)
    return () => this.#engage(next)
  }

  #engage(next: Engaged): CoreReload {
    const old = this.#current
    const flushed = staleNames(old, next)
    old.retire()
    this.#past = addStats(this.#past, { ...old.recursor.stats(), inFlight: 0 })
    this.#current = next
    const { cache } = this.#deps
    if (flushed === 'all') cache.flush()
    else for (const name of flushed) cache.flush(name)
    next.begin()
    cache.renew()
    return { flushed }
  }
}

function engage(deps: CoreDeps, hooks: CoreHooks, config: Config): Engaged {
  const { exchange, clock, random, log } = deps
  const { cache, retire: freeze } = retirable(deps.cache)
  const options = recursorOptions(config, (fault) =>
    log.warn({ path: 'iterator.rootHints' }, `passed over: ${config.iterator.rootHints}, ${fault}`),
  )
  const validation = validationOptions(config, { clock, log, rootAnchors: hooks.rootAnchors })
  const localRoot = followLocalRoot({ cache, clock, log, validation }, config)
  const local = localNamesOf(config, options, hooks)
  const { ledger, nameProofs } = hooks
  const onLedger = anchored(
    { ...deps, make: hooks.makeAnchors?.(), view: () => ledger?.(), kept: () => nameProofs?.() },
    { validation, recursor: () => recursor },
    config.ledger,
  )
  const delegations = delegationSource(hooks.chunks, clock)
  const kept = keptOver({ ...deps, delegations, store: () => hooks.kept?.() }, onLedger, () => recursor, config)
  const recursor: Recursor = createRecursor({
    exchange,
    cache,
    clock,
    random,
    log,
    options,
    validation: kept.validation,
    anchors: kept.source,
    ownListeners: hooks.ownListeners,
    delegations,
  })
  const resolver = createResolver(
    {
      cache,
      recursor,
      get chunks() {
        return hooks.chunks()
      },
      get bridge() {
        return hooks.bridge?.()
      },
      clock,
      log,
      contextOf: (question) => recursor.contextOf(question),
      anchors: onLedger.anchors,
      kept: kept.uses,
      rootServers: options.rootHints.map(({ name }) => name),
      ...(hooks.toldBy !== undefined && { toldBy: hooks.toldBy }),
      ...(hooks.takeTold !== undefined && { takeTold: hooks.takeTold }),
      ...(validation !== undefined && { sentinel: sentinelOf(validation) }),
      local,
      filter: hooks.filter,
    },
    {
      ...config.resolver,
      logOnly: config.dnssec.logOnly,
      ntpNames: config.dnssec.ntpNames,
      dns64: config.dns64,
      rebinding: config.rebinding,
    },
  )
  const retire = () => {
    freeze()
    localRoot.end()
  }
  const isOfLedger = (name: Name) => onLedger.anchors?.concerns(name) ?? false
  return { config, options, validation, recursor, resolver, local, isOfLedger, begin: localRoot.begin, retire }
}

function localNamesOf(
  { local, dns64 }: Config,
  { stubs, forwards }: RecursorOptions,
  { localLayers: layers }: CoreHooks,
): LocalNames {
  const configured = [...stubs, ...forwards].map(({ zone }) => zone)
  return localNames({ data: local, dns64, configured, ...(layers !== undefined && { layers }) })
}

/** The root key sentinel (RFC 8509): whether the answer must be SERVFAIL, so that the asker learns which keys are trusted. */
function sentinelOf({ anchors }: ValidationOptions) {
  const rootTags = () => anchors().flatMap((anchor) => (anchor.zone.labels === 0 ? anchorTags(anchor) : []))
  return (question: Question, answer: { secure: boolean; checkingDisabled: boolean }) =>
    sentinelFails(question, { ...answer, rootTags: rootTags() })
}

function addStats(a: RecursorStats | undefined, b: RecursorStats): RecursorStats {
  if (a === undefined) return b
  return {
    upstreamQueries: a.upstreamQueries + b.upstreamQueries,
    upstreamBytes: a.upstreamBytes + b.upstreamBytes,
    timeouts: a.timeouts + b.timeouts,
    tcpQueries: a.tcpQueries + b.tcpQueries,
    nearMisses: a.nearMisses + b.nearMisses,
    inFlight: a.inFlight + b.inFlight,
    merged: a.merged + b.merged,
  }
}
