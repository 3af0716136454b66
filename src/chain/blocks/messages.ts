/**
 * What members of a chain send each other: canonical CBOR maps {0: version, 1: type, 2: chain id, ...}. Unknown fields are
 * ignored; everything else that does not fit throws CHAIN_MALFORMED.
 */
import { concatBytes, equalBytes } from '../../base/index.ts'
import { type CborField, type CborMap, type CborValue, encodeCanonical } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import {
  malformed,
  readBoolean,
  readBytes,
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
import type {
  BlockCertificate,
  CertifiedBlock,
  ChainEquivocation,
  Proposal,
  ProposalClaim,
  SnapshotHead,
  Vote,
} from '../types.ts'
import { bareFromValue, bareToValue, blockFromValue, blockToValue, headerFromValue, headerToValue } from './blocks.ts'
import { certificateFromValue, certificateToValue } from './certificates.ts'
import { type BareBlock, type BlockPart, partFromValue, partToValue } from './parts.ts'
import { readTransaction } from './transactions.ts'
import { validatorsFromValue, validatorsToValue } from './validators.ts'

export type ChainMessage =
  | { readonly type: 'proposal'; readonly proposal: Proposal }
  | { readonly type: 'votes'; readonly votes: readonly Vote[] }
  /** "This was decided": for those who have the block already. */
  | { readonly type: 'commit'; readonly certificate: BlockCertificate }
  | { readonly type: 'blocks'; readonly blocks: readonly CertifiedBlock[] }
  | StatusMessage
  | { readonly type: 'ask-blocks'; readonly from: number }
  | { readonly type: 'snapshot'; readonly head: SnapshotHead }
  | { readonly type: 'ask-piece'; readonly height: number; readonly index: number }
  | { readonly type: 'piece'; readonly height: number; readonly index: number; readonly bytes: Uint8Array }
  | { readonly type: 'transactions'; readonly transactions: readonly Uint8Array[] }
  | LedgerMessage

/** What only members of ledger chains say. */
export type LedgerMessage =
  /** A proposal whose transactions come in parts. */
  | {
      readonly type: 'bare-proposal'
      readonly claim: ProposalClaim
      readonly bare: BareBlock
      readonly proof: BlockCertificate | undefined
    }
  /** A decided block whose transactions come in parts. */
  | { readonly type: 'bare-block'; readonly bare: BareBlock; readonly certificate: BlockCertificate }
  | { readonly type: 'ask-part'; readonly height: number; readonly blockId: Uint8Array; readonly from: number }
  | { readonly type: 'part'; readonly height: number; readonly blockId: Uint8Array; readonly part: BlockPart }
  /** To a follower: there is no place for it here; those are followers, too, and may have one. */
  | { readonly type: 'redirect'; readonly to: readonly Uint8Array[] }

/** Where a node stands, and what it has of its round: others send what it lacks. */
export interface StatusMessage {
  readonly type: 'status'
  /** The height being decided. */
  readonly height: number
  readonly round: number
  readonly hasProposal: boolean
  /** One bit a validator, lowest first. */
  readonly prevotes: Uint8Array
  readonly precommits: Uint8Array
}

const CODES = {
  proposal: 1,
  votes: 2,
  commit: 3,
  blocks: 4,
  status: 5,
  'ask-blocks': 6,
  snapshot: 7,
  'ask-piece': 8,
  piece: 9,
  transactions: 10,
  'bare-proposal': 11,
  'bare-block': 12,
  'ask-part': 13,
  part: 14,
  redirect: 15,
} as const satisfies Record<ChainMessage['type'], number>

/** What goes to all is encoded once. */
const encoded = new WeakMap<ChainMessage, { readonly chainId: Uint8Array; readonly bytes: Uint8Array }>()

/** The bytes may be handed out again: they must not be changed. */
export function encodeMessage(chainId: Uint8Array, message: ChainMessage): Uint8Array {
  const known = encoded.get(message)
  if (known !== undefined && equalBytes(known.chainId, chainId)) return known.bytes
  const fields = new Map<number, CborValue>([[0, 1], [1, CODES[message.type]], [2, chainId], ...fieldsOf(message)])
  const bytes = encodeCanonical(fields)
  encoded.set(message, { chainId, bytes })
  return bytes
}

function fieldsOf(message: ChainMessage): [number, CborValue][] {
  switch (message.type) {
    case 'proposal': {
      const { claim, block, proof } = message.proposal
      return [
        [3, claimToValue(claim)],
        [4, blockToValue(block)],
        [5, proof === undefined ? null : certificateToValue(proof)],
      ]
    }
    case 'votes':
      return [[3, message.votes.map(voteToValue)]]
    case 'commit':
      return [[3, certificateToValue(message.certificate)]]
    case 'blocks':
      return [[3, message.blocks.map(certifiedToValue)]]
    case 'status':
      return [
        [3, message.height],
        [4, message.round],
        [5, message.hasProposal],
        [6, message.prevotes],
        [7, message.precommits],
      ]
    case 'ask-blocks':
      return [[3, message.from]]
    case 'snapshot':
      return [[3, snapshotHeadToValue(message.head)]]
    case 'ask-piece':
      return [
        [3, message.height],
        [4, message.index],
      ]
    case 'piece':
      return [
        [3, message.height],
        [4, message.index],
        [5, message.bytes],
      ]
    case 'transactions':
      return [[3, message.transactions]]
    default:
      return ledgerFieldsOf(message)
  }
}

function ledgerFieldsOf(message: LedgerMessage): [number, CborValue][] {
  switch (message.type) {
    case 'bare-proposal':
      return [
        [3, claimToValue(message.claim)],
        [4, bareToValue(message.bare)],
        [5, message.proof === undefined ? null : certificateToValue(message.proof)],
      ]
    case 'bare-block':
      return [
        [3, bareToValue(message.bare)],
        [4, certificateToValue(message.certificate)],
      ]
    case 'ask-part':
      return [
        [3, message.height],
        [4, message.blockId],
        [5, message.from],
      ]
    case 'part':
      return [
        [3, message.height],
        [4, message.blockId],
        [5, partToValue(message.part)],
      ]
    case 'redirect':
      return [[3, message.to]]
  }
}

/** Throws CHAIN_MALFORMED, also when the message is of another chain. */
export function decodeMessage(chainId: Uint8Array, bytes: Uint8Array): ChainMessage {
  const fields = readMap(readCbor(bytes, limits.MAX_MESSAGE_BYTES, 'message'), 'message')
  if (fields.get(0) !== 1) throw malformed('another version')
  if (!equalBytes(readHash(fields.get(2), 'chain id'), chainId)) throw malformed('another chain')
  const type = TYPES.get(fields.get(1))
  if (type === undefined) throw malformed('an unknown type')
  return { type, ...READERS[type](fields) } as ChainMessage
}

const TYPES: ReadonlyMap<unknown, ChainMessage['type']> = new Map(
  (Object.keys(CODES) as ChainMessage['type'][]).map((type) => [CODES[type], type]),
)

/** Every kind must stand here: one that is forgotten does not compile. */
type Readers = {
  readonly [T in ChainMessage['type']]: (fields: CborMap) => Omit<Extract<ChainMessage, { readonly type: T }>, 'type'>
}

const readBlockPlace = (fields: CborMap) => ({
  height: readHeight(fields.get(3)),
  blockId: readHash(fields.get(4), 'block id'),
})

const READERS: Readers = {
  proposal: (fields) => ({ proposal: proposalFrom(fields) }),
  votes: (fields) => ({ votes: readList(fields.get(3), limits.MAX_VOTES_PER_MESSAGE, 'votes', voteFromValue) }),
  commit: (fields) => ({ certificate: certificateFromValue(fields.get(3)) }),
  blocks: (fields) => ({ blocks: readList(fields.get(3), limits.MAX_BLOCKS_PER_REPLY, 'blocks', certifiedFromValue) }),
  status: statusFrom,
  'ask-blocks': (fields) => ({ from: readHeight(fields.get(3)) }),
  snapshot: (fields) => ({ head: snapshotHeadFromValue(fields.get(3)) }),
  'ask-piece': (fields) => ({ height: readHeight(fields.get(3)), index: readPiece(fields.get(4)) }),
  piece: (fields) => ({
    height: readHeight(fields.get(3)),
    index: readPiece(fields.get(4)),
    bytes: readBytes(fields.get(5), 0, limits.SNAPSHOT_PIECE_BYTES, 'piece'),
  }),
  transactions: (fields) => ({
    transactions: readList(fields.get(3), limits.MAX_TRANSACTIONS, 'transactions', readTransaction),
  }),
  'bare-proposal': (fields) => ({
    claim: claimFromValue(fields.get(3)),
    bare: bareFromValue(fields.get(4)),
    proof: fields.get(5) === null ? undefined : certificateFromValue(fields.get(5)),
  }),
  'bare-block': (fields) => ({
    bare: bareFromValue(fields.get(3)),
    certificate: certificateFromValue(fields.get(4)),
  }),
  'ask-part': (fields) => ({
    ...readBlockPlace(fields),
    from: readInteger(fields.get(5), 0, limits.MAX_LEDGER_TRANSACTIONS, 'from'),
  }),
  part: (fields) => ({ ...readBlockPlace(fields), part: partFromValue(fields.get(5)) }),
  redirect: (fields) => ({ to: readList(fields.get(3), limits.MAX_REDIRECT, 'peers', (id) => readHash(id, 'id')) }),
}

function proposalFrom(fields: CborMap): Proposal {
  const proof = fields.get(5)
  return {
    claim: claimFromValue(fields.get(3)),
    block: blockFromValue(fields.get(4)),
    proof: proof === null ? undefined : certificateFromValue(proof),
  }
}

function statusFrom(fields: CborMap): Omit<StatusMessage, 'type'> {
  const bitmap = (key: number) => readBytes(fields.get(key), 0, Math.ceil(limits.MAX_VALIDATORS / 8), 'bitmap')
  return {
    height: readHeight(fields.get(3)),
    round: readRound(fields.get(4)),
    hasProposal: readBoolean(fields.get(5), 'flag of a status'),
    prevotes: bitmap(6),
    precommits: bitmap(7),
  }
}

const readPiece = (value: CborField) =>
  readInteger(value, 0, Math.ceil(limits.MAX_SNAPSHOT_BYTES / limits.SNAPSHOT_PIECE_BYTES), 'piece number')

function claimToValue({ height, round, validRound, blockId, signer, signature }: ProposalClaim): CborValue {
  return [height, round, validRound < 0 ? null : validRound, blockId, signer, signature]
}

function claimFromValue(value: CborField): ProposalClaim {
  const [height, round, validRound, blockId, signer, signature] = readRow(value, 6, 'claim')
  return {
    height: readHeight(height),
    round: readRound(round),
    validRound: validRound === null ? -1 : readRound(validRound),
    blockId: readHash(blockId, 'block id'),
    signer: readHash(signer, 'key'),
    signature: readSignature(signature, 'signature'),
  }
}

function voteToValue({ kind, height, round, blockId, signer, signature }: Vote): CborValue {
  return [kind === 'prevote' ? 1 : 2, height, round, blockId ?? null, signer, signature]
}

function voteFromValue(value: CborValue): Vote {
  const [kind, height, round, blockId, signer, signature] = readRow(value, 6, 'vote')
  if (kind !== 1 && kind !== 2) throw malformed('a vote of no kind')
  return {
    kind: kind === 1 ? 'prevote' : 'precommit',
    height: readHeight(height),
    round: readRound(round),
    blockId: blockId === null ? undefined : readHash(blockId, 'block id'),
    signer: readHash(signer, 'key'),
    signature: readSignature(signature, 'signature'),
  }
}

export function certifiedToValue({ block, certificate }: CertifiedBlock): CborValue {
  return [blockToValue(block), certificateToValue(certificate)]
}

export function certifiedFromValue(value: CborField): CertifiedBlock {
  const [block, certificate] = readRow(value, 2, 'certified block')
  return { block: blockFromValue(block), certificate: certificateFromValue(certificate) }
}

export function snapshotHeadToValue(head: SnapshotHead): CborValue {
  return [
    headerToValue(head.header),
    certificateToValue(head.certificate),
    validatorsToValue(head.validators),
    validatorsToValue(head.nextValidators),
    validatorsToValue(head.afterValidators),
    head.size,
    ...(head.history === undefined ? [] : [concatBytes(...head.history)]),
  ]
}

export function snapshotHeadFromValue(value: CborField): SnapshotHead {
  const parts = Array.isArray(value) && value.length === 7 ? 7 : 6
  const row = readRow(value, parts, 'snapshot')
  const [header, certificate, validators, nextValidators, afterValidators, size, history] = row
  return {
    header: headerFromValue(header),
    certificate: certificateFromValue(certificate),
    validators: validatorsFromValue(validators),
    nextValidators: validatorsFromValue(nextValidators),
    afterValidators: validatorsFromValue(afterValidators),
    size: readInteger(size, 0, limits.MAX_SNAPSHOT_BYTES, 'size'),
    ...(parts === 6 ? {} : { history: readHashes(history) }),
  }
}

function readHashes(value: CborField): Uint8Array[] {
  const bytes = readBytes(value, 0, limits.MAX_HISTORY_PATH * 32, 'hashes')
  if (bytes.length % 32 !== 0) throw malformed('hashes that are not whole')
  return Array.from({ length: bytes.length / 32 }, (_, i) => bytes.slice(i * 32, (i + 1) * 32))
}

export function encodeEquivocation(evidence: ChainEquivocation): Uint8Array {
  return encodeCanonical(equivocationToValue(evidence))
}

export function equivocationToValue(evidence: ChainEquivocation): CborValue {
  const { kind, chainId } = evidence
  if (kind === 'proposals') return [2, chainId, claimToValue(evidence.first), claimToValue(evidence.second)]
  const votes = [voteToValue(evidence.first), voteToValue(evidence.second)]
  return kind === 'votes' ? [1, chainId, ...votes] : [3, chainId, ...votes, claimToValue(evidence.claim)]
}

export function equivocationFromValue(value: CborField): ChainEquivocation {
  const [kind, chain, first, second, claim] = readRow(value, Array.isArray(value) && value[0] === 3 ? 5 : 4, 'evidence')
  const chainId = readHash(chain, 'chain id')
  if (kind === 1) return { kind: 'votes', chainId, first: voteFromValue(first!), second: voteFromValue(second!) }
  if (kind === 2) return { kind: 'proposals', chainId, first: claimFromValue(first), second: claimFromValue(second) }
  if (kind === 3)
    return {
      kind: 'lock',
      chainId,
      first: voteFromValue(first!),
      second: voteFromValue(second!),
      claim: claimFromValue(claim),
    }
  throw malformed('evidence of no kind')
}
