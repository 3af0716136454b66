/**
 * A replica's part in rounds that others open: it commits to what it saw, then reveals it to an opener that shows more than half of
 * the commitments (its own and the opener's among them). Nobody who has not committed learns what it saw, so whoever wants to copy
 * an observation would have to commit to it before there is anything to copy.
 */
import { type Clock, compareBytes, latin1, type PeerId } from '../../base/index.ts'
import type { Signer } from '../../crypto/index.ts'
import type { Question } from '../../dns/index.ts'
import { type Commitment, commitTo, quorum, roundNonce } from '../../evidence/index.ts'
import { limits } from '../limits.ts'
import type { ReadContext } from '../seats/context.ts'
import type { LiveVote, RoundId } from '../wire/messages.ts'
import { questionKey } from '../wire/question-key.ts'
import { putBounded, type SeenCommitments } from './seen-commitments.ts'

export interface WitnessDeps {
  readonly clock: Clock
  readonly signer: Signer
  /** The peer that this node is. */
  readonly self: PeerId
  readonly commitments: SeenCommitments
}

/**
 * `uncommitted`: this node has committed to nothing in that round; `too-few`: not enough commitments are shown; `too-late`: the round
 * should be over.
 */
export type RevealRefusal = 'uncommitted' | 'too-few' | 'too-late'

export interface Witness {
  /** This node's commitment for one round of `opener`: the same however often it is requested. */
  commit(opener: PeerId, question: Question, id: RoundId, vote: LiveVote): Commitment
  /** As opener of a round of its own. */
  commitOwn(question: Question, id: RoundId, vote: LiveVote): Commitment
  /** What was committed to, to an opener that shows enough commitments. */
  reveal(
    opener: PeerId,
    id: RoundId,
    shown: readonly Commitment[],
    context: ReadContext,
  ): { readonly vote: LiveVote } | RevealRefusal
  /** True from a commitment to its reveal: until then nobody is told what this node sees. */
  keepsSecret(question: Question): boolean
  sweep(): void
}

interface Committed {
  readonly nonce: Uint8Array
  readonly vote: LiveVote
  readonly commitment: Commitment
  /** Monotonic ms. */
  readonly at: number
}

export function createWitness({ clock, signer, self, commitments }: WitnessDeps): Witness {
  const committed = new Map<string, Committed>()
  /** Questions (monotonic ms of the last commitment) whose observation is not revealed yet. */
  const secrets = new Map<string, number>()

  function commit(opener: PeerId, question: Question, { nonce, attempt }: RoundId, vote: LiveVote): Commitment {
    const key = committedKey(opener, question, nonce, attempt)
    const before = committed.get(key)
    if (before !== undefined) return before.commitment
    const commitment = commitTo(vote.observation, clock.now(), signer)
    const own = roundNonce(nonce, attempt)
    putBounded(committed, key, { nonce: own, vote, commitment, at: clock.monotonic() })
    commitments.accept(commitment, question, own)
    putBounded(secrets, questionKey(question), clock.monotonic())
    return commitment
  }

  return {
    commit,
    commitOwn: (question, id, vote) => commit(self, question, id, vote),
    reveal(opener, { nonce, attempt }, shown, context) {
      const mine = committed.get(committedKey(opener, context.question, nonce, attempt))
      if (mine === undefined) return 'uncommitted'
      // What this node saw is told to whoever reads, from now on: it could be copied.
      if (clock.monotonic() - mine.at > limits.COMMIT_MS + limits.REVEAL_MS) return 'too-late'
      const valid = commitments.valid(shown, mine.nonce, context)
      const has = (key: Uint8Array | undefined) =>
        key !== undefined && valid.some((one) => compareBytes(one.observer, key) === 0)
      const openersKey = context.replicas.find((replica) => replica.peer === opener)?.publicKey
      // However long it waits: an opener and one that copies are two, and could else wait for what the others saw.
      if (!has(signer.publicKey) || !has(openersKey) || valid.length < quorum(context.n)) return 'too-few'
      secrets.delete(questionKey(context.question))
      return { vote: mine.vote }
    },
    keepsSecret(question) {
      const at = secrets.get(questionKey(question))
      return at !== undefined && at > clock.monotonic() - limits.COMMIT_MS - limits.REVEAL_MS
    },
    sweep() {
      const from = clock.monotonic() - limits.COMMITTED_MS
      for (const [key, one] of committed) if (one.at < from) committed.delete(key)
      for (const [key, at] of secrets) if (at < from) secrets.delete(key)
    },
  }
}

function committedKey(opener: PeerId, question: Question, nonce: Uint8Array, attempt: number): string {
  return `${opener} ${attempt} ${latin1(nonce)} ${questionKey(question)}`
}
