/** Two headers that cannot both be of one chain, as evidence that anybody checks. */
import { equalBytes, latin1 } from '../../base/index.ts'
import { type CborField, type CborValue, encodeCanonical } from '../../crypto/index.ts'
import { blockIdOf, headerFromValue, headerToValue } from '../blocks/blocks.ts'
import { entriesFromValue, entriesToValue } from '../blocks/set-root.ts'
import { votesOf } from '../blocks/signing.ts'
import { limits } from '../limits.ts'
import { malformed, readCbor, readRow } from '../reading.ts'
import type { BlockHeader, CertifiedHeader, ChainEquivocation, Validator } from '../types.ts'
import { certifiedHeaderFromValue, certifiedHeaderToValue, hashesFromValue, hashesToValue } from './codec.ts'
import { isInHistory, type LightRules } from './trust.ts'
import { isDecided } from './verify.ts'

/**
 * Both were decided by a quorum of the set that they name. `older`: what the second one has in its history where the first stands; undefined when
 * both are of one height.
 */
export interface HeaderConflict {
  readonly first: CertifiedHeader
  readonly second: CertifiedHeader
  readonly firstSet: readonly Validator[]
  readonly secondSet: readonly Validator[]
  readonly older: { readonly header: BlockHeader; readonly path: readonly Uint8Array[] } | undefined
}

export interface ConflictVerdict {
  /**
   * `equivocation`: one set, one height and one round, so whoever signed both is a liar. `rounds`: the same in two rounds; at least those who signed
   * both gave up a lock. `fork`: the sets differ, or one is later than the other; whoever signed both backed both branches.
   */
  readonly kind: 'equivocation' | 'rounds' | 'fork'
  /** Keys that signed both. */
  readonly signers: readonly Uint8Array[]
}

/** Undefined when the two do not contradict each other, or one of them was not decided. */
export function conflictVerdict(
  rules: LightRules,
  chainId: Uint8Array,
  conflict: HeaderConflict,
): ConflictVerdict | undefined {
  const { first, second, firstSet, secondSet, older } = conflict
  if (!equalBytes(first.header.chainId, chainId) || !equalBytes(second.header.chainId, chainId)) return undefined
  if (!contradicts(first.header, second.header, older)) return undefined
  if (!isDecided(rules, first, firstSet) || !isDecided(rules, second, secondSet)) return undefined
  const keysOf = ({ certificate }: CertifiedHeader, set: readonly Validator[]) =>
    certificate.signatures.map(({ index }) => set[index]!.publicKey)
  const firstKeys = new Set(keysOf(first, firstSet).map(latin1))
  const signers = keysOf(second, secondSet).filter((key) => firstKeys.has(latin1(key)))
  const isOneSet = equalBytes(first.header.validatorsHash, second.header.validatorsHash)
  if (older !== undefined || !isOneSet) return { kind: 'fork', signers }
  return { kind: first.certificate.round === second.certificate.round ? 'equivocation' : 'rounds', signers }
}

/** What a conflict is for the chain itself: each who signed both in one round signed two things for one place. */
export function accusationsIn({ first, second, firstSet, older }: HeaderConflict): ChainEquivocation[] {
  const { chainId, validatorsHash } = first.header
  const isOneSet = equalBytes(validatorsHash, second.header.validatorsHash)
  if (older !== undefined || !isOneSet || first.certificate.round !== second.certificate.round) return []
  const others = votesOf(second.certificate, 'precommit', firstSet)
  return votesOf(first.certificate, 'precommit', firstSet).flatMap((vote): ChainEquivocation[] => {
    const other = others.find(({ signer }) => equalBytes(signer, vote.signer))
    return other === undefined ? [] : [{ kind: 'votes', chainId, first: vote, second: other }]
  })
}

function contradicts(first: BlockHeader, second: BlockHeader, older: HeaderConflict['older']): boolean {
  const theirs = older?.header ?? second
  if (theirs.height !== first.height || equalBytes(blockIdOf(theirs), blockIdOf(first))) return false
  return older === undefined || isInHistory(second, older.header, older.path)
}

export function encodeConflict({ first, second, firstSet, secondSet, older }: HeaderConflict): Uint8Array {
  const value: CborValue[] = [
    1,
    certifiedHeaderToValue(first),
    certifiedHeaderToValue(second),
    entriesToValue(firstSet),
    entriesToValue(secondSet),
    older === undefined ? null : [headerToValue(older.header), hashesToValue(older.path)],
  ]
  return encodeCanonical(value)
}

/** Throws CHAIN_MALFORMED. */
export function decodeConflict(bytes: Uint8Array): HeaderConflict {
  const row = readRow(readCbor(bytes, limits.MAX_NOTE_BYTES, 'conflict'), 6, 'conflict')
  const [version, first, second, firstSet, secondSet, older] = row
  if (version !== 1) throw malformed('a conflict of another version')
  return {
    first: certifiedHeaderFromValue(first),
    second: certifiedHeaderFromValue(second),
    firstSet: entriesFromValue(firstSet),
    secondSet: entriesFromValue(secondSet),
    older: olderFrom(older),
  }
}

function olderFrom(value: CborField): HeaderConflict['older'] {
  if (value === null) return undefined
  const [header, path] = readRow(value, 2, 'older header')
  return { header: headerFromValue(header), path: hashesFromValue(path, limits.MAX_HISTORY_PATH) }
}
