/** A checkpoint of one chain recorded on another, by the rule of witnesses: a chain that forks is linked in one of its forms only. */
import { equalBytes } from '../../base/index.ts'
import { type CborField, type CborValue, encodeCanonical } from '../../crypto/index.ts'
import { blockIdOf, headerFromValue, headerToValue } from '../blocks/blocks.ts'
import { entriesFromValue, entriesToValue, setRoot } from '../blocks/set-root.ts'
import { limits } from '../limits.ts'
import { type Checkpoint, cosigners, decodeCheckpointNote } from '../notes/checkpoint.ts'
import { witnessVerdict } from '../notes/witness.ts'
import {
  malformed,
  readBytes,
  readCbor,
  readHash,
  readHeight,
  readInteger,
  readMap,
  readRow,
  readUtf8,
} from '../reading.ts'
import { verifyLeafHash } from '../trees/merkle.ts'
import type { BlockHeader, Validator } from '../types.ts'
import { hashesFromValue, hashesToValue } from './codec.ts'
import { isExpired, type LightRules, ledgerQuorum, overlapNeeded } from './trust.ts'

/** First item of the payload. */
const LINK = 1
const FORK = 2

export interface ChainLink {
  readonly origin: string
  readonly oldSize: number
  readonly proof: readonly Uint8Array[]
  readonly note: Uint8Array
  /** Of the note's height. */
  readonly header: BlockHeader
  /** Its path in the tree of the note. */
  readonly path: readonly Uint8Array[]
  /** The set that was linked last. */
  readonly lastSet: readonly Validator[]
  /** The header's; undefined: the same. */
  readonly ownSet: readonly Validator[] | undefined
}

/** What a chain keeps of another one. At first: size 0, the root of nothing, the genesis' time and the root of its first set. */
export interface Linked {
  readonly chainId: Uint8Array
  readonly origin: string
  readonly size: number
  readonly root: Uint8Array
  /** Unix ms, by the header. */
  readonly time: number
  /** Of the set of the height after. */
  readonly nextSetRoot: Uint8Array
}

export type LinkRefusal =
  | 'another log'
  | 'stale'
  | 'unproven'
  | 'fork'
  | 'header'
  | 'set'
  | 'cosignatures'
  | 'expired'
  | 'time'
  /** What is linked has its term still: it is followed, and not begun anew. */
  | 'in term'

export type LinkVerdict =
  | { readonly kind: 'linked'; readonly linked: Linked }
  | { readonly kind: 'refused'; readonly reason: LinkRefusal }

/** A pure function of what is linked, the payload and the time of the block: all validators come to the same. */
export function linkVerdict(rules: LightRules, linked: Linked, link: ChainLink, blockTime: number): LinkVerdict {
  const { checkpoint, note } = decodeCheckpointNote(link.note)
  const wrong = follows(rules, linked, link, checkpoint, blockTime)
  if (wrong !== undefined) return refused(wrong)
  const { header, lastSet, ownSet = lastSet } = link
  if (!equalBytes(setRoot(lastSet), linked.nextSetRoot)) return refused('set')
  // By the block's time, too: whoever buys the keys of a set long after it has gone dates its header as it likes.
  if (isExpired(rules, linked, Math.max(header.time, blockTime))) return refused('expired')
  const signed = cosigners(rules.scheme, ownSet, note)
  const before = signed.filter(({ publicKey }) => lastSet.some((one) => equalBytes(one.publicKey, publicKey)))
  if (signed.length < ledgerQuorum(ownSet.length) || before.length < overlapNeeded(rules, lastSet.length))
    return refused('cosignatures')
  return linkedTo(linked, link, checkpoint)
}

/**
 * The same where the term of what is linked is over, so that the set linked last says nothing any more: a vote stands in for it, and all else must hold.
 * `lastSet` is the set of the header then.
 */
