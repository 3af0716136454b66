/**
 * Signed answers with their proofs: they stand alone, so one fetch of one member serves all, and no vote is held. Whoever brings
 * one, it is verified here before it is kept, and again by whoever reads it.
 */
import type { ChunkId } from '../../base/index.ts'
import type { Question } from '../../dns/index.ts'
import { encodeOutcome, type Finding, type Outcome, outcomeTtl, type ProofLink } from '../../evidence/index.ts'
import { limits } from '../limits.ts'
import type { Placement } from '../seats/placement.ts'
import type { ChunkReply } from '../wire/messages.ts'
import { questionKey } from '../wire/question-key.ts'
import { BoundedMap } from './bounded-map.ts'
import { createProofChecks, type ProofChecksDeps } from './proof-checks.ts'

export interface ProofsDeps extends ProofChecksDeps {
  readonly placement: Pick<Placement, 'chunkOf'>
  readonly stopping: AbortSignal
}

export interface ProofsHooks {
  /** Hears of each question whose proof is held from now on. */
  readonly onKept: (question: Question, chunk: ChunkId) => void
}

export interface Proofs {
  /** What this node validated itself. */
  keep(finding: Pick<Finding, 'question' | 'outcome' | 'expires'>): void
  /** What a peer brought: verified by what this node knows and by `links`, without a query, and kept if it holds. */
  offer(
    question: Question,
    outcome: Outcome,
    links?: readonly ProofLink[],
  ): Promise<'kept' | 'bogus' | 'unproven' | 'busy'>
  /** What the asker thinks of a reply that claims to stand alone: the finding, `secure`, or why it is none. */
  check(
    question: Question,
    reply: Extract<ChunkReply, { kind: 'proof' }>,
    signal: AbortSignal,
  ): Promise<Finding | string>
  word(question: Question): Extract<ChunkReply, { kind: 'proof' }> | undefined
  has(question: Question): boolean
  /** Keys of the questions of one chunk. */
  keysOf(chunk: ChunkId): readonly string[]
  /** Questions and expiries (unix ms) of what is held. */
  held(): readonly { readonly question: Question; readonly outcome: Outcome; readonly expires: number }[]
  sweep(): void
  stats(): { readonly proofs: number; readonly refusedProofs: number }
}

interface KeptProof {
  readonly chunk: ChunkId
  readonly question: Question
  readonly outcome: Outcome
  readonly expires: number
}

export function createProofs(deps: ProofsDeps, { onKept }: ProofsHooks): Proofs {
  const { clock, source, placement } = deps
  const byChunk = new Map<ChunkId, Set<string>>()
  const kept = new BoundedMap<KeptProof>(limits.MAX_PROOF_BYTES, (key, { chunk }) => {
    const keys = byChunk.get(chunk)
    keys?.delete(key)
    if (keys?.size === 0) byChunk.delete(chunk)
  })
  const checks = createProofChecks(deps)

  function keep({ question, outcome, expires }: Omit<KeptProof, 'chunk'>): void {
    const now = clock.now()
    if (source === undefined || expires - now < limits.MIN_SHARED_TTL_SECONDS * 1_000) return
    const until = Math.min(expires, now + limits.MAX_PROOF_MS)
    const bytes = encodeOutcome(outcome).length + limits.RECORD_OVERHEAD_BYTES
    const chunk = placement.chunkOf(question)
    const key = questionKey(question)
    if (!kept.set(key, { chunk, question, outcome, expires: until }, bytes, until)) return
    const keys = byChunk.get(chunk)
    if (keys === undefined) byChunk.set(chunk, new Set([key]))
    else keys.add(key)
    onKept(question, chunk)
  }

  return {
    keep,
    async offer(question, outcome, links = []) {
      const held = kept.get(questionKey(question), clock.now())
      // More than half of its TTL is left: it is not verified again whenever somebody brings it.
      if (held !== undefined && held.expires - clock.now() > outcomeTtl(outcome) * 500) return 'kept'
      const claim = { question, outcome, seconds: outcomeTtl(outcome), links, mayFetch: false }
      const finding = await checks.check(claim, deps.stopping)
      if (typeof finding === 'string') return finding
      keep(finding)
      return 'kept'
    },
    async check(question, reply, signal) {
      const { outcome, seconds, links = [] } = reply
      const finding = await checks.check({ question, outcome, seconds, links, mayFetch: true }, signal)
      if (finding === 'bogus') return 'a proof that does not hold'
      return typeof finding === 'string' ? `a proof that could not be checked: ${finding}` : finding
    },
    word(question) {
      const now = clock.now()
      const held = kept.get(questionKey(question), now)
      if (held === undefined) return undefined
      return { kind: 'proof', outcome: held.outcome, seconds: Math.floor((held.expires - now) / 1_000) }
    },
    has: (question) => kept.get(questionKey(question), clock.now()) !== undefined,
    keysOf: (chunk) => [...(byChunk.get(chunk) ?? [])],
    held: () => kept.values(clock.now()),
    sweep: () => kept.sweep(clock.now()),
    stats: () => ({ proofs: kept.size, refusedProofs: checks.refused() }),
  }
}
