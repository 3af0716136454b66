/** The sets of ledger chains as a Merkle root: sent once as a list, known by the root, and one member of it shown by a path. */
import { compareBytes, latin1 } from '../../base/index.ts'
import {
  type CborField,
  type CborValue,
  encodeCanonical,
  type SignatureScheme,
  sha256,
  signedBytes,
} from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import { malformed, readHash, readList, readRow } from '../reading.ts'
import { merkleLeafHash, merkleProof, merkleRoot, pathRoot } from '../trees/merkle.ts'
import type { Validator } from '../types.ts'
import { isValidatorSet } from './validators.ts'

/** Of a voting key. */
const ED25519 = 1

const roots = new WeakMap<readonly Validator[], Uint8Array>()

/** Of a sorted set. */
export function setRoot(validators: readonly Validator[]): Uint8Array {
  let root = roots.get(validators)
  if (root === undefined) {
    root = sizedRoot(validators.length, merkleRoot(validators.map(entryBytes)))
    roots.set(validators, root)
  }
  return root
}

/** A tree's root does not say how many leaves it has. */
function sizedRoot(size: number, root: Uint8Array): Uint8Array {
  return sha256(signedBytes('chordns/set/1', encodeCanonical([size, root])))
}

/** That a validator is in a set, for whoever knows the root. */
export interface SetPlace {
  readonly id: Uint8Array
  readonly index: number
  readonly size: number
  readonly path: readonly Uint8Array[]
}

/** Undefined when the key votes for nobody of the set. */
export function setPlace(validators: readonly Validator[], publicKey: Uint8Array): SetPlace | undefined {
  const index = validators.findIndex((one) => compareBytes(one.publicKey, publicKey) === 0)
  if (index < 0) return undefined
  const path = merkleProof(validators.map(entryBytes), index)
  return { id: validators[index]!.id, index, size: validators.length, path }
}

/** True when the set under `root` has the key at that place. */
export function isSetPlace(root: Uint8Array, publicKey: Uint8Array, { id, index, size, path }: SetPlace): boolean {
  const tree = pathRoot(merkleLeafHash(entryBytes({ id, publicKey })), index, size, path)
  return tree !== undefined && compareBytes(sizedRoot(size, tree), root) === 0
}

function entryBytes({ id, publicKey }: Validator): Uint8Array {
  return encodeCanonical([id, ED25519, publicKey])
}

export function entriesToValue(validators: readonly Validator[]): CborValue {
  return validators.map(({ id, publicKey }) => [id, ED25519, publicKey])
}

/** Throws CHAIN_MALFORMED. */
export function entriesFromValue(value: CborField): Validator[] {
  const validators = readList(value, limits.MAX_VALIDATORS, 'entries', (row) => {
    const [id, scheme, publicKey] = readRow(row, 3, 'entry')
    if (scheme !== ED25519) throw malformed('an entry of an unknown scheme')
    return { id: readHash(id, 'id'), publicKey: readHash(publicKey, 'key') }
  })
  if (!isValidatorSet(validators)) throw malformed('a list that is no validator set')
  return validators
}

/** What a voting key signs, so that nobody brings the key of another. */
export function votingKeyBytes(chainId: Uint8Array, { id, publicKey }: Validator): Uint8Array {
  return signedBytes('chordns/voting-key/1', encodeCanonical([chainId, id, ED25519, publicKey]))
}

export function holdsVotingKey(
  scheme: SignatureScheme,
  chainId: Uint8Array,
  validator: Validator,
  signature: Uint8Array,
): boolean {
  return scheme.verify(validator.publicKey, votingKeyBytes(chainId, validator), signature)
}

/** Entries of one block that may change: few enough that sets one after the other have most of their votes in common. */
export function mostChanges(size: number): number {
  return Math.max(1, Math.floor((size - 1) / 3))
}

/** How many of one set the other has not: the larger of what came and what left; another key is both. */
export function changesBetween(before: readonly Validator[], after: readonly Validator[]): number {
  const text = ({ id, publicKey }: Validator) => latin1(id) + latin1(publicKey)
  const missing = (of: readonly Validator[], from: readonly Validator[]) => {
    const there = new Set(from.map(text))
    return of.filter((one) => !there.has(text(one))).length
  }
  return Math.max(missing(before, after), missing(after, before))
}
