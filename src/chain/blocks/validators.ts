/** Validator sets: their order, and the hashes that headers commit to. */
import { compareBytes, toHex } from '../../base/index.ts'
import { type CborField, type CborValue, encodeCanonical, sha256, signedBytes } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import { malformed, readHash, readList, readRow } from '../reading.ts'
import type { Validator } from '../types.ts'

/** Sorted by id, as every set is: the place in this order is what certificates and the MOD rule go by. */
export function sortedValidators(validators: readonly Validator[]): Validator[] {
  return [...validators].sort((a, b) => compareBytes(a.id, b.id))
}

/** 1 to MAX_VALIDATORS, sorted, no id and no key twice. */
export function isValidatorSet(validators: readonly Validator[]): boolean {
  const keys = new Set(validators.map(({ publicKey }) => toHex(publicKey)))
  return (
    validators.length >= 1 &&
    validators.length <= limits.MAX_VALIDATORS &&
    keys.size === validators.length &&
    validators.every(({ id, publicKey }) => id.length === 32 && publicKey.length === 32) &&
    validators.every(({ id }, i) => i === 0 || compareBytes(validators[i - 1]!.id, id) < 0)
  )
}

const setHashes = new WeakMap<readonly Validator[], Uint8Array>()

export function validatorsHash(validators: readonly Validator[]): Uint8Array {
  const known = setHashes.get(validators)
  if (known !== undefined) return known
  const hash = sha256(signedBytes('chordns/validators/1', encodeCanonical(validatorsToValue(validators))))
  setHashes.set(validators, hash)
  return hash
}

/** Over the sets of the two heights after a block. */
export function nextValidatorsHash(next: readonly Validator[], after: readonly Validator[]): Uint8Array {
  return sha256(signedBytes('chordns/next-validators/1', validatorsHash(next), validatorsHash(after)))
}

export function validatorsToValue(validators: readonly Validator[]): CborValue {
  return validators.map(({ id, publicKey }) => [id, publicKey])
}

export function validatorsFromValue(value: CborField): Validator[] {
  const validators = readList(value, limits.MAX_VALIDATORS, 'validators', (pair) => {
    const [id, publicKey] = readRow(pair, 2, 'validator')
    return { id: readHash(id, 'id'), publicKey: readHash(publicKey, 'key') }
  })
  if (!isValidatorSet(validators)) throw malformed('a list that is no validator set')
  return validators
}
