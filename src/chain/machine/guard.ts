/**
 * The sign guard: never two different things for one (height, round, step), even when the power fails between. Its record
 * is on disk before a signature leaves, and holds the lock too, which a restarted validator must not forget.
 */
import { equalBytes } from '../../base/index.ts'
import { type CborSource, type CborValue, encodeCanonical } from '../../crypto/index.ts'
import { bareFromValue, bareToValue, blockFromValue, blockToStore } from '../blocks/blocks.ts'
import { certificateFromValue, certificateToValue } from '../blocks/certificates.ts'
import { limits } from '../limits.ts'
import {
  malformed,
  readCbor,
  readHash,
  readHeight,
  readInteger,
  readList,
  readMap,
  readRound,
  readRow,
  readSignature,
} from '../reading.ts'
import type { Block, BlockCertificate, VoteKind } from '../types.ts'

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
    | { readonly block: Block; readonly validRound: number; readonly proof: BlockCertificate | undefined }
    | undefined
  readonly locked: { readonly round: number; readonly block: Block } | undefined
  readonly valid: { readonly round: number; readonly block: Block; readonly proof: BlockCertificate } | undefined
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

/** With all blocks in it; and with the transactions of a large one in a row of their own, which earlier releases do not know. */
const VERSION = 3
const VERSION_APART = 4

/** Blocks whose transactions stand in a row of their own: it is written once, and not again with each vote. */
export function blocksApart({ proposed, locked, valid }: VoteRecord): readonly Block[] {
  const held = [proposed?.block, locked?.block, valid?.block].flatMap((block) => (block === undefined ? [] : [block]))
  return held.filter((block, at) => isLarge(block) && held.findIndex(({ id }) => equalBytes(id, block.id)) === at)
}

function isLarge({ header, transactions }: Block): boolean {
  return header.ledger !== undefined && transactions.length >= limits.TRANSACTIONS_APART
}

/** Up to three blocks: of a chunk chain one message each. */
const MAX_RECORD_BYTES = 3 * (limits.MAX_LEDGER_TRANSACTIONS_BYTES + 5 * limits.MAX_LEDGER_TRANSACTIONS) + 4 * 65_536

/** `apart`: the caller keeps the transactions of `blocksApart` beside it. */
export function encodeRecord(record: VoteRecord, apart = false): Uint8Array {
  const { proposed, locked, valid } = record
  const hasApart = apart && blocksApart(record).length > 0
  // Often one block: it is written once.
  const blocks: Block[] = []
  const numberOf = (block: Block) => {
    const known = blocks.findIndex(({ id }) => equalBytes(id, block.id))
    return known >= 0 ? known : blocks.push(block) - 1
  }
  return encodeCanonical(
    new Map<number, CborSource>([
      [0, hasApart ? VERSION_APART : VERSION],
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
      [7, blocks.map((block) => (hasApart && isLarge(block) ? bareToValue(block) : blockToStore(block)))],
      [8, record.earlier.map(({ kind, round, id, signature }) => [STEP_CODE[kind], round, id ?? null, signature])],
    ]),
  )
}

/** `transactionsOf`: the list with that root, encoded, where it stands apart. Throws CHAIN_MALFORMED. */
export function decodeRecord(
  bytes: Uint8Array,
  transactionsOf: (root: Uint8Array) => Uint8Array | undefined = () => undefined,
): VoteRecord {
  const fields = readMap(readCbor(bytes, MAX_RECORD_BYTES, 'record'), 'record')
  const version = fields.get(0)
  if (version !== VERSION && version !== VERSION_APART) throw malformed('a record of another version')
  const blocks = readList(fields.get(7), 3, 'blocks', (value) => blockFromValue(wholeBlock(value, transactionsOf)))
  const blockAt = (value: CborValue | undefined) => {
    const block = blocks[readInteger(value, 0, 2, 'block number')]
    if (block === undefined) throw malformed('a block that is not there')
    return block
  }
  const signed = readList(fields.get(3), 3, 'signed steps', (value) => readRow(value, 4, 'signed step'))
  const earlier = readList(fields.get(8), 2 * limits.ROUNDS_KEPT, 'earlier votes', (value) =>
    readRow(value, 4, 'earlier vote'),
  )
  const proposed = fields.get(4) === null ? undefined : readRow(fields.get(4), 3, 'proposal')
  const locked = fields.get(5) === null ? undefined : readRow(fields.get(5), 2, 'lock')
  const valid = fields.get(6) === null ? undefined : readRow(fields.get(6), 3, 'valid block')
  return {
    height: readHeight(fields.get(1)),
    round: readRound(fields.get(2)),
    signed: signed.map(([code, digest, signature]) => ({
      step: NAMES[readInteger(code, 1, 3, 'step') as 1 | 2 | 3],
      digest: readHash(digest, 'digest'),
      signature: readSignature(signature, 'signature'),
    })),
    ids: signed.map(([, , , id]) => (id === null ? undefined : readHash(id, 'block id'))),
    earlier: earlier.map(([code, round, id, signature]) => ({
      kind: readInteger(code, 0, 3, 'vote') === STEP_CODE.prevote ? 'prevote' : 'precommit',
      round: readRound(round),
      id: id === null ? undefined : readHash(id, 'block id'),
      signature: readSignature(signature, 'signature'),
    })),
    proposed: proposed && {
      block: blockAt(proposed[0]),
      validRound: typeof proposed[1] === 'number' && proposed[1] >= 0 ? readRound(proposed[1]) : -1,
      proof: proposed[2] === null ? undefined : certificateFromValue(proposed[2]),
    },
    locked: locked && { round: readRound(locked[0]), block: blockAt(locked[1]) },
    valid: valid && {
      round: readRound(valid[0]),
      block: blockAt(valid[1]),
      proof: certificateFromValue(valid[2]),
    },
  }
}

/** The row of a block with its transactions, wherever they stand. */
function wholeBlock(value: CborValue, transactionsOf: (root: Uint8Array) => Uint8Array | undefined): CborValue {
  if (!Array.isArray(value) || value[1] !== null) return value
  const { header } = bareFromValue(value)
  const transactions = transactionsOf(header.transactionsRoot)
  if (transactions === undefined) throw malformed('a record without the transactions of its block')
  return value.with(1, readCbor(transactions, MAX_RECORD_BYTES, 'transactions'))
}
