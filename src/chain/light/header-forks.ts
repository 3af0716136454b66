/** Two headers of a linked chain that contradict each other, as evidence on the chain that links it: a payload, and its check. Pure. */
import { equalBytes, latin1 } from '../../base/index.ts'
import { type CborField, type CborValue, encodeCanonical } from '../../crypto/index.ts'
import { headerFromValue, headerToValue } from '../blocks/blocks.ts'
import { entriesFromValue, entriesToValue } from '../blocks/set-root.ts'
import { limits } from '../limits.ts'
import { malformed, readCbor, readMap, readRow, readUtf8 } from '../reading.ts'
import type { CertifiedHeader, Validator } from '../types.ts'
import { certifiedHeaderFromValue, certifiedHeaderToValue, hashesFromValue, hashesToValue } from './codec.ts'
import { conflictVerdict, type HeaderConflict } from './conflicts.ts'
import { type LightRules, overlapNeeded } from './trust.ts'

/** First item of the payload. */
export const HEADER_FORK = 8

export interface HeaderFork {
  readonly origin: string
  readonly conflict: HeaderConflict
  /** Entries of the set that was linked last. */
  readonly lastSet: readonly Validator[]
}

/**
 * Who signed both headers; undefined: they do not contradict each other, or not enough of the set linked last signed each: anybody can make up a set
 * that signs, and whoever buys the keys of an older one.
 */
export function headerForkSigners(
  rules: LightRules,
  chainId: Uint8Array,
  { conflict, lastSet }: Omit<HeaderFork, 'origin'>,
): readonly Validator[] | undefined {
  const { first, second, firstSet, secondSet } = conflict
  const verdict = conflictVerdict(rules, chainId, conflict)
  if (verdict === undefined) return undefined
  const needed = overlapNeeded(rules, lastSet.length)
  const isBacked = ({ certificate }: CertifiedHeader, set: readonly Validator[]) => {
    const keys = new Set(certificate.signatures.map(({ index }) => latin1(set[index]!.publicKey)))
    return lastSet.filter(({ publicKey }) => keys.has(latin1(publicKey))).length >= needed
  }
  if (!isBacked(first, firstSet) || !isBacked(second, secondSet)) return undefined
  return firstSet.filter(({ publicKey }) => verdict.signers.some((one) => equalBytes(one, publicKey)))
}

export function encodeHeaderFork({ origin, conflict, lastSet }: HeaderFork): Uint8Array {
  const { first, second, firstSet, secondSet, older } = conflict
  // Most often it is one set, whose list is as long as all the rest.
  const orSame = (set: readonly Validator[]) => (isSame(set, firstSet) ? null : entriesToValue(set))
  const fields = new Map<number, CborValue>([
    [1, new TextEncoder().encode(origin)],
    [2, certifiedHeaderToValue(first)],
    [3, certifiedHeaderToValue(second)],
    [4, older === undefined ? null : [headerToValue(older.header), hashesToValue(older.path)]],
    [5, entriesToValue(firstSet)],
    [6, orSame(secondSet)],
    [7, orSame(lastSet)],
  ])
  return encodeCanonical([HEADER_FORK, fields])
}

/** Throws CHAIN_MALFORMED. */
export function decodeHeaderFork(payload: Uint8Array): HeaderFork {
  const [code, value] = readRow(readCbor(payload, limits.MAX_PAYLOAD_BYTES, 'payload'), 2, 'payload')
  const fields = readMap(value, 'payload')
  if (code !== HEADER_FORK || fields.size !== 7) throw malformed('a payload of another kind')
  const firstSet = entriesFromValue(fields.get(5))
  const setFrom = (field: CborField) => (field === null ? firstSet : entriesFromValue(field))
  return {
    origin: readUtf8(fields.get(1), limits.MAX_ORIGIN_BYTES, 'origin'),
    conflict: {
      first: certifiedHeaderFromValue(fields.get(2)),
      second: certifiedHeaderFromValue(fields.get(3)),
      firstSet,
      secondSet: setFrom(fields.get(6)),
      older: olderFrom(fields.get(4)),
    },
    lastSet: setFrom(fields.get(7)),
  }
}

function olderFrom(value: CborField): HeaderConflict['older'] {
  if (value === null) return undefined
  const [header, path] = readRow(value, 2, 'older header')
  return { header: headerFromValue(header), path: hashesFromValue(path, limits.MAX_HISTORY_PATH) }
}

function isSame(a: readonly Validator[], b: readonly Validator[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ id, publicKey }, i) => equalBytes(id, b[i]!.id) && equalBytes(publicKey, b[i]!.publicKey))
  )
}
