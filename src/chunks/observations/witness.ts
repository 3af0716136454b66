/**
 * A replica's part in rounds that others open: it commits to what it saw, reveals it to an opener that shows more than half of
 * the commitments (its own and the opener's among them), and holds the certificate that comes of it against them. Nobody who has
 * not committed learns what it saw, so that a copied observation must be made before there is anything to copy.
 */
import { type Clock, compareBytes, type Log, latin1, type PeerId } from '../../base/index.ts'
import { peerIdFromPublicKey, type Signer } from '../../crypto/index.ts'
import type { Question } from '../../dns/index.ts'
import {
  type Certificate,
  type Commitment,
  commitTo,
  type Observation,
  opens,
  quorum,
  roundNonce,
  verifyCommitment,
} from '../../evidence/index.ts'
import { questionKey } from '../entries/bounded-map.ts'
import type { ReadContext } from '../entries/examine.ts'
import { limits } from '../limits.ts'
import type { LiveVote } from '../types.ts'
import type { ChunkReply, RoundId } from '../wire/messages.ts'

export interface WitnessModules {
  readonly clock: Clock
  readonly log: Log
  readonly signer: Signer
}

/** Two contents that one replica signed for one round: what it is, anybody can check. */
export interface Equivocation {
  readonly observer: Uint8Array
  readonly first: Commitment
  /** Another commitment in the same round, or an observation that is not the one committed to. */
  readonly second: Commitment | Observation
}

export interface Witness {
  /** This node's word for one round of `opener`: the same however often it asks. */
  commit(opener: PeerId, question: Question, id: RoundId, vote: LiveVote): Commitment
  /** What was committed to, to an opener that shows enough commitments; else `unknown`. */
  reveal(opener: PeerId, id: RoundId, commitments: readonly Commitment[], context: ReadContext): ChunkReply
  /** Notes a commitment that was verified; false when its signer has committed to something else in this round. */
  note(commitment: Commitment, question: Question, nonce: Uint8Array): boolean
  /** False when one of the observations is not what its signer committed to, as far as this node has seen commitments. */
  confirms(certificate: Certificate): boolean
  /** True from a commitment to its reveal: until then nobody is told what this node sees. */
  keepsSecret(question: Question): boolean
  readonly equivocations: readonly Equivocation[]
  sweep(): void
}

interface Committed {
  readonly opener: PeerId
  readonly question: Question
  readonly nonce: Uint8Array
  readonly vote: LiveVote
  readonly commitment: Commitment
  readonly at: number
}

interface Noted {
  readonly commitment: Commitment
  readonly at: number
}

export function createWitness({ clock, log, signer }: WitnessModules): Witness {
  const committed = new Map<string, Committed>()
  const noted = new Map<string, Noted>()
  /** Questions (monotonic ms of the last commitment) whose sight is not revealed yet. */
  const secrets = new Map<string, number>()
  const equivocations: Equivocation[] = []

  function equivocated(first: Commitment, second: Commitment | Observation): void {
    if (equivocations.length >= limits.MAX_EQUIVOCATIONS) equivocations.shift()
    equivocations.push({ observer: first.observer, first, second })
    log.warn({ peer: peerIdFromPublicKey(first.observer) }, 'a replica signed two contents in one round')
  }

  function note(commitment: Commitment, question: Question, nonce: Uint8Array): boolean {
    const key = notedKey(commitment.observer, question, nonce)
    const before = noted.get(key)
    if (before === undefined) {
      keep(noted, key, { commitment, at: clock.monotonic() })
      return true
    }
    if (compareBytes(before.commitment.hash, commitment.hash) === 0) return true
    equivocated(before.commitment, commitment)
    return false
  }

  /** Valid commitments of distinct seats. */
  function valid(commitments: readonly Commitment[], question: Question, nonce: Uint8Array, context: ReadContext) {
    const seats = new Set(context.replicas.map((replica) => latin1(replica.publicKey)))
    const subject = { ringId: context.ringId, chunk: context.chunk, question, nonce }
    return commitments.filter((one) => {
      if (!seats.delete(latin1(one.observer))) return false
      return verifyCommitment(one, subject, context.scheme) && note(one, question, nonce)
    })
  }

  return {
    commit(opener, question, { nonce, attempt }, vote) {
      const key = committedKey(opener, question, nonce, attempt)
      const before = committed.get(key)
      if (before !== undefined) return before.commitment
      const commitment = commitTo(vote.observation, clock.now(), signer)
      const own = roundNonce(nonce, attempt)
      keep(committed, key, { opener, question, nonce: own, vote, commitment, at: clock.monotonic() })
      note(commitment, question, own)
      keep(secrets, questionKey(question), clock.monotonic())
      return commitment
    },
    reveal(opener, { nonce, attempt }, commitments, context) {
      const mine = committed.get(committedKey(opener, context.question, nonce, attempt))
      if (mine === undefined) return { kind: 'unknown' }
      const shown = valid(commitments, context.question, mine.nonce, context)
      const has = (key: Uint8Array | undefined) =>
        key !== undefined && shown.some((one) => compareBytes(one.observer, key) === 0)
      const openersKey = context.replicas.find((replica) => replica.peer === opener)?.publicKey
      const late = clock.monotonic() - mine.at >= limits.COMMIT_MS
      if (!has(signer.publicKey) || !has(openersKey) || (shown.length < quorum(context.n) && !late))
        return { kind: 'unknown' }
      secrets.delete(questionKey(context.question))
      return { kind: 'vote', ...mine.vote }
    },
    note,
    confirms(certificate) {
      let fine = true
      for (const one of certificate.observations) {
        const before = noted.get(notedKey(one.observer, one.question, one.nonce))
        if (before === undefined || opens(before.commitment, one)) continue
        equivocated(before.commitment, one)
        fine = false
      }
      return fine
    },
    keepsSecret(question) {
      const at = secrets.get(questionKey(question))
      return at !== undefined && at > clock.monotonic() - limits.COMMIT_MS - limits.REVEAL_MS
    },
    equivocations,
    sweep() {
      const from = clock.monotonic() - limits.COMMITTED_MS
      for (const [key, one] of committed) if (one.at < from) committed.delete(key)
      for (const [key, at] of secrets) if (at < from) secrets.delete(key)
      for (const [key, one] of noted) if (one.at < from) noted.delete(key)
    },
  }
}

/** The oldest gives way. */
function keep<T>(map: Map<string, T>, key: string, value: T): void {
  map.set(key, value)
  if (map.size > limits.MAX_COMMITTED) map.delete(map.keys().next().value!)
}

function committedKey(opener: PeerId, question: Question, nonce: Uint8Array, attempt: number): string {
  return `${opener} ${attempt} ${latin1(nonce)} ${questionKey(question)}`
}

function notedKey(observer: Uint8Array, question: Question, nonce: Uint8Array): string {
  return `${latin1(observer)}${latin1(nonce)} ${questionKey(question)}`
}
