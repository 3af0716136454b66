/**
 * What the ledger says of a name comes before cache and iteration: once its anchor is known, the question belongs to a context of its own,
 * which begins at the servers and keys that stand there (D36). What a parent would say of the name, its DS set, the ledger says.
 */
import { ChordnsError } from '../../base/index.ts'
import {
  Ede,
  groupRRsets,
  type Name,
  nameToText,
  parentName,
  type Question,
  Rcode,
  sameName,
  Type,
} from '../../dns/index.ts'
import type { Finding, Outcome, Security } from '../../evidence/index.ts'
import type { Anchor, AnchorVerdict } from '../../ledger/index.ts'
import { localSoa } from '../local/answer.ts'
import type { LinkDeps, LinkRequest, LinkResolver, LinkResult } from './types.ts'

/** Seconds that a stub may remember that nobody has a name: a block is made every minute. */
const ABSENCE_TTL = 60

/** Rejects with NAME_UNPROVEN (detail {ede}), and as `resolveLink` does. */
export function ledgerFirst(deps: LinkDeps, resolveLink: LinkResolver): LinkResolver {
  const { anchors, clock } = deps
  if (anchors === undefined) return resolveLink
  return async (request) => {
    const { question, signal } = request
    if (isConfigured(deps, question)) return resolveLink(request)
    const found = anchors.find(question.name, signal)
    if (found === undefined) return resolveLink(request)
    const verdict = found instanceof Promise ? await found : found
    const settled = settle(deps, request, verdict)
    if (settled !== undefined) return settled
    const result = await resolveLink(request)
    if (verdict.kind !== 'dns' || verdict.mayBeAnchored === undefined || !isNxdomain(result)) return result
    const ttlMs = Math.max(1_000, result.finding.expires - clock.now())
    const later = await anchors.afterNxdomain(question.name, ttlMs, signal)
    if (later?.kind !== 'anchored') return result
    return settle(deps, request, later) ?? resolveLink(request)
  }
}

/** In a stub or forward zone of the operator, whose word comes before that of any ledger; its DS set is a matter of that zone as well. */
function isConfigured({ contextOf }: LinkDeps, question: Question): boolean {
  const context = contextOf({ ...question, type: Type.SOA })
  return context !== 'main' && !context.startsWith('ledger:') && !context.startsWith('kept:')
}

/** Says what was found; the result when there is no more to do. */
function settle(
  { clock, recursor }: LinkDeps,
  { question, onStep }: LinkRequest,
  verdict: AnchorVerdict,
): LinkResult | undefined {
  const detail = verdict.kind === 'anchored' ? describe(verdict) : verdict.why
  onStep?.({ kind: 'ledger', question, detail })
  if (verdict.kind === 'unreachable')
    throw new ChordnsError('NAME_UNPROVEN', verdict.why, {
      ede: [{ code: Ede.NO_REACHABLE_AUTHORITY, text: verdict.why }],
    })
  const security = recursor.validates ? 'secure' : 'indeterminate'
  if (verdict.kind === 'nothing')
    return { finding: absence(question, verdict, verdict.isProven ? security : 'insecure', clock.now()), ede: [] }
  if (verdict.kind === 'hidden')
    return {
      finding: absence(question, verdict, 'insecure', clock.now()),
      ede: [{ code: Ede.CENSORED, text: verdict.why }],
    }
  const isOfParent =
    question.type === Type.DS && verdict.kind === 'anchored' && sameName(question.name, verdict.anchor.zone)
  return isOfParent ? { finding: keysOf(question, verdict.anchor, security, clock.now()), ede: [] } : undefined
}

/** The parent's word counts for nothing here, its DS set included: what is asked for is what validation goes by. */
function keysOf(question: Question, { zone, delegation, ds }: Anchor, security: Security, now: number): Finding {
  const { ttl } = delegation
  const rrset = { name: question.name, type: Type.DS, class: question.class, ttl, rdatas: ds, signatures: [] }
  const outcome: Outcome = { kind: 'rrset', rrset, apex: parentName(zone), proofs: [] }
  return { question, outcome, evidence: { security, provenance: 'ledger', observers: [] }, expires: now + ttl * 1_000 }
}

function describe({ anchor, isOld, ignored }: AnchorVerdict & { kind: 'anchored' }): string {
  const { zone, generation, ds, proof } = anchor
  const { chain, height, time, bytes } = proof
  const keys = ds.map((rdata) => rdata[0]! * 256 + rdata[1]!).join(' and ')
  const age = isOld ? ', which could not be renewed' : ''
  const hidden = ignored === undefined ? '' : `; ${ignored}, which this node ignores`
  return `${nameToText(zone)} is anchored on ${chain}: key ${keys}, generation ${generation}, proven by ${bytes} bytes at height ${height} of ${new Date(time).toISOString()}${age}${hidden}`
}

/** The whole TLD but what is registered does not exist; the TLD itself is there and has no records. */
function absence(question: Question, { tld }: { readonly tld: Name }, security: Security, now: number): Finding {
  const [soa] = groupRRsets([localSoa(tld, ABSENCE_TTL)])
  const rcode = question.name.labels === tld.labels ? Rcode.NOERROR : Rcode.NXDOMAIN
  const outcome: Outcome = { kind: 'absent', rcode, apex: tld, soa, proofs: [] }
  const evidence = { security, provenance: 'ledger', observers: [] } as const
  return { question, outcome, evidence, expires: now + ABSENCE_TTL * 1_000 }
}

function isNxdomain({ finding: { outcome } }: LinkResult): boolean {
  return outcome.kind === 'absent' && outcome.rcode === Rcode.NXDOMAIN
}
