/**
 * The part of a node that a reload replaces: own iteration and the resolver. Cache, sockets, front end and ring stay, and
 * hold on to the two facades here, which always ask what is in force now.
 */
import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { serialize } from 'node:v8'
import {
  type Cancel,
  ChordnsError,
  type Clock,
  type Endpoint,
  type Exchange,
  errorText,
  type Log,
  type Random,
} from '../base/index.ts'
import type { Cache } from '../cache/index.ts'
import { type Chunks, delegationSource } from '../chunks/index.ts'
import type { Config } from '../config/index.ts'
import { sha256 } from '../crypto/index.ts'
import { type Delegation, isSubdomain, type Name, type Question } from '../dns/index.ts'
import {
  anchorTags,
  parseTrustAnchors,
  ROOT_ANCHORS,
  sentinelFails,
  supportedAlgorithms,
  supportedDigests,
  type TrustAnchor,
} from '../dnssec/index.ts'
import { builtinHints, parseHints } from '../iterator/index.ts'
import {
  createRecursor,
  type Recursor,
  type RecursorOptions,
  type RecursorStats,
  readRootZone,
  recurseLimits,
  type ValidationOptions,
  type ZoneServers,
} from '../recurse/index.ts'
import { createResolver, type LocalNames, localNames, type Resolver } from '../resolver/index.ts'

export interface CoreParts {
  readonly cache: Cache
  readonly exchange: Exchange
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Where this node listens now: never asked as an upstream. */
  readonly ownListeners: () => readonly Endpoint[]
  /** What `dnssec.trustAnchors: "builtin"` stands for now. Default: the keys as they were built in. */
  readonly rootAnchors?: () => readonly TrustAnchor[]
  /** The ring's records, once the ring is there. */
  readonly chunks: () => Chunks | undefined
}

/** What a reload did to the cache. */
export interface CoreReload {
  /** Names at and below which the cache was emptied; `all` when what everything was judged by has changed. */
  readonly flushed: 'all' | readonly Name[]
}

/** One configuration at work. */
interface Engaged {
  readonly config: Config
  readonly options: RecursorOptions
  readonly validation: ValidationOptions | undefined
  readonly recursor: Recursor
  readonly resolver: Resolver
  readonly local: LocalNames
  /** Once, when it comes into force. */
  readonly begin: () => void
  readonly retire: () => void
}

export class Core {
  /** Asks what is in force; stays the same object over reloads. */
  readonly resolver: Resolver
  /** Likewise. Its counters go on over reloads. */
  readonly recursor: Recursor
  readonly #parts: CoreParts
  #now: Engaged
  #before: RecursorStats | undefined