export function renewalVerdict(rules: LightRules, linked: Linked, link: ChainLink, blockTime: number): LinkVerdict {
  const { checkpoint, note } = decodeCheckpointNote(link.note)
  const wrong = follows(rules, linked, link, checkpoint, blockTime)
  if (wrong !== undefined) return refused(wrong)
  const { header, lastSet, ownSet } = link
  if (ownSet !== undefined) return refused('set')
  if (!isExpired(rules, linked, blockTime)) return refused('in term')
  if (isExpired(rules, header, blockTime)) return refused('expired')
  if (cosigners(rules.scheme, lastSet, note).length < ledgerQuorum(lastSet.length)) return refused('cosignatures')
  return linkedTo(linked, link, checkpoint)
}

function refused(reason: LinkRefusal): LinkVerdict {
  return { kind: 'refused', reason }
}

/** Whether the checkpoint goes on from what is linked, and the header is what it says, whoever signed. Undefined: it is so. */
function follows(
  rules: LightRules,
  linked: Linked,
  link: ChainLink,
  checkpoint: Checkpoint,
  blockTime: number,
): LinkRefusal | undefined {
  if (link.origin !== linked.origin || checkpoint.origin !== linked.origin) return 'another log'
  const isFirst = linked.size === 0
  const verdict = witnessVerdict(isFirst ? undefined : linked, checkpoint, link.oldSize, link.proof)
  if (verdict === 'same') return 'stale'
  if (verdict !== 'follows') return verdict
  const { header, lastSet, ownSet = lastSet } = link
  if (!isLastLeaf(link, checkpoint) || !equalBytes(header.chainId, linked.chainId)) return 'header'
  if (!equalBytes(setRoot(ownSet), header.validatorsHash)) return 'set'
  return header.time <= linked.time || header.time - blockTime > rules.maxDriftMs ? 'time' : undefined
}

function linkedTo(linked: Linked, { header }: ChainLink, { size, root }: Checkpoint): LinkVerdict {
  const { time, nextValidatorsHash: nextSetRoot } = header
  return { kind: 'linked', linked: { ...linked, size, root, time, nextSetRoot } }
}

function isLastLeaf({ header, path }: ChainLink, { size, root }: Checkpoint): boolean {
  return (
    header.ledger !== undefined &&
    header.height === size &&
    verifyLeafHash(root, blockIdOf(header), size - 1, size, path)
  )
}

export function encodeLink(link: ChainLink): Uint8Array {
  const fields = new Map<number, CborValue>([
    [1, new TextEncoder().encode(link.origin)],
    [2, link.oldSize],
    [3, hashesToValue(link.proof)],
    [4, link.note],
    [5, headerToValue(link.header)],
    [6, hashesToValue(link.path)],
    [7, entriesToValue(link.lastSet)],
    [8, link.ownSet === undefined ? null : entriesToValue(link.ownSet)],
  ])
  return encodeCanonical([LINK, fields])
}

/** Throws CHAIN_MALFORMED. */
export function decodeLink(payload: Uint8Array): ChainLink {
  const fields = fieldsOf(payload, LINK, 8)
  return {
    origin: readOrigin(fields.get(1)),
    oldSize: readHeight(fields.get(2)),
    proof: hashesFromValue(fields.get(3), limits.MAX_CONSISTENCY_PATH),
    note: readNote(fields.get(4)),
    header: headerFromValue(fields.get(5)),
    path: hashesFromValue(fields.get(6), limits.MAX_HISTORY_PATH),
    lastSet: entriesFromValue(fields.get(7)),
    ownSet: fields.get(8) === null ? undefined : entriesFromValue(fields.get(8)),
  }
}

