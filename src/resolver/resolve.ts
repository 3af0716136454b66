/** A stub's question from start to end: local names first, then link after link along the CNAMEs, then one answer. */

import { type Budget, ChordnsError, isChordnsError } from '../base/index.ts'
import {
  canonicalName,
  Ede,
  type ExtendedError,
  isSubdomain,
  type Name,
  type Question,
  Rcode,
  Type,
} from '../dns/index.ts'
import type { QuestionFilter } from '../filter/index.ts'
import { isBogusFailure } from '../recurse/index.ts'
import { answerAny } from './any.ts'
import { compose } from './compose.ts'
import { follow, type Link } from './follow.ts'
import { createLinkResolver, knownLink } from './link/cached.ts'
import { type BlockedDetail, blockedResolution, filtered } from './link/filtered.ts'
import { keptFirst, lessSecure } from './link/kept-first.ts'
import { ledgerFirst } from './link/ledger-first.ts'
import { isAlias, localFirst } from './link/local-first.ts'
import { type LinkDeps, type LinkResolver, newBudget } from './link/types.ts'
import type { LocalAnswer } from './local/answer.ts'
import { bridged, type LocalBridge } from './local/bridge.ts'
import { type Dns64Options, synthesise, wantsSynthesis, withoutExcluded } from './local/dns64.ts'
import { type LocalNames, localNames } from './local/names.ts'
import { withoutRebinding } from './local/rebinding.ts'
import { LogOnly } from './log-only.ts'
import type { ResolverOptions } from './options.ts'
import { hintedStart, isPublic } from './public.ts'
import type { Resolution, ResolveRequest, Resolver } from './types.ts'

export interface ResolverDeps extends LinkDeps {
  /** Names that are answered here. Without it: special-use names only. */
  readonly local?: LocalNames
  /** Names that others of the local network answer for. Read at each question. Without it: nobody is asked. */
  readonly bridge?: LocalBridge | undefined
  /** What the operator does not want resolved, after local names. Without it nothing. */
  readonly filter?: QuestionFilter | undefined
  /** Names of the root's servers in the hints: what `dig +trace` is given while the root cannot be asked. Default: none. */
  readonly rootServers?: readonly Name[]
  /** True when the root key sentinel wants SERVFAIL instead of the answer (RFC 8509). Without it nobody is told. */
  readonly sentinel?: (question: Question, answer: { secure: boolean; checkingDisabled: boolean }) => boolean
}

export function createResolver(deps: ResolverDeps, options: ResolverOptions): Resolver {
  const { clock } = deps
  const names = deps.local ?? localNames({ data: undefined, dns64: options.dns64, configured: [] })
  const ofTheWorld = ledgerFirst(deps, keptFirst(deps, createLinkResolver(deps, options)))
  const wanted = deps.filter === undefined ? ofTheWorld : filtered(deps.filter, clock, ofTheWorld)
  const resolveLink = localFirst(names, clock, wanted)
  const logOnly = options.logOnly === true ? new LogOnly(deps) : undefined
  const chaser: Chaser = { deps, names, resolveLink, options, logOnly }
  return { resolve: (request) => rewrite(chaser, options.dns64, inLowerCase(request)) }
}

/** What letters a client chose is its own business: they would end up in owners, in the cache, and in what other members are told. */
function inLowerCase(request: ResolveRequest): ResolveRequest {
  const name = canonicalName(request.question.name)
  return name === request.question.name ? request : { ...request, question: { ...request.question, name } }
}

interface Chaser {
  readonly deps: ResolverDeps
  readonly names: LocalNames
  readonly resolveLink: LinkResolver
  readonly options: ResolverOptions
  /** Undefined: what fails validation is SERVFAIL. */
  readonly logOnly: LogOnly | undefined
}

interface Chased {
  readonly resolution: Resolution
  readonly isBogus: boolean
}

/** What the operator wants changed in an answer. One budget for all that a question causes. */
async function rewrite(chaser: Chaser, dns64: Dns64Options | undefined, request: ResolveRequest): Promise<Resolution> {
  const budget = newBudget(chaser.deps.clock)
  const { resolution, isBogus } = await chase(chaser, request, budget)
  if (dns64 === undefined || request.question.type !== Type.AAAA || resolution.blockedBy !== undefined)
    return resolution
  const kept = withoutExcluded(dns64, request, resolution)
  if (!wantsSynthesis(request, kept, isBogus)) return kept
  const question = { ...request.question, type: Type.A }
  const a = await chase(chaser, { ...request, question }, budget)
  if (a.resolution.blockedBy !== undefined) return kept
  return synthesise(dns64, resolution, a.resolution) ?? kept
}

async function chase(chaser: Chaser, request: ResolveRequest, budget: Budget): Promise<Chased> {
  const { names, options } = chaser
  const { rebinding } = options
  const chased = await chaseAll(chaser, request, budget)
  if (rebinding === undefined || chased.resolution.authoritative) return chased
  const { question } = request
  return { ...chased, resolution: withoutRebinding(rebinding, question, chased.resolution, names.covers) }
}

