/** The commitments that this node has seen, held against what their signers say later: who signs two contents is found out. */
import { type Clock, compareBytes, type Log, latin1 } from '../../base/index.ts'
import { peerIdFromPublicKey } from '../../crypto/index.ts'
import type { Question } from '../../dns/index.ts'
import { type Certificate, type Commitment, type Observation, opens, verifyCommitment } from '../../evidence/index.ts'
import { limits } from '../limits.ts'
import type { ReadContext } from '../seats/context.ts'
import { questionKey } from '../wire/question-key.ts'

/** Two contents that one replica signed for one round. Anybody can check it. */
export interface Equivocation {
  readonly observer: Uint8Array
  readonly first: Commitment
  /** Another commitment in the same round, or an observation that is not the one committed to. */
  readonly second: Commitment | Observation
}

export interface SeenCommitments {
  /** Remembers a commitment that was verified; false when its signer has committed to something else in this round. */
  accept(commitment: Commitment, question: Question, nonce: Uint8Array): boolean
  /** Those that are valid and accepted, one a seat. */
  valid(commitments: readonly Commitment[], nonce: Uint8Array, context: ReadContext): Commitment[]
  /** False when one of the observations is not what its signer committed to, as far as this node has seen commitments. */
  confirms(certificate: Certificate): boolean
  readonly equivocations: readonly Equivocation[]
  sweep(): void
}

interface Seen {
  readonly commitment: Commitment
  /** Monotonic ms. */
  readonly at: number
}

export function createSeenCommitments({ clock, log }: { readonly clock: Clock; readonly log: Log }): SeenCommitments {
  const seen = new Map<string, Seen>()
  const equivocations: Equivocation[] = []

  function equivocated(first: Commitment, second: Commitment | Observation): void {
    if (equivocations.length >= limits.MAX_EQUIVOCATIONS) equivocations.shift()
    equivocations.push({ observer: first.observer, first, second })
    log.warn({ peer: peerIdFromPublicKey(first.observer) }, 'a replica signed two contents in one round')
  }

  function accept(commitment: Commitment, question: Question, nonce: Uint8Array): boolean {
    const key = seenKey(commitment.observer, question, nonce)
    const before = seen.get(key)
    if (before === undefined) {
      putBounded(seen, key, { commitment, at: clock.monotonic() })
      return true
    }
    if (compareBytes(before.commitment.hash, commitment.hash) === 0) return true
    equivocated(before.commitment, commitment)
    return false
  }

  return {
    accept,
    valid(commitments, nonce, { ringId, chunk, question, replicas, scheme }) {
      const seats = new Set(replicas.map((replica) => latin1(replica.publicKey)))
      return commitments.filter((one) => {
        if (!seats.delete(latin1(one.observer))) return false
        return verifyCommitment(one, { ringId, chunk, question, nonce }, scheme) && accept(one, question, nonce)
      })
    },
    confirms(certificate) {
      let holds = true
      for (const one of certificate.observations) {
        const before = seen.get(seenKey(one.observer, one.question, one.nonce))
        if (before === undefined || opens(before.commitment, one)) continue
        equivocated(before.commitment, one)
        holds = false
      }
      return holds
    },
    equivocations,
    sweep() {
      const from = clock.monotonic() - limits.COMMITTED_MS
      for (const [key, one] of seen) if (one.at < from) seen.delete(key)
    },
  }
}

/** Adds a value. When the map is full, the oldest one is dropped. */
export function putBounded<T>(map: Map<string, T>, key: string, value: T): void {
  map.set(key, value)
  if (map.size > limits.MAX_COMMITTED) map.delete(map.keys().next().value!)
}

function seenKey(observer: Uint8Array, question: Question, nonce: Uint8Array): string {
  return `${latin1(observer)}${latin1(nonce)} ${questionKey(question)}`
}