/** Two notes of one log that cannot both be true. */
export interface NoteFork {
  readonly origin: string
  readonly first: Uint8Array
  readonly second: Uint8Array
  /** Where two logs of different sizes have different leaves; undefined: the sizes are equal. */
  readonly split:
    | {
        readonly index: number
        readonly first: { readonly leaf: Uint8Array; readonly path: readonly Uint8Array[] }
        readonly second: { readonly leaf: Uint8Array; readonly path: readonly Uint8Array[] }
      }
    | undefined
  /** Entries of the set that was linked last: a quorum of it signed both. */
  readonly validators: readonly Validator[]
}

/** The cosigners of both notes, when it is a fork and each has a quorum of the set, whose root the caller knows; else undefined. Throws CHAIN_MALFORMED. */
export function forkSigners(
  rules: LightRules,
  { origin, first, second, split, validators }: NoteFork,
): readonly Validator[] | undefined {
  const one = decodeCheckpointNote(first)
  const two = decodeCheckpointNote(second)
  if (one.checkpoint.origin !== origin || two.checkpoint.origin !== origin) return undefined
  if (!differ(one.checkpoint, two.checkpoint, split)) return undefined
  const firstSigners = cosigners(rules.scheme, validators, one.note)
  const secondSigners = cosigners(rules.scheme, validators, two.note)
  const quorum = ledgerQuorum(validators.length)
  if (firstSigners.length < quorum || secondSigners.length < quorum) return undefined
  return firstSigners.filter((signer) => secondSigners.includes(signer))
}

function differ(first: Checkpoint, second: Checkpoint, split: NoteFork['split']): boolean {
  if (split === undefined) return first.size === second.size && !equalBytes(first.root, second.root)
  const { index } = split
  return (
    !equalBytes(split.first.leaf, split.second.leaf) &&
    verifyLeafHash(first.root, split.first.leaf, index, first.size, split.first.path) &&
    verifyLeafHash(second.root, split.second.leaf, index, second.size, split.second.path)
  )
}

export function encodeNoteFork({ origin, first, second, split, validators }: NoteFork): Uint8Array {
  const splitValue: CborValue =
    split === undefined
      ? null
      : [
          split.index,
          split.first.leaf,
          hashesToValue(split.first.path),
          split.second.leaf,
          hashesToValue(split.second.path),
        ]
  const fields = new Map<number, CborValue>([
    [1, new TextEncoder().encode(origin)],
    [2, first],
    [3, second],
    [4, splitValue],
    [5, entriesToValue(validators)],
  ])
  return encodeCanonical([FORK, fields])
}

/** Throws CHAIN_MALFORMED. */
export function decodeNoteFork(payload: Uint8Array): NoteFork {
  const fields = fieldsOf(payload, FORK, 5)
  return {
    origin: readOrigin(fields.get(1)),
    first: readNote(fields.get(2)),
    second: readNote(fields.get(3)),
    split: splitFrom(fields.get(4)),
    validators: entriesFromValue(fields.get(5)),
  }
}

function splitFrom(value: CborField): NoteFork['split'] {
  if (value === null) return undefined
  const [index, firstLeaf, firstPath, secondLeaf, secondPath] = readRow(value, 5, 'split')
  const side = (leaf: CborField, path: CborField) => ({
    leaf: readHash(leaf, 'leaf'),
    path: hashesFromValue(path, limits.MAX_HISTORY_PATH),
  })
  return {
    index: readInteger(index, 0, limits.MAX_HEIGHT, 'index'),
    first: side(firstLeaf, firstPath),
    second: side(secondLeaf, secondPath),
  }
}

function fieldsOf(payload: Uint8Array, kind: number, count: number) {
  const [code, value] = readRow(readCbor(payload, limits.MAX_PAYLOAD_BYTES, 'payload'), 2, 'payload')
  const fields = readMap(value, 'payload')
  if (code !== kind || fields.size !== count) throw malformed('a payload of another kind')
  return fields
}

const readOrigin = (value: CborField) => readUtf8(value, limits.MAX_ORIGIN_BYTES, 'origin')
const readNote = (value: CborField) => readBytes(value, 1, limits.MAX_PAYLOAD_BYTES, 'note')