async function chaseAll(chaser: Chaser, request: ResolveRequest, budget: Budget): Promise<Chased> {
  const { deps, names, options, logOnly } = chaser
  const { question } = request
  const own = names.answer(question)
  const local = request.recursionDesired ? await bridged(deps.bridge, question, own) : own
  // Without recursion an alias is all there is to say.
  if (local !== undefined && (!isAlias(local, question) || !request.recursionDesired)) {
    request.onStep?.({ kind: 'local', question, detail: local.detail })
    return { resolution: localResolution(local), isBogus: false }
  }
  if (!request.recursionDesired && !isPublic(question))
    return { resolution: failure(Rcode.REFUSED, [], []), isBogus: false }
  if (question.type === Type.ANY) {
    const judged = deps.filter?.judge(question, request.client)
    if (judged?.answer !== undefined)
      return { resolution: blockedResolution(question, { ...judged, answer: judged.answer }, true), isBogus: false }
  }
  if (question.type === Type.ANY) return { resolution: anyResolution(deps, options, request), isBogus: false }
  const links: Link[] = []
  try {
    await follow(deps.clock, resolverFor(chaser, question), request, budget, links)
  } catch (error) {
    if (isChordnsError(error, 'ABORTED') && request.signal.aborted) throw error
    if (isChordnsError(error, 'FILTER_BLOCKED')) {
      const resolution = blockedResolution(question, error.detail as BlockedDetail, links.length === 0)
      return { resolution, isBogus: false }
    }
    if (logOnly !== undefined && isBogusFailure(error)) return servedAllTheSame(chaser, request, budget, error)
    deps.log.debug({ failure: error }, 'question failed')
    if (!request.recursionDesired && deps.rootServers !== undefined && !isBogusFailure(error))
      return { resolution: hintedStart(deps.rootServers, extendedErrors(error)), isBogus: false }
    return { resolution: failure(rcodeOf(error), extendedErrors(error), links), isBogus: isBogusFailure(error) }
  }
  const resolution = compose(links, request, deps.clock.now())
  const asks = { secure: resolution.security === 'secure', checkingDisabled: request.checkingDisabled }
  if (deps.sentinel?.(question, asks) !== true) return { resolution, isBogus: false }
  return { resolution: failure(Rcode.SERVFAIL, [SENTINEL], links), isBogus: false }
}

/** What a time server's name is an alias of is asked for it. */
function resolverFor({ resolveLink, options: { ntpNames = [] } }: Chaser, { name }: Question): LinkResolver {
  if (!ntpNames.some((ntp) => isSubdomain(name, ntp))) return resolveLink
  return (request) => resolveLink({ ...request, forTimeServer: true })
}

/** As for a client that sets CD; it is told why that would have been SERVFAIL. */
async function servedAllTheSame(
  { deps, resolveLink, logOnly }: Chaser,
  request: ResolveRequest,
  budget: Budget,
  error: unknown,
): Promise<Chased> {
  const why = extendedErrors(error)
  logOnly?.tell(request.question, why)
  const links: Link[] = []
  try {
    await follow(deps.clock, resolveLink, { ...request, checkingDisabled: true }, budget, links)
  } catch (cause) {
    if (isChordnsError(cause, 'ABORTED') && request.signal.aborted) throw cause
    return { resolution: failure(rcodeOf(cause), extendedErrors(cause), links), isBogus: true }
  }
  const resolution = compose(links, request, deps.clock.now())
  return { resolution: { ...resolution, ede: [...resolution.ede, ...why] }, isBogus: false }
}

const SENTINEL: ExtendedError = { code: Ede.OTHER, text: 'root key sentinel (RFC 8509)' }

function anyResolution(deps: LinkDeps, options: ResolverOptions, request: ResolveRequest): Resolution {
  const now = deps.clock.now()
  const known = (question: Question) => {
    const finding = knownLink(deps, options, { ...request, question })
    return finding && (deps.kept?.useFor(question.name) === undefined ? finding : lessSecure(finding))
  }
  const finding = answerAny(request.question, known, now)
  const link = { finding, ede: [], isForAll: true, isTooLong: false, synthesised: undefined }
  return { ...compose([link], request, now), authoritative: false }
}

function localResolution({ rcode, answers, authorities, ede }: LocalAnswer): Resolution {
  return {
    rcode,
    answers,
    authorities,
    security: 'insecure',
    provenance: 'local',
    ede,
    findings: [],
    authoritative: true,
  }
}

function rcodeOf(error: unknown): number {
  return isChordnsError(error, 'LOCAL_REFUSED') ? Rcode.REFUSED : Rcode.SERVFAIL
}

function failure(rcode: number, ede: readonly ExtendedError[], links: readonly Link[]): Resolution {
  return {
    rcode,
    answers: [],
    authorities: [],
    security: 'indeterminate',
    provenance: undefined,
    ede,
    findings: links.map((link) => link.finding),
    authoritative: false,
  }
}

/** Every failure tells the stub why (RFC 8914). */
function extendedErrors(error: unknown): readonly ExtendedError[] {
  if (!(error instanceof ChordnsError)) return [{ code: Ede.OTHER, text: 'internal error' }]
  const detail = error.detail as { readonly ede?: readonly ExtendedError[] }
  if (detail.ede !== undefined && detail.ede.length > 0) return detail.ede
  if (error.code === 'RESOLVER_BUSY') return [{ code: Ede.NOT_READY, text: error.message }]
  return [{ code: Ede.OTHER, text: error.message }]
}
