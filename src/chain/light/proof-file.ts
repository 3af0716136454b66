/** The proof of a name as a file that anybody checks offline, and as what goes to one who has the head. */
import { toHex } from '../../base/index.ts'
import { type CborField, type CborValue, encodeCanonical, sha256 } from '../../crypto/index.ts'
import { headerFromValue, headerToValue } from '../blocks/blocks.ts'
import { entriesFromValue, entriesToValue, setRoot } from '../blocks/set-root.ts'
import { limits } from '../limits.ts'
import { malformed, readBytes, readCbor, readHeight, readList, readMap, readRow } from '../reading.ts'
import { type StateClaim, verifyStateProof } from '../trees/proofs/verify.ts'
import type { BlockHeader, CertifiedHeader, Validator } from '../types.ts'
import { certifiedHeaderFromValue, certifiedHeaderToValue, hashesFromValue, hashesToValue } from './codec.ts'
import { isInHistory, type LightRules, type Trusted } from './trust.ts'
import { type LightRefusal, verifyHeader } from './verify.ts'

const FORMAT = 'chordns/proof/1'

export interface ProofFile {
  readonly head: CertifiedHeader
  readonly claims: readonly StateClaim[]
  readonly stateProof: Uint8Array
  /** Whose state it is, in the history of the head; undefined: the head's own. */
  readonly older: { readonly header: BlockHeader; readonly path: readonly Uint8Array[] } | undefined
  /** The set of the head, if it is not known. */
  readonly validators: readonly Validator[] | undefined
  /** The way from what is trusted to the head, oldest first, each with its own set. */
  readonly trail: readonly { readonly certified: CertifiedHeader; readonly validators: readonly Validator[] }[]
}

export type ProofVerdict =
  /** Unix ms: when it was so. */
  | { readonly kind: 'proven'; readonly height: number; readonly time: number; readonly claims: readonly StateClaim[] }
  | {
      readonly kind: 'refused'
      readonly reason: LightRefusal | 'set unknown' | 'too few known signers' | 'fork' | 'history' | 'state'
    }

/**
 * Whether what the file claims was so, for one who trusts a header, or the genesis. `sets`: those that are known beside the file's own. It does not say that it is so
 * still: compare the time with the clock.
 */
export function verifyProofFile(
  rules: LightRules,
  trusted: Trusted,
  file: ProofFile,
  now: number,
  sets: readonly (readonly Validator[])[] = [],
): ProofVerdict {
  const known = new Map<string, readonly Validator[]>()
  for (const set of [
    trusted.validators,
    ...sets,
    ...file.trail.map(({ validators }) => validators),
    file.validators ?? [],
  ])
    if (set.length > 0) known.set(toHex(setRoot(set)), set)
  const setOf = (root: Uint8Array) => known.get(toHex(root))
  let from = trusted
  for (const certified of [...file.trail.map((step) => step.certified), file.head]) {
    const verdict = verifyHeader(rules, from, certified, setOf, now)
    if (verdict.kind === 'refused') return verdict
    // The head's next set is of no use to whoever goes no further.
    if (verdict.kind === 'need-set' && !(certified === file.head && verdict.which === 'next'))
      return { kind: 'refused', reason: 'set unknown' }
    if (verdict.kind === 'need-between') return { kind: 'refused', reason: 'too few known signers' }
    if (verdict.kind === 'conflict') return { kind: 'refused', reason: 'fork' }
    if (verdict.kind === 'trusted') from = verdict.trusted
  }
  const { header } = file.head
  const { older } = file
  if (older !== undefined && !isInHistory(header, older.header, older.path))
    return { kind: 'refused', reason: 'history' }
  return verifyState(older?.header ?? header, file.claims, file.stateProof)
}

/** What the state of a header that is trusted already says. */
export function verifyState(header: BlockHeader, claims: readonly StateClaim[], proof: Uint8Array): ProofVerdict {
  if (!verifyStateProof(sha256, header.stateRoot, claims, proof)) return { kind: 'refused', reason: 'state' }
  return { kind: 'proven', height: header.height, time: header.time, claims }
}

export function encodeProofFile(file: ProofFile): Uint8Array {
  const fields = new Map<number, CborValue>([
    [1, certifiedHeaderToValue(file.head)],
    [2, file.claims.map(({ key, value }) => [key, value ?? null])],
    [3, file.stateProof],
    [4, file.older === undefined ? null : [headerToValue(file.older.header), hashesToValue(file.older.path)]],
    [5, file.validators === undefined ? null : entriesToValue(file.validators)],
    [6, file.trail.map(({ certified, validators }) => [certifiedHeaderToValue(certified), entriesToValue(validators)])],
  ])
  return encodeCanonical([FORMAT, fields])
}

/** Throws CHAIN_MALFORMED. */
export function decodeProofFile(bytes: Uint8Array): ProofFile {
  const [format, value] = readRow(readCbor(bytes, limits.MAX_PROOF_FILE_BYTES, 'proof'), 2, 'proof')
  const fields = readMap(value, 'proof')
  if (format !== FORMAT || fields.size !== 6) throw malformed('a proof of another format')
  return {
    head: certifiedHeaderFromValue(fields.get(1)),
    claims: readList(fields.get(2), limits.MAX_PROVEN_KEYS, 'claims', claimFrom),
    stateProof: readBytes(fields.get(3), 0, limits.MAX_STATE_PROOF_BYTES, 'state proof'),
    older: olderFrom(fields.get(4)),
    validators: fields.get(5) === null ? undefined : entriesFromValue(fields.get(5)),
    trail: readList(fields.get(6), limits.MAX_TRAIL, 'trail', (step) => {
      const [certified, validators] = readRow(step, 2, 'step')
      return { certified: certifiedHeaderFromValue(certified), validators: entriesFromValue(validators) }
    }),
  }
}

function claimFrom(row: CborValue): StateClaim {
  const [key, value] = readRow(row, 2, 'claim')
  return {
    key: readBytes(key, 0, limits.MAX_STATE_KEY_BYTES, 'key'),
    value: value === null ? undefined : readBytes(value, 0, limits.MAX_TRANSACTION_BYTES, 'value'),
  }
}

function olderFrom(value: CborField): ProofFile['older'] {
  if (value === null) return undefined
  const [header, path] = readRow(value, 2, 'older header')
  return { header: headerFromValue(header), path: hashesFromValue(path, limits.MAX_HISTORY_PATH) }
}

/** What goes to one who has the head of that height: the rest it knows. */
export interface WarmProof {
  readonly height: number
  readonly value: Uint8Array | undefined
  readonly stateProof: Uint8Array
}

export function encodeWarmProof({ height, value, stateProof }: WarmProof): Uint8Array {
  return encodeCanonical([height, value ?? null, stateProof])
}

/** Throws CHAIN_MALFORMED. */
export function decodeWarmProof(bytes: Uint8Array): WarmProof {
  const [height, value, stateProof] = readRow(
    readCbor(bytes, limits.MAX_PROOF_FILE_BYTES, 'warm proof'),
    3,
    'warm proof',
  )
  return {
    height: readHeight(height),
    value: value === null ? undefined : readBytes(value, 0, limits.MAX_TRANSACTION_BYTES, 'value'),
    stateProof: readBytes(stateProof, 0, limits.MAX_STATE_PROOF_BYTES, 'state proof'),
  }
}

/** Whether the head says of the key what the proof says. */
export function verifyWarmProof(head: BlockHeader, key: Uint8Array, { height, value, stateProof }: WarmProof): boolean {
  return height === head.height && verifyState(head, [{ key, value }], stateProof).kind === 'proven'
}