  /** Throws CONFIG_INVALID, HINTS_EMPTY or DNSSEC_BAD_ANCHOR when a file that the configuration names is of no use. */
  constructor(parts: CoreParts, config: Config) {
    this.#parts = parts
    this.#now = engage(parts, config)
    this.#now.begin()
    const current = () => this.#now
    this.resolver = { resolve: (request) => current().resolver.resolve(request) }
    this.recursor = {
      resolve: (request) => current().recursor.resolve(request),
      validate: (finding, request, links) => current().recursor.validate(finding, request, links),
      links: (name, from) => current().recursor.links(name, from),
      knownCut: (name) => current().recursor.knownCut(name),
      infer: (request) => current().recursor.infer(request),
      get validates() {
        return current().recursor.validates
      },
      delegation: (zone, request) => current().recursor.delegation(zone, request),
      prime: (signal) => current().recursor.prime(signal),
      contextOf: (question) => current().recursor.contextOf(question),
      stats: () => addStats(this.#before, current().recursor.stats()),
    }
  }

  /** True while the built-in anchor is validated by, at the time that the clock says. */
  followsRootKeys(): boolean {
    const { dnssec } = this.#now.config
    const isNow = fixedValidationTime(process.env['CHORDNS_VALIDATION_TIME']) === undefined
    return dnssec.validate && dnssec.trustAnchors === 'builtin' && isNow
  }

  /** A digest of what every entry of the cache was fetched from and judged by: what is kept on disk holds only under the same. */
  cacheRules(): Uint8Array {
    const { options, config } = this.#now
    const { stubs, forwards } = options
    const names = config.dnssec.negativeTrustAnchors.map((name) => name.key)
    const fixed = process.env['CHORDNS_VALIDATION_TIME']
    return sha256(serialize([judgedBy(this.#now), stubs, forwards, names, fixed]))
  }

  /** Names that are only this node's business: they are never told to a peer, nor asked of one, nor observed for one. */
  isPrivate(question: Question): boolean {
    const { config, recursor, local } = this.#now
    return (
      local.covers(question.name) ||
      recursor.contextOf(question) !== 'main' ||
      config.dnssec.negativeTrustAnchors.some((zone) => isSubdomain(question.name, zone))
    )
  }

  /**
   * Makes ready another configuration, for the keys that can change while a node runs; the others are ignored. What is
   * returned puts it in force: questions in work end under the old one, and no longer write into the cache. Throws as the
   * constructor does.
   */
  prepare(config: Config): () => CoreReload {
    const next = engage(this.#parts, config)
    return () => this.#engage(next)
  }

  #engage(next: Engaged): CoreReload {
    const old = this.#now
    const flushed = staleNames(old, next)
    old.retire()
    this.#before = addStats(this.#before, { ...old.recursor.stats(), inFlight: 0 })
    this.#now = next
    const { cache } = this.#parts
    if (flushed === 'all') cache.flush()
    else for (const name of flushed) cache.flush(name)
    next.begin()
    cache.renew()
    return { flushed }
  }
}

function engage(parts: CoreParts, config: Config): Engaged {
  const { exchange, clock, random, log, ownListeners } = parts
  const { cache, retire: freeze } = retirable(parts.cache)
  const options = recursorOptions(config)
  const validation = validationOptions(config, parts)
  const { dns64, rebinding } = config
  const configured = [...options.stubs, ...options.forwards].map(({ zone }) => zone)
  const localRoot = followLocalRoot(parts, cache, config, validation)
  const retire = () => {
    freeze()
    localRoot.end()
  }
  const local = localNames({ data: config.local, dns64, configured })
  const recursor = createRecursor({
    exchange,
    cache,
    clock,
    random,
    log,
    options,
    validation,
    ownListeners,
    delegations: delegationSource(parts.chunks),
  })
  const resolver = createResolver(
    {
      cache,
      recursor,
      get chunks() {
        return parts.chunks()
      },
      clock,
      log,
      contextOf: (question) => recursor.contextOf(question),
      ...(validation !== undefined && {
        sentinel: (question: Question, answer: { secure: boolean; checkingDisabled: boolean }) =>
          sentinelFails(question, { ...answer, rootTags: rootTags(validation) }),
      }),
      local,
    },
    { ...config.resolver, dns64, rebinding },
  )
  return { config, options, validation, recursor, resolver, local, begin: localRoot.begin, retire }
}

/** Puts the delegations of a local root zone into the cache, at `begin` and twice a day. Throws when it is of no use at first. */
function followLocalRoot(
  { clock, log }: CoreParts,
  cache: Cache,
  { iterator }: Config,
  validation: ValidationOptions | undefined,
): { begin(): void; end(): void } {
  const { localRoot } = iterator
  if (localRoot === undefined) return { begin() {}, end() {} }
  let cancel: Cancel = () => {}
  const read = () => readRootZone(readConfigFile('iterator.localRoot', localRoot), validation)
  const keep = (delegations: readonly Delegation[]) => {
    for (const delegation of delegations) cache.putDelegation('main', delegation, clock.now())
    log.info({ delegations: delegations.length }, 'read the local copy of the root zone')
  }
  const again = () => {
    cancel = clock.after(recurseLimits.LOCAL_ROOT_SECONDS * 1000, () => {
      try {
        keep(read())
      } catch (error) {
        log.error(
          { error: errorText(error) },
          'the local copy of the root zone is of no use: the root servers are asked',
        )
      }
      again()
    })
  }
  const first = read()
  return {
    begin: () => {
      keep(first)
      again()
    },
    end: () => cancel(),
  }
}

function rootTags({ anchors }: ValidationOptions): number[] {
  return anchors().flatMap((anchor) => (anchor.zone.labels === 0 ? anchorTags(anchor) : []))
}

/** The same cache until `retire`: then nothing is written any more, since it was found under rules that no longer hold. */
function retirable(cache: Cache): { readonly cache: Cache; readonly retire: () => void } {
  let live = true
  const view: Cache = {
    get: (context, question, now, options) => cache.get(context, question, now, options),
    put: (context, entry, now) => live && cache.put(context, entry, now),
    remove: (context, question) => cache.remove(context, question),
    delegation: (context, name, now) => cache.delegation(context, name, now),
    putDelegation: (context, delegation, now) => {
      if (live) cache.putDelegation(context, delegation, now)
    },
    removeDelegation: (context, zone) => cache.removeDelegation(context, zone),
    failure: (context, question, now) => cache.failure(context, question, now),
    putFailure: (context, failure) => {
      if (live) cache.putFailure(context, failure)
    },
    flush: (name) => cache.flush(name),
    renew: () => cache.renew(),
    stats: () => cache.stats(),
    get generation() {
      return cache.generation
    },
  }
  return {
    cache: view,
    retire: () => {
      live = false
    },
  }
}

/** What may not be answered from the cache any more when `next` takes the place of `old`. */
function staleNames(old: Engaged, next: Engaged): 'all' | readonly Name[] {
  if (!isDeepStrictEqual(judgedBy(old), judgedBy(next))) return 'all'
  const names = [
    ...changedZones(old.options.stubs, next.options.stubs),
    ...changedZones(old.options.forwards, next.options.forwards),
    ...changedNames(old.config.dnssec.negativeTrustAnchors, next.config.dnssec.negativeTrustAnchors),
  ]
  return [...new Map(names.map((name) => [name.key, name])).values()]
}

/** What every entry of the cache was fetched from and judged by. */
function judgedBy({ options, validation }: Engaged) {
  const { rootHints, port } = options
  if (validation === undefined) return { rootHints, port }
  return {
    rootHints,
    port,
    anchors: validation.anchors(),
    algorithms: validation.algorithms,
    digests: validation.digests,
  }
}

function changedZones(old: readonly ZoneServers[], next: readonly ZoneServers[]): Name[] {
  const text = ({ zone, servers }: ZoneServers) => `${zone.key} ${servers.map((one) => `${one.address} ${one.port}`)}`
  const texts = (zones: readonly ZoneServers[]) => new Set(zones.map(text))
  const [before, after] = [texts(old), texts(next)]
  return [...old.filter((one) => !after.has(text(one))), ...next.filter((one) => !before.has(text(one)))].map(
    (one) => one.zone,
  )
}

function changedNames(old: readonly Name[], next: readonly Name[]): Name[] {
  const keys = (names: readonly Name[]) => new Set(names.map((name) => name.key))
  const [before, after] = [keys(old), keys(next)]
  return [...old.filter((name) => !after.has(name.key)), ...next.filter((name) => !before.has(name.key))]
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

function recursorOptions(config: Config): RecursorOptions {
  const { rootHints, bind: _, ...rest } = config.iterator
  return {
    ...rest,
    rootHints: rootHints === 'builtin' ? builtinHints() : parseHints(readConfigFile('iterator.rootHints', rootHints)),
  }
}

/** Undefined when validation is off. */
function validationOptions({ dnssec }: Config, { clock, log, ...parts }: CoreParts): ValidationOptions | undefined {
  if (!dnssec.validate) return undefined
  const fixed = fixedValidationTime(process.env['CHORDNS_VALIDATION_TIME'])
  if (fixed !== undefined)
    log.warn({ unixSeconds: fixed }, 'CHORDNS_VALIDATION_TIME is set: signatures are judged as of that time, not now')
  return {
    anchors:
      dnssec.trustAnchors === 'builtin' ? (parts.rootAnchors ?? (() => ROOT_ANCHORS)) : anchorsOf(dnssec.trustAnchors),
    negativeAnchors: dnssec.negativeTrustAnchors,
    algorithms: supportedAlgorithms(dnssec),
    digests: supportedDigests(dnssec),
    aggressive: dnssec.aggressive,
    now: () => fixed ?? Math.floor(clock.now() / 1000),
  }
}

function anchorsOf(file: string): () => readonly TrustAnchor[] {
  const anchors = parseTrustAnchors(readConfigFile('dnssec.trustAnchors', file))
  return () => anchors
}

/** YYYYMMDDHHMMSS in UTC, as in RRSIG records. */
function fixedValidationTime(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(text)
  const time =
    match === null ? Number.NaN : Date.parse(text.replace(/^(....)(..)(..)(..)(..)(..)$/, '$1-$2-$3T$4:$5:$6Z'))
  if (Number.isNaN(time))
    throw new ChordnsError('CONFIG_INVALID', `CHORDNS_VALIDATION_TIME must be YYYYMMDDHHMMSS, not "${text}"`, {
      problems: [{ path: 'CHORDNS_VALIDATION_TIME', message: 'must be YYYYMMDDHHMMSS' }],
    })
  return time / 1000
}

function readConfigFile(path: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const message = `cannot read ${file}: ${errorText(cause)}`
    throw new ChordnsError('CONFIG_INVALID', `${path}: ${message}`, { problems: [{ path, message }] }, { cause })
  }
}
