/**
 * What the ledger says of a name comes before cache and iteration: once its anchor is known, the question belongs to a context of its own,
 * which begins at the servers and keys that stand there (D36).
 */
import { ChordnsError } from '../../base/index.ts'
import { Ede, groupRRsets, nameToText, Rcode } from '../../dns/index.ts'
import type { Finding, Outcome } from '../../evidence/index.ts'
import type { Anchor, AnchorVerdict } from '../../ledger/index.ts'
import { localSoa } from '../local/answer.ts'
import type { LinkDeps, LinkRequest, LinkResolver, LinkResult } from './types.ts'

/** Seconds that a stub may remember that nobody has a name: a block is made every minute. */
const ABSENCE_TTL = 60

/** Rejects with NAME_UNPROVEN (detail {ede}), and as `resolveLink` does. */
export function ledgerFirst({ anchors, clock }: LinkDeps, resolveLink: LinkResolver): LinkResolver {
  if (anchors === undefined) return resolveLink
  return async (request) => {
    const { question, signal } = request
    const found = anchors.find(question.name, signal)
    if (found === undefined) return resolveLink(request)
    const verdict = found instanceof Promise ? await found : found
    const settled = settle(request, verdict, clock.now())
    if (settled !== undefined) return settled
    const result = await resolveLink(request)
    if (verdict.kind !== 'dns' || verdict.mayBeAnchored === undefined || !isNxdomain(result)) return result
    const ttlMs = Math.max(1_000, result.finding.expires - clock.now())
    const later = await anchors.afterNxdomain(question.name, ttlMs, signal)
    if (later?.kind !== 'anchored') return result
    settle(request, later, clock.now())
    return resolveLink(request)
  }
}

/** Says what was found; the result when there is no more to do. */
function settle({ question, onStep }: LinkRequest, verdict: AnchorVerdict, now: number): LinkResult | undefined {
  const detail = verdict.kind === 'anchored' ? describe(verdict.anchor, verdict.isOld) : verdict.why
  onStep?.({ kind: 'ledger', question, detail })
  if (verdict.kind === 'unreachable')
    throw new ChordnsError('NAME_UNPROVEN', verdict.why, {
      ede: [{ code: Ede.NO_REACHABLE_AUTHORITY, text: verdict.why }],
    })
  return verdict.kind === 'nothing' ? { finding: absence(question, verdict, now), ede: [] } : undefined
}

function describe({ zone, generation, ds, proof }: Anchor, isOld: boolean): string {
  const { chain, height, time, bytes } = proof
  const keys = ds.map((rdata) => rdata[0]! * 256 + rdata[1]!).join(' and ')
  const age = isOld ? ', which could not be renewed' : ''
  return `${nameToText(zone)} is anchored on ${chain}: key ${keys}, generation ${generation}, proven by ${bytes} bytes at height ${height} of ${new Date(time).toISOString()}${age}`
}

/** The whole TLD but what is registered does not exist; the TLD itself is there and has no records. */
function absence(
  question: LinkRequest['question'],
  { tld }: AnchorVerdict & { kind: 'nothing' },
  now: number,
): Finding {
  const [soa] = groupRRsets([localSoa(tld, ABSENCE_TTL)])
  const rcode = question.name.labels === tld.labels ? Rcode.NOERROR : Rcode.NXDOMAIN
  const outcome: Outcome = { kind: 'absent', rcode, apex: tld, soa, proofs: [] }
  const evidence = { security: 'insecure', provenance: 'ledger', observers: [] } as const
  return { question, outcome, evidence, expires: now + ABSENCE_TTL * 1_000 }
}

function isNxdomain({ finding: { outcome } }: LinkResult): boolean {
  return outcome.kind === 'absent' && outcome.rcode === Rcode.NXDOMAIN
}
