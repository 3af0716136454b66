/** What was heard at one height: proposals and votes by round, counted. Bounded per validator and by a window of rounds. */
import { equalBytes, latin1 } from '../../base/index.ts'
import { sameId } from '../blocks/signing.ts'
import { limits } from '../limits.ts'
import type { Block, BlockCertificate, Proposal, Validator, Vote, VoteKind } from '../types.ts'

const NIL = 'nil'

/** Votes of one kind in one round. */
export class VoteSet {
  readonly #bySigner = new Map<number, Vote[]>()
  readonly #counts = new Map<string, number>()

  /** Validators who voted, for whatever. */
  get voters(): number {
    return this.#bySigner.size
  }

  count(blockId: Uint8Array | undefined): number {
    return this.#counts.get(keyOf(blockId)) ?? 0
  }

  /** The block with at least `quorum` votes, as key; nil does not count. */
  leader(quorum: number): Uint8Array | undefined {
    for (const [key, count] of this.#counts)
      if (count >= quorum && key !== NIL) {
        for (const votes of this.#bySigner.values())
          for (const { blockId } of votes) if (blockId !== undefined && latin1(blockId) === key) return blockId
      }
    return undefined
  }

  has(index: number): boolean {
    return this.#bySigner.has(index)
  }

  of(index: number): readonly Vote[] {
    return this.#bySigner.get(index) ?? []
  }

  /** Of validators that have no bit in `have`: one each, as in `bitmap`. */
  without(have: Uint8Array): Vote[] {
    const missing: Vote[] = []
    for (const [index, votes] of this.#bySigner)
      if ((((have[index >> 3] ?? 0) >> (index & 7)) & 1) === 0) missing.push(...votes)
    return missing
  }

  /**
   * `conflict`: the vote counts, and shows its signer to have voted twice. An equivocator's votes count for each of its
   * blocks, as in the paper's message log: what it told one of us, it may have told all.
   */
  add(index: number, vote: Vote): 'added' | 'known' | 'full' | { readonly conflict: Vote } {
    const votes = this.#bySigner.get(index) ?? []
    if (votes.some(({ blockId }) => sameId(blockId, vote.blockId))) return 'known'
    if (votes.length >= limits.MAX_VOTES_EACH) return 'full'
    this.#bySigner.set(index, [...votes, vote])
    const key = keyOf(vote.blockId)
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
    return votes.length === 0 ? 'added' : { conflict: votes[0]! }
  }

  /** Who voted, one bit each, lowest first. */
  bitmap(size: number): Uint8Array {
    const bits = new Uint8Array(Math.ceil(size / 8))
    for (const index of this.#bySigner.keys()) bits[index >> 3]! |= 1 << (index & 7)
    return bits
  }

  certificate(height: number, round: number, blockId: Uint8Array): BlockCertificate {
    const signatures = [...this.#bySigner]
      .flatMap(([index, votes]) => {
        const vote = votes.find((one) => sameId(one.blockId, blockId))
        return vote === undefined ? [] : [{ index, signature: vote.signature }]
      })
      .sort((a, b) => a.index - b.index)
    return { height, round, blockId, signatures }
  }
}

export interface RoundLog {
  proposal: Proposal | undefined
  /** Whether the proposal's time was near our clock when we first looked. */
  timely: boolean | undefined
  readonly votes: Readonly<Record<VoteKind, VoteSet>>
  /** R3 and R6 arm their timers once, R4 acts once. */
  prevoteTimer: boolean
  precommitTimer: boolean
  prevotesSeen: boolean
}

export class HeightLog {
  readonly validators: readonly Validator[]
  readonly rounds = new Map<number, RoundLog>()
  /** Blocks seen at this height. */
  readonly blocks = new Map<string, Block>()
  /** By validator: the highest round it was heard in. */
  readonly highest: number[]
  /** Validators already accused at this height. */
  readonly accused = new Set<number>()
  readonly #indices: ReadonlyMap<string, number>
  /** What `reachedBy` said for which count; asked after every event. */
  #reached = -1
  #reachedCount = 0

  constructor(validators: readonly Validator[]) {
    this.validators = validators
    this.highest = validators.map(() => -1)
    this.#indices = indicesOf(validators)
  }

  indexOf(publicKey: Uint8Array): number | undefined {
    return this.#indices.get(latin1(publicKey))
  }

  round(round: number): RoundLog {
    let log = this.rounds.get(round)
    if (log === undefined) {
      log = {
        proposal: undefined,
        timely: undefined,
        votes: { prevote: new VoteSet(), precommit: new VoteSet() },
        prevoteTimer: false,
        precommitTimer: false,
        prevotesSeen: false,
      }
      this.rounds.set(round, log)
    }
    return log
  }

  /** Whether a vote that counts here has this very signature: it was verified when it came, and needs it no more. */
  hasVote(kind: VoteKind, { round, blockId }: BlockCertificate, index: number, signature: Uint8Array): boolean {
    const votes = this.rounds.get(round)?.votes[kind].of(index) ?? []
    return votes.some((vote) => sameId(vote.blockId, blockId) && equalBytes(vote.signature, signature))
  }

  heard(index: number, round: number): void {
    if (round <= this.highest[index]!) return
    this.highest[index] = round
    this.#reachedCount = 0
  }

  /** Who claimed to be further on than any vote of it is kept, was there to bring us to `round`, and has to say so again. */
  forgetFarClaims(round: number): void {
    this.highest.forEach((claim, index) => {
      if (claim > round + limits.ROUNDS_AHEAD) this.highest[index] = round
    })
    this.#reachedCount = 0
  }

  /** Different validators heard at this height. */
  get voices(): number {
    let voices = 0
    for (const round of this.highest) if (round >= 0) voices++
    return voices
  }

  /** The highest round that at least `count` validators have reached; -1 for none. */
  reachedBy(count: number): number {
    if (count !== this.#reachedCount) {
      this.#reached = [...this.highest].sort((a, b) => b - a)[count - 1] ?? -1
      this.#reachedCount = count
    }
    return this.#reached
  }

  addBlock(block: Block): void {
    this.blocks.set(latin1(block.id), block)
  }

  block(id: Uint8Array): Block | undefined {
    return this.blocks.get(latin1(id))
  }

  /** Forgets rounds before `from`, and the blocks that nothing else names. */
  forgetBefore(from: number, kept: readonly (Block | undefined)[]): void {
    for (const round of this.rounds.keys()) if (round < from) this.rounds.delete(round)
    if (this.blocks.size <= limits.ROUNDS_KEPT * 2) return
    const named = [...this.rounds.values()].map(({ proposal }) => proposal?.block)
    for (const [key, block] of this.blocks)
      if (![...named, ...kept].some((one) => one !== undefined && equalBytes(one.id, block.id))) this.blocks.delete(key)
  }
}

const indexMaps = new WeakMap<readonly Validator[], ReadonlyMap<string, number>>()

/** Sets last for many heights. */
function indicesOf(validators: readonly Validator[]): ReadonlyMap<string, number> {
  let indices = indexMaps.get(validators)
  if (indices === undefined) {
    indices = new Map(validators.map(({ publicKey }, index) => [latin1(publicKey), index]))
    indexMaps.set(validators, indices)
  }
  return indices
}

function keyOf(blockId: Uint8Array | undefined): string {
  return blockId === undefined ? NIL : latin1(blockId)
}
