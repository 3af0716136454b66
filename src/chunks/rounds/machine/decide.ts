/** What a round comes to: a certificate of some class, another round, or nothing. Pure. */
import { equalBytes } from '../../../base/index.ts'
import { Type } from '../../../dns/index.ts'
import {
  agreedTtl,
  buildCertificate,
  buildDiffering,
  type Certificate,
  type CertificateContext,
  type CertificateHolds,
  type Content,
  checkCertificate,
  evidenceLimits,
  isDelegation,
  type Outcome,
  quorum,
  type SeenSet,
  seenSet,
} from '../../../evidence/index.ts'
import { agreedOutcome } from '../../entries/examine.ts'
import { limits } from '../../limits.ts'
import type { LiveVote } from '../../wire/messages.ts'

export interface Heard {
  /** Revealed in this round. */
  readonly votes: readonly LiveVote[]
  /** Replicas that see an address of private space, and say no more. */
  readonly hidden: number
  /** What earlier rounds under the same nonce brought. */
  readonly before: readonly LiveVote[]
  /** Rounds so far, this one too. */
  readonly attempt: number
  /** A round over TCP was among them. */
  readonly overTcp: boolean
  /** What would have been agreed, had there been no conflict. */
  readonly fallback: Agreed | undefined
}

export interface Agreed {
  readonly certificate: Certificate
  readonly outcome: Content
}

export type Decision =
  | ({ readonly kind: 'agreed' } & Agreed)
  | { readonly kind: 'again'; readonly how: 'fresh' | 'tcp'; readonly fallback: Agreed | undefined }
  | { readonly kind: 'failed' }

export function decide(heard: Heard, context: Omit<CertificateContext, 'now' | 'outcome'>, now: number): Decision {
  const seen: CertificateContext = { ...context, now }
  const { votes, attempt } = heard
  const same = agreement(votes, seen)
  const isLast = attempt >= evidenceLimits.MAX_ROUNDS
  // Forged answers come in UDP datagrams more often than over TCP: before it is decided who is right, all observe again.
  if (isConflict(heard) && !heard.overTcp && !isLast)
    return { kind: 'again', how: 'tcp', fallback: same ?? heard.fallback }
  if (same !== undefined) return { kind: 'agreed', ...same }
  if (isDelegation(context.question)) return { kind: 'failed' }
  const all = [...heard.before, ...votes]
  const rotating = differing('rotating', all, seen)
  if (rotating !== undefined) return { kind: 'agreed', ...rotating }
  if (!isLast && mayRotate(heard, seen)) return { kind: 'again', how: 'fresh', fallback: heard.fallback }
  const divergent = differing('divergent', all, seen)
  if (divergent !== undefined) return { kind: 'agreed', ...divergent }
  // The round over TCP brought nothing, for example because the servers do not speak TCP.
  return heard.fallback === undefined ? { kind: 'failed' } : { kind: 'agreed', ...heard.fallback }
}

/** More than n/2 saw the same, and it lives long enough. */
export function agreement(votes: readonly LiveVote[], context: CertificateContext): Agreed | undefined {
  const certificate = buildCertificate(
    votes.map((vote) => vote.observation),
    context,
  )
  const first = certificate?.observations[0]
  if (certificate === undefined || first === undefined) return undefined
  // The outcome of the first replica that is counted is passed on: its signed digest says that it is what the majority saw.
  const copy = votes.find((vote) => vote.observation === first)!.outcome
  const check = checkCertificate(certificate, { ...context, outcome: copy })
  if (!check.ok || agreedTtl(check.counted, context.n) < limits.MIN_SHARED_TTL_SECONDS) return undefined
  return { certificate, outcome: agreedOutcome(copy, check.counted, context.n) }
}

function differing(
  kind: 'rotating' | 'divergent',
  votes: readonly LiveVote[],
  context: CertificateContext,
): Agreed | undefined {
  const sets = votes.flatMap(({ outcome }) => setOf(outcome, context))
  const built = buildDiffering(
    kind,
    votes.map((vote) => vote.observation),
    sets,
    context,
  )
  if (built === undefined) return undefined
  const { certificate, check } = built
  if (kind === 'rotating' && check.ttl < limits.MIN_SHARED_TTL_SECONDS) return undefined
  const { apex } = check.counted[0]!
  const outcome: Content =
    kind === 'divergent' ? { kind: 'divergent', apex, proofs: [] } : rotatingOutcome(check, apex, context)
  return { certificate, outcome: agreedOutcome(outcome, check.counted, context.n) }
}

function rotatingOutcome({ kept, ttl }: CertificateHolds, apex: Outcome['apex'], context: CertificateContext): Outcome {
  const { name, type, class: klass } = context.question
  const rrset = { name, type, class: klass, ttl, rdatas: kept, signatures: [] }
  return { kind: 'rrset', rrset, apex, proofs: [] }
}

/** What a certificate can show: one RRset at the name of the question. */
function setOf(outcome: Content, { question }: CertificateContext): SeenSet[] {
  return outcome.kind === 'rrset' && outcome.rrset.name.key === question.name.key ? [seenSet(outcome.rrset)] : []
}

/** Private address against public, or absence against data. */
function isConflict({ votes, hidden }: Heard): boolean {
  const absent = votes.filter(({ outcome }) => outcome.kind === 'absent').length
  return votes.length > 0 && (hidden > 0 || (absent > 0 && absent < votes.length))
}

/** After the first round a set may always rotate. After the second it may only if some replica has seen another set than before. */
function mayRotate({ votes, before, attempt }: Heard, { question, n }: CertificateContext): boolean {
  if (question.type !== Type.A && question.type !== Type.AAAA) return false
  const sets = votes.filter(
    ({ outcome, observation }) =>
      outcome.kind === 'rrset' &&
      outcome.rrset.type === question.type &&
      observation.ttl >= limits.MIN_SHARED_TTL_SECONDS,
  )
  if (sets.length < quorum(n)) return false
  if (attempt === 1) return true
  return sets.some(({ observation }) => {
    const earlier = before.filter((vote) => equalBytes(vote.observation.observer, observation.observer))
    return earlier.length > 0 && !earlier.some((vote) => equalBytes(vote.observation.digest, observation.digest))
  })
}
