/**
 * Expulsions: members vote that one of them is no longer one. More than half of the others, by the table of whoever counts, expel
 * it; from then on its key has no seat and is not let in, and nothing takes that back. Only what was signed is held; it is bounded.
 */
import { latin1, type PeerId } from '../../base/index.ts'
import {
  type CborField,
  type CborValue,
  encodeCanonical,
  peerIdFromPublicKey,
  type Signer,
  signedBytes,
} from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import type { ExpulsionVote, MemberEntry } from '../types.ts'
import type { SigningContext } from './member.ts'
import { readHash, readNatural, readRow, readSignature } from './reading.ts'

export function signVote(ringId: string, signer: Signer, expelled: Uint8Array, at: number): ExpulsionVote {
  return { expelled, voter: signer.publicKey, at, signature: signer.sign(voteBytes(ringId, expelled, at)) }
}

export function verifyVote({ ringId, scheme }: SigningContext, vote: ExpulsionVote): boolean {
  return scheme.verify(vote.voter, voteBytes(ringId, vote.expelled, vote.at), vote.signature)
}

export function voteToValue({ expelled, voter, at, signature }: ExpulsionVote): CborValue {
  return [expelled, voter, at, signature]
}

/** Throws RING_MALFORMED. */
export function voteFromValue(value: CborField): ExpulsionVote {
  const [expelled, voter, at, signature] = readRow(value, 4, 'vote')
  return {
    expelled: readHash(expelled, 'expelled key'),
    voter: readHash(voter, 'voter'),
    at: readNatural(at, 'time of a vote'),
    signature: readSignature(signature, 'signature of a vote'),
  }
}

/** What the votes about one key come to. */
export interface Tally {
  readonly key: Uint8Array
  readonly votes: readonly ExpulsionVote[]
  readonly isExpelled: boolean
}

export class Expulsions {
  /** By the key that is voted on; inside by the voter's. */
  readonly #votes = new Map<string, Map<string, ExpulsionVote>>()
  readonly #expelled = new Map<string, PeerId>()
  readonly #peers = new Set<PeerId>()

  get size(): number {
    return this.#votes.size
  }

  has(vote: ExpulsionVote): boolean {
    return this.#votes.get(latin1(vote.expelled))?.has(latin1(vote.voter)) ?? false
  }

  isExpelled(publicKey: Uint8Array): boolean {
    return this.#expelled.size > 0 && this.#expelled.has(latin1(publicKey))
  }

  isExpelledPeer(peer: PeerId): boolean {
    return this.#peers.has(peer)
  }

  /** Adds a verified vote; false when it is known, or there is no room for it. */
  add(vote: ExpulsionVote): boolean {
    if (this.has(vote)) return false
    const key = latin1(vote.expelled)
    const votes = this.#votes.get(key) ?? new Map<string, ExpulsionVote>()
    const isFull = !this.#votes.has(key) && this.#votes.size >= limits.MAX_EXPULSIONS && !this.#makeRoom()
    if (isFull || votes.size >= limits.MAX_EXPULSION_VOTES || this.#openVotesOf(vote.voter) >= limits.MAX_VOTES_OF_ONE)
      return false
    votes.set(latin1(vote.voter), vote)
    this.#votes.set(key, votes)
    return true
  }

  /** How many of `others` voted that the owner of the key be expelled. */
  votesOf(key: Uint8Array, others: readonly MemberEntry[]): number {
    const votes = this.#votes.get(latin1(key))
    return votes === undefined ? 0 : others.filter(({ publicKey }) => votes.has(latin1(publicKey))).length
  }

  expel(publicKey: Uint8Array): void {
    const peer = peerIdFromPublicKey(publicKey)
    this.#expelled.set(latin1(publicKey), peer)
    this.#peers.add(peer)
  }

  /** All that is known, in the order in which it came. */
  tallies(): Tally[] {
    return [...this.#votes.entries()].map(([key, votes]) => ({
      key: [...votes.values()][0]!.expelled,
      votes: [...votes.values()],
      isExpelled: this.#expelled.has(key),
    }))
  }

  /** Of those that are not expelled the one with the fewest votes goes. */
  #makeRoom(): boolean {
    let fewest: string | undefined
    for (const [key, votes] of this.#votes) {
      if (this.#expelled.has(key)) continue
      if (fewest === undefined || votes.size < this.#votes.get(fewest)!.size) fewest = key
    }
    return fewest !== undefined && this.#votes.delete(fewest)
  }

  #openVotesOf(voter: Uint8Array): number {
    const key = latin1(voter)
    let count = 0
    for (const [expelled, votes] of this.#votes) if (votes.has(key) && !this.#expelled.has(expelled)) count += 1
    return count
  }
}

function voteBytes(ringId: string, expelled: Uint8Array, at: number): Uint8Array {
  return signedBytes('chordns/expel/1', encodeCanonical([ringId, expelled, at]))
}
