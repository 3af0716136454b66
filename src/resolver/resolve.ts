/** A stub's question from start to end: local names first, then link after link along the CNAMEs, then one answer. */
import { Budget, ChordnsError, errorText, isChordnsError } from '../base/index.ts'
import {
  cnameTarget,
  Ede,
  type ExtendedError,
  type Question,
  Rcode,
  type ResourceRecord,
  rrsetToRecords,
  Type,
} from '../dns/index.ts'
import { type Finding, type Provenance, type Security, weakest } from '../evidence/index.ts'
import { createLinkResolver, type LinkModules, type LinkResolver } from './link.ts'
import { limits } from './limits.ts'
import type { ResolverOptions } from './options.ts'
import { specialAnswer } from './special.ts'
import type { Resolution, ResolveRequest, Resolver } from './types.ts'

export function createResolver(modules: LinkModules, options: ResolverOptions): Resolver {
  const resolveLink = createLinkResolver(modules, options)
  return { resolve: (request) => resolve(modules, resolveLink, request) }
}

async function resolve(modules: LinkModules, resolveLink: LinkResolver, request: ResolveRequest): Promise<Resolution> {
  const local = specialAnswer(request.question)
  if (local !== undefined) {
    request.onStep?.({ kind: 'local', question: request.question, detail: local.detail })
    return {
      rcode: local.rcode,
      answers: local.answers,
      authorities: local.authorities,
      security: 'insecure',
      provenance: 'local',
      ede: [],
      findings: [],
      authoritative: true,
    }
  }
  if (!request.recursionDesired) return failure(Rcode.REFUSED, [], [])
  const budget = new Budget(
    {
      queries: limits.MAX_QUERIES,
      bytes: limits.MAX_BYTES,
      timeMs: limits.MAX_TIME_MS,
      signatures: limits.MAX_SIGNATURES,
      hashes: limits.MAX_HASHES,
    },
    () => modules.clock.monotonic(),
  )
  const findings: Finding[] = []
  try {
    await follow(modules, resolveLink, request, budget, findings)
  } catch (error) {
    if (isChordnsError(error, 'ABORTED') && request.signal.aborted) throw error
    modules.log.debug({ error: errorText(error) }, 'question failed')
    return failure(Rcode.SERVFAIL, extendedErrors(error), findings)
  }
  return compose(findings, request, modules.clock.now())
}

/** Follows the chain link by link; each link has its own evidence. */
async function follow(
  modules: LinkModules,
  resolveLink: LinkResolver,
  request: ResolveRequest,
  budget: Budget,
  findings: Finding[],
): Promise<void> {
  const seen = new Set<string>()
  let question: Question = request.question
  // One deadline for the whole question, whatever it is waiting for.
  const control = new AbortController()
  const onAbort = () => control.abort(request.signal.reason)
  request.signal.addEventListener('abort', onAbort, { once: true })
  const deadline = modules.clock.after(budget.timeLeft(), () => control.abort())
  try {
    for (;;) {
      if (seen.has(question.name.key)) throw new ChordnsError('CNAME_LOOP', 'the CNAME chain loops', {})
      if (seen.size > limits.MAX_CNAME_CHAIN) throw new ChordnsError('CNAME_TOO_LONG', 'the CNAME chain is too long', {})
      seen.add(question.name.key)
      const finding = await resolveLink({
        question,
        checkingDisabled: request.checkingDisabled,
        budget,
        signal: control.signal,
        onStep: request.onStep,
      })
      findings.push(finding)
      const target = aliasTarget(finding, question)
      if (target === undefined) return
      question = { ...question, name: target }
    }
  } catch (error) {
    if (control.signal.aborted && !request.signal.aborted)
      throw new ChordnsError('BUDGET_SPENT', 'the budget of this question is spent: time', { resource: 'time' })
    throw error
  } finally {
    deadline()
    request.signal.removeEventListener('abort', onAbort)
  }
}

function aliasTarget(finding: Finding, question: Question) {
  const { outcome } = finding
  if (outcome.kind !== 'rrset' || outcome.rrset.type !== Type.CNAME) return undefined
  if (question.type === Type.CNAME || question.type === Type.ANY) return undefined
  return cnameTarget(outcome.rrset.rdatas[0]!)
}

function compose(findings: readonly Finding[], request: ResolveRequest, now: number): Resolution {
  const answers: ResourceRecord[] = []
  const authorities: ResourceRecord[] = []
  let rcode: number = Rcode.NOERROR
  for (const { outcome, expires } of findings) {
    const left = Math.max(0, Math.round((expires - now) / 1000))
    if (outcome.kind === 'rrset') {
      answers.push(...rrsetToRecords(outcome.rrset, { ttl: Math.min(left, outcome.rrset.ttl), signatures: request.dnssecOk }))
    } else {
      rcode = outcome.rcode
      if (outcome.soa !== undefined)
        authorities.push(
          ...rrsetToRecords(outcome.soa, { ttl: Math.min(left, outcome.soa.ttl), signatures: request.dnssecOk }),
        )
    }
    if (!request.dnssecOk) continue
    for (const proof of outcome.proofs)
      authorities.push(...rrsetToRecords(proof, { ttl: Math.min(left, proof.ttl), signatures: true }))
  }
  return {
    rcode,
    answers,
    authorities,
    security: weakestSecurity(findings.map((finding) => finding.evidence.security)),
    provenance: weakest(findings.map((finding) => finding.evidence.provenance)),
    ede: [],
    findings,
    authoritative: false,
  }
}

const SECURITY_ORDER: readonly Security[] = ['bogus', 'indeterminate', 'insecure', 'secure']

function weakestSecurity(all: readonly Security[]): Security {
  return SECURITY_ORDER[Math.min(...all.map((one) => SECURITY_ORDER.indexOf(one)))] ?? 'indeterminate'
}

function failure(rcode: number, ede: readonly ExtendedError[], findings: readonly Finding[]): Resolution {
  const provenance: Provenance | undefined = undefined
  return {
    rcode,
    answers: [],
    authorities: [],
    security: 'indeterminate',
    provenance,
    ede,
    findings,
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

