/**
 * The sign guard: never two different things for one (height, round, step), even when the power fails between. Its record
 * is on disk before a signature leaves, and holds the lock too, which a restarted validator must not forget.
 */
import { equalBytes } from '../../base/index.ts'
import { type CborValue, encodeCanonical } from '../../crypto/index.ts'
import { blockFromValue, blockToValue, certificateFromValue, certificateToValue } from '../blocks/blocks.ts'
import { asExactly, asHeight, asInteger, asList, asRound, decodeFields, malformed } from '../blocks/fields.ts'
import { limits } from '../limits.ts'
import type { Block, Certificate, VoteKind } from '../types.ts'

export type SignStep = 'propose' | 'prevote' | 'precommit'

/** 1 to 3: the order of the steps in a round. */
export const STEP_CODE: Record<SignStep, 1 | 2 | 3> = { propose: 1, prevote: 2, precommit: 3 }

export interface SignedStep {
  readonly step: SignStep
  /** SHA-256 of what was signed. */
  readonly digest: Uint8Array
  readonly signature: Uint8Array
}

export interface EarlierVote {
  readonly kind: VoteKind
  readonly round: number
  /** Undefined for nil. */
  readonly id: Uint8Array | undefined
  readonly signature: Uint8Array
}

export interface VoteRecord {
  readonly height: number
  readonly round: number
  /** What was signed in this round, in order. */
  readonly signed: readonly SignedStep[]
  /** Ids that the votes of this round were for; undefined for nil. In the order of `signed`. */
  readonly ids: readonly (Uint8Array | undefined)[]
  /**
   * Votes of earlier rounds of this height, oldest first. They may have left and been lost: who waits for them in such a round
   * gets no further without them, so they are told again after a restart.
   */
  readonly earlier: readonly EarlierVote[]
  /** The own proposal of this round. */
  readonly proposed:
    | { readonly block: Block; readonly validRound: number; readonly proof: Certificate | undefined }
    | undefined
  readonly locked: { readonly round: number; readonly block: Block } | undefined
  readonly valid: { readonly round: number; readonly block: Block; readonly proof: Certificate } | undefined
}

export type GuardVerdict =
  | { readonly kind: 'sign' }
  /** The same was signed before: this is its signature. */
  | { readonly kind: 'repeat'; readonly signature: Uint8Array }
  | { readonly kind: 'refuse' }

/** `digest`: of what is to be signed now. */
export function guard(
  record: VoteRecord | undefined,
  height: number,
  round: number,
  step: SignStep,
  digest: Uint8Array,
): GuardVerdict {
  if (record === undefined || height > record.height) return { kind: 'sign' }
  if (height < record.height || round < record.round) return { kind: 'refuse' }
  if (round > record.round) return { kind: 'sign' }
  const before = record.signed.find((signed) => signed.step === step)
  if (before !== undefined)
    return equalBytes(before.digest, digest) ? { kind: 'repeat', signature: before.signature } : { kind: 'refuse' }
  return record.signed.some((signed) => STEP_CODE[signed.step] > STEP_CODE[step])
    ? { kind: 'refuse' }
    : { kind: 'sign' }
}

/** What is still to be told of the rounds before `round`, when the first vote of `round` is signed after `record`. */
export function earlierVotes(record: VoteRecord | undefined, height: number, round: number): readonly EarlierVote[] {
  if (record === undefined || record.height !== height) return []
  if (record.round === round) return record.earlier
  const last = record.signed.flatMap(({ step, signature }, i): EarlierVote[] =>
    step === 'propose' ? [] : [{ kind: step, round: record.round, id: record.ids[i], signature }],
  )
  return [...record.earlier, ...last].filter((vote) => vote.round > round - limits.ROUNDS_KEPT)
}

const NAMES = { 1: 'propose', 2: 'prevote', 3: 'precommit' } as const

const VERSION = 3

export function encodeRecord(record: VoteRecord): Uint8Array {
  const { proposed, locked, valid } = record
  // Often one block: it is written once.
  const blocks: Block[] = []
  const numberOf = (block: Block) => {
    const known = blocks.findIndex(({ id }) => equalBytes(id, block.id))
    return known >= 0 ? known : blocks.push(block) - 1
  }
  return encodeCanonical(
    new Map<number, CborValue>([
      [0, VERSION],
      [1, record.height],
      [2, record.round],
      [
        3,
        record.signed.map(({ step, digest, signature }, i) => [
          STEP_CODE[step],
          digest,
          signature,
          record.ids[i] ?? null,
        ]),
      ],
      [
        4,
        proposed === undefined
          ? null
          : [
              numberOf(proposed.block),
              proposed.validRound,
              proposed.proof === undefined ? null : certificateToValue(proposed.proof),
            ],
      ],
      [5, locked === undefined ? null : [locked.round, numberOf(locked.block)]],
      [6, valid === undefined ? null : [valid.round, numberOf(valid.block), certificateToValue(valid.proof)]],
      [7, blocks.map(blockToValue)],
      [8, record.earlier.map(({ kind, round, id, signature }) => [STEP_CODE[kind], round, id ?? null, signature])],
    ]),
  )
}

/** Throws CHAIN_MALFORMED. */
export function decodeRecord(bytes: Uint8Array): VoteRecord {
  // Up to three blocks of one message each.
  const fields = decodeFields(bytes, 4 * 65_536)
  if (fields.get(0) !== VERSION) throw malformed('a record of another version')
  const blocks = asList(fields.get(7), 'blocks', 3).map(blockFromValue)
  const blockAt = (value: CborValue | undefined) => {
    const block = blocks[asInteger(value, 'a block number', 2)]
    if (block === undefined) throw malformed('a block that is not there')
    return block
  }
  const signed = asList(fields.get(3), 'signed steps', 3).map((value) => asList(value, 'a signed step', 4))
  const earlier = asList(fields.get(8), 'earlier votes', 2 * limits.ROUNDS_KEPT).map((value) =>
    asList(value, 'an earlier vote', 4),
  )
  const proposed = fields.get(4) === null ? undefined : asList(fields.get(4), 'a proposal', 3)
  const locked = fields.get(5) === null ? undefined : asList(fields.get(5), 'a lock', 2)
  const valid = fields.get(6) === null ? undefined : asList(fields.get(6), 'a valid block', 3)
  return {
    height: asHeight(fields.get(1)),
    round: asRound(fields.get(2)),
    signed: signed.map(([code, digest, signature]) => ({
      step: NAMES[Math.max(1, asInteger(code, 'a step', 3)) as 1 | 2 | 3],
      digest: asExactly(digest, 'a digest', 32),
      signature: asExactly(signature, 'a signature', 64),
    })),
    ids: signed.map(([, , , id]) => (id === null ? undefined : asExactly(id, 'a block id', 32))),
    earlier: earlier.map(([code, round, id, signature]) => ({
      kind: asInteger(code, 'a vote', 3) === STEP_CODE.prevote ? 'prevote' : 'precommit',
      round: asRound(round),
      id: id === null ? undefined : asExactly(id, 'a block id', 32),
      signature: asExactly(signature, 'a signature', 64),
    })),
    proposed: proposed && {
      block: blockAt(proposed[0]),
      validRound: typeof proposed[1] === 'number' && proposed[1] >= 0 ? asRound(proposed[1]) : -1,
      proof: proposed[2] === null ? undefined : certificateFromValue(proposed[2]),
    },
    locked: locked && { round: asRound(locked[0]), block: blockAt(locked[1]) },
    valid: valid && {
      round: asRound(valid[0]),
      block: blockAt(valid[1]),
      proof: certificateFromValue(valid[2]),
    },
  }
}
