/**
 * Signed answers with their proofs: they stand alone, so one fetch of one member serves all, and no vote is held. Whoever brings
 * one, it is verified here before it is kept, and again by whoever reads it. They are entries like the others: on the disk, pulled by
 * new replicas and by those who missed one. Their terms go by steady time: no step of the wall clock stretches them.
 */
import { type ChunkId, SteadyTime } from '../../base/index.ts'
import type { Question } from '../../dns/index.ts'
import { encodeOutcome, type Finding, type Outcome, outcomeTtl, type ProofLink } from '../../evidence/index.ts'
import { limits } from '../limits.ts'
import type { Placement } from '../seats/placement.ts'
import type { ChunkReply } from '../wire/messages.ts'
import { questionKey } from '../wire/question-key.ts'
import { BoundedMap } from './bounded-map.ts'
import type { RowFile, SealedRow } from './disk/row-file.ts'
import { createSlices } from './disk/slices.ts'
import type { SignedEntry } from './entry.ts'
import { compareSigned, compareTerms, tagOf } from './order.ts'
import { createProofChecks, type ProofChecksDeps } from './proof-checks.ts'
import { proofRowOf, readProofRow } from './proof-rows.ts'

export interface ProofsDeps extends ProofChecksDeps {
  readonly placement: Pick<Placement, 'chunkOf'>
  readonly stopping: AbortSignal
  /** Where they outlive the process. */
  readonly file?: RowFile | undefined
}

export type ProofKept = Pick<Finding, 'question' | 'outcome' | 'expires'>

/**
 * How a proof came: `own`: this node validated it; `told` by a member; `pulled` from another replica; `recorded` in a block of the chunk's
 * chain; `restored` from this node's disk.
 */
export type ProofCause = 'own' | 'told' | 'pulled' | 'recorded' | 'restored'

export interface ProofHeld {
  readonly entry: SignedEntry
  readonly cause: ProofCause
  /** Another content was held before, or none. */
  readonly isNew: boolean
}

export interface ProofsHooks {
  /** Hears of each proof that is held from now on. */
  readonly onKept: (held: ProofHeld) => void
}

export interface Proofs {
  /** What this node validated itself. */
  keep(finding: ProofKept): void
  /**
   * What a peer brought, which ends at `expires` (unix ms) by its word: verified by what this node knows and by `links`, without a
   * query, and kept if it holds. `known`: the same is held, or something that was signed later.
   */
  offer(
    question: Question,
    outcome: Outcome,
    links?: readonly ProofLink[],
    expires?: number,
    cause?: ProofCause,
  ): Promise<'kept' | 'known' | 'bogus' | 'unproven' | 'busy'>
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
  /** What is held, with when it came (unix ms). */
  held(): readonly HeldProof[]
  /** Chunks of which any is held; what is held of one, as marks of a pull name it; and one as a row, with what it takes to verify it. */
  chunks(): ChunkId[]
  marksOf(chunk: ChunkId): readonly (Pick<KeptProof, 'expires' | 'tag' | 'isFresh'> & { readonly key: string })[]
  row(key: string): Uint8Array | undefined
  entryOf(key: string): SignedEntry | undefined
  /** Begins to read what the last run has kept. */
  start(): void
  stop(): void
  sweep(): void
  stats(): { readonly proofs: number; readonly refusedProofs: number }
}

/** A replica that has just come knows not even the keys of the root, and may not be able to ask for them. */
const FROM_ROOT = 0

export interface HeldProof extends ProofKept {
  readonly chunk: ChunkId
  readonly since: number
  /** It came from this node's own validation, or was told, since this process started. */
  readonly isFresh: boolean
}

interface KeptProof extends HeldProof {
  /** See `tagOf`. */
  readonly tag: number
  /** What its row says of its end: unix ms by the wall clock of when it came. No signature ends before. */
  readonly written: number
}

