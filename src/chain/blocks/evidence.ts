/**
 * Evidence against validators. In a block of a ledger chain an item brings along all that is needed to check it: the accused in the set of
 * that height, and that height's header in the chain's history; so that who has only the newest state checks it like everybody.
 */
import { concatBytes, equalBytes } from '../../base/index.ts'
import { type CborField, type CborValue, encodeCanonical, type SignatureScheme } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import { malformed, readBytes, readCbor, readHash, readInteger, readRow } from '../reading.ts'
import { verifyLeafHash } from '../trees/merkle.ts'
import type { BlockHeader, ChainEquivocation, Validator } from '../types.ts'
import { blockIdOf, headerFromValue, headerToValue } from './blocks.ts'
import { equivocationFromValue, equivocationToValue } from './messages.ts'
import { isSetPlace, type SetPlace, setPlace } from './set-root.ts'
import { verifyEquivocation } from './signing.ts'

const HASH_BYTES = 32

export interface EvidenceItem {
  readonly accusation: ChainEquivocation
  readonly place: SetPlace
  /** Of the height at which it was signed. */
  readonly header: BlockHeader
  /** Of that header in the history of the block that the item is in. */
  readonly path: readonly Uint8Array[]
}

/** The block that an item is in, as far as it matters. */
export interface EvidencePlace {
  readonly chainId: Uint8Array
  readonly height: number
  readonly time: number
  readonly historyRoot: Uint8Array
}

/** Undefined when the accused is not of the set. */
export function makeEvidence(
  accusation: ChainEquivocation,
  validators: readonly Validator[],
  header: BlockHeader,
  path: readonly Uint8Array[],
): EvidenceItem | undefined {
  const place = setPlace(validators, accusation.first.signer)
  return place && { accusation, place, header, path }
}

export function isEvidence(
  scheme: SignatureScheme,
  { accusation, place, header, path }: EvidenceItem,
  at: EvidencePlace,
): boolean {
  const { first } = accusation
  const accused = { id: place.id, publicKey: first.signer }
  return (
    // That of a broken lock can be answered, and needs the whole set: it goes as a transaction.
    accusation.kind !== 'lock' &&
    header.ledger !== undefined &&
    equalBytes(header.chainId, at.chainId) &&
    header.height === first.height &&
    header.height < at.height &&
    at.time - header.time <= limits.EVIDENCE_AGE_MS &&
    isSetPlace(header.validatorsHash, first.signer, place) &&
    verifyLeafHash(at.historyRoot, blockIdOf(header), header.height - 1, at.height - 1, path) &&
    verifyEquivocation(scheme, accusation, at.chainId, [accused])
  )
}

export function encodeEvidence({ accusation, place, header, path }: EvidenceItem): Uint8Array {
  const placeValue: CborValue = [place.id, place.index, place.size, concatBytes(...place.path)]
  return encodeCanonical([equivocationToValue(accusation), placeValue, headerToValue(header), concatBytes(...path)])
}

/** Throws CHAIN_MALFORMED. */
export function decodeEvidence(bytes: Uint8Array): EvidenceItem {
  const row = readRow(readCbor(bytes, limits.MAX_EVIDENCE_ITEM_BYTES, 'evidence'), 4, 'evidence')
  const [accusation, placeValue, header, path] = row
  const [id, index, size, setPath] = readRow(placeValue, 4, 'place in a set')
  return {
    accusation: equivocationFromValue(accusation),
    place: {
      id: readHash(id, 'id'),
      index: readInteger(index, 0, limits.MAX_VALIDATORS - 1, 'index'),
      size: readInteger(size, 1, limits.MAX_VALIDATORS, 'size'),
      path: readPath(setPath, limits.MAX_SET_PATH),
    },
    header: headerFromValue(header),
    path: readPath(path, limits.MAX_HISTORY_PATH),
  }
}

function readPath(value: CborField, most: number): Uint8Array[] {
  const bytes = readBytes(value, 0, most * HASH_BYTES, 'path')
  if (bytes.length % HASH_BYTES !== 0) throw malformed('a path that is not whole')
  return Array.from({ length: bytes.length / HASH_BYTES }, (_, i) => bytes.slice(i * HASH_BYTES, (i + 1) * HASH_BYTES))
}