export function createProofs(deps: ProofsDeps, { onKept }: ProofsHooks): Proofs {
  const { clock, source, placement, file } = deps
  const byChunk = new Map<ChunkId, Set<string>>()
  const kept = new BoundedMap<KeptProof>(limits.MAX_PROOF_BYTES, (key, { chunk }) => {
    const keys = byChunk.get(chunk)
    keys?.delete(key)
    if (keys?.size === 0) byChunk.delete(chunk)
    file?.drop(key)
  })
  /** What is in `kept` has its times by this; outside they are by the wall clock of now. */
  const steady = new SteadyTime(clock)
  const checks = createProofChecks(deps)
  const slices = createSlices(clock, deps.log)

  const steadyNow = () => clock.now() + steady.shift

  function heldOf(key: string): KeptProof | undefined {
    return current(kept.get(key, steadyNow()))
  }

  /** As `heldOf`, without counting as a use. */
  function peek(key: string): KeptProof | undefined {
    return current(kept.peek(key, steadyNow()))
  }

  /** By the wall clock of now. Where that was set ahead it ends by it: its signatures may. */
  function current(proof: KeptProof | undefined): KeptProof | undefined {
    if (proof === undefined) return undefined
    const expires = Math.min(proof.expires - steady.shift, proof.written)
    return expires <= clock.now() ? undefined : { ...proof, expires, since: proof.since - steady.shift }
  }

  function keep({ question, outcome, expires }: ProofKept, cause: ProofCause, given?: readonly ProofLink[]): void {
    const now = clock.now()
    if (source === undefined || expires - now < limits.MIN_SHARED_TTL_SECONDS * 1_000) return
    const held = peek(questionKey(question))
    // A copy that was signed earlier than what is held comes from a server that is behind.
    if (held !== undefined && compareSigned(question, held.outcome, outcome) > 0) return
    const until = Math.min(expires, now + limits.MAX_PROOF_MS)
    const links = given ?? source.links(question, FROM_ROOT)
    if (!hold({ question, outcome, expires: until }, links, cause)) return
    // It is in memory, too.
    file?.put(questionKey(question), proofRowOf({ question, outcome, expires: until, links }), () => {})
  }

  /** In memory; false when it is too large. */
  function hold({ question, outcome, expires }: ProofKept, links: readonly ProofLink[], cause: ProofCause): boolean {
    const bytes = encodeOutcome(outcome).length + limits.RECORD_OVERHEAD_BYTES
    const chunk = placement.chunkOf(question)
    const key = questionKey(question)
    const tag = tagOf(question, outcome)
    const isNew = peek(key)?.tag !== tag
    const isFresh = cause === 'own' || cause === 'told'
    const term = { expires: expires + steady.shift, since: steadyNow(), written: expires }
    if (!kept.set(key, { chunk, tag, question, outcome, isFresh, ...term }, bytes, term.expires)) return false
    const keys = byChunk.get(chunk)
    if (keys === undefined) byChunk.set(chunk, new Set([key]))
    else keys.add(key)
    onKept({ entry: { question, chunk, class: 'signed', outcome, links, expires }, cause, isNew })
    return true
  }

  /**
   * A row of the last run. This node has verified it before it wrote it: its seal says so, and its end is that of its signatures. Whatever the
   * clock was then, it is not held for longer than its TTL.
   */
  function restore(key: string, { row, isOwn }: SealedRow): void {
    if (file?.found(key) !== true) return
    const claim = isOwn ? readProofRow(row) : undefined
    const isGood = claim !== undefined && claim.expires > clock.now() && questionKey(claim.question) === key
    if (isGood && hold(bounded(claim), claim.links, 'restored')) file.keep(key)
    else file.forget(key)
  }

  function bounded<T extends ProofKept>(claim: T): T {
    return { ...claim, expires: Math.min(claim.expires, clock.now() + outcomeTtl(claim.outcome) * 1_000) }
  }

  return {
    keep: (finding) => keep(finding, 'own'),
    async offer(question, outcome, links = [], expires = Number.POSITIVE_INFINITY, cause = 'told') {
      const held = heldOf(questionKey(question))
      const order = held === undefined ? -1 : compareSigned(question, held.outcome, outcome)
      if (order > 0) return 'known'
      // The same content, not signed anew: while more than half of its TTL is left it is not verified again whenever somebody brings it.
      const isAsGood = order === 0 && compareTerms(outcome, held!.outcome) <= 0
      if (isAsGood && (cause === 'recorded' || held!.expires - clock.now() > outcomeTtl(outcome) * 500)) return 'known'
      const seconds = Math.min(outcomeTtl(outcome), Math.floor((expires - clock.now()) / 1_000))
      const claim = { question, outcome, seconds, links, mayFetch: false }
      const finding = await checks.check(claim, deps.stopping)
      if (typeof finding === 'string') return finding
      keep(finding, cause, links.length > 0 ? links : undefined)
      return 'kept'
    },
    async check(question, reply, signal) {
      const { outcome, seconds, links = [] } = reply
      const finding = await checks.check({ question, outcome, seconds, links, mayFetch: true }, signal)
      if (finding === 'bogus') return 'a proof that does not hold'
      return typeof finding === 'string' ? `a proof that could not be checked: ${finding}` : finding
    },
    word(question) {
      const held = heldOf(questionKey(question))
      if (held === undefined) return undefined
      return { kind: 'proof', outcome: held.outcome, seconds: Math.floor((held.expires - clock.now()) / 1_000) }
    },
    has: (question) => heldOf(questionKey(question)) !== undefined,
    keysOf: (chunk) => [...(byChunk.get(chunk) ?? [])],
    held: () => kept.values(steadyNow()).flatMap((proof) => current(proof) ?? []),
    chunks: () => [...byChunk.keys()],
    marksOf: (chunk) =>
      [...(byChunk.get(chunk) ?? [])].flatMap((key) => {
        const proof = peek(key)
        return proof === undefined ? [] : [{ key, expires: proof.expires, tag: proof.tag, isFresh: proof.isFresh }]
      }),
    row(key) {
      const proof = peek(key)
      if (proof === undefined) return undefined
      const row = file?.get(key)
      if (row !== undefined && proof.written === proof.expires) return row
      // The clock was stepped since the row was written: it would say another end.
      const links = (row && readProofRow(row)?.links) ?? source?.links(proof.question, FROM_ROOT) ?? []
      return proofRowOf({ ...proof, links })
    },
    entryOf(key) {
      const proof = peek(key)
      if (proof === undefined) return undefined
      const { question, chunk, outcome, expires } = proof
      return { question, chunk, class: 'signed', outcome, links: source?.links(question, FROM_ROOT) ?? [], expires }
    },
    start() {
      if (file !== undefined) slices.begin(file.all(), ([key, row]) => restore(key, row), file.sweep)
    },
    stop() {
      slices.stop()
      file?.sweep()
    },
    sweep() {
      kept.sweep(steadyNow())
      file?.sweep()
    },
    stats: () => ({ proofs: kept.size, refusedProofs: checks.refused() }),
  }
}
