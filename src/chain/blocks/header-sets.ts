/** How a header commits to sets: by hashes in schema 1, by roots in schema 2. */
import { equalBytes } from '../../base/index.ts'
import type { BlockHeader, Validator } from '../types.ts'
import { setRoot } from './set-root.ts'
import { nextValidatorsHash, validatorsHash } from './validators.ts'

export type Schema = 1 | 2

/** The fields of a header of that schema for the sets of its height and of both next ones. */
export function setFields(
  schema: Schema,
  own: readonly Validator[],
  next: readonly Validator[],
  after: readonly Validator[],
) {
  return schema === 1
    ? { validatorsHash: validatorsHash(own), nextValidatorsHash: nextValidatorsHash(next, after) }
    : { validatorsHash: setRoot(own), nextValidatorsHash: setRoot(next) }
}

export function namesOwnSet({ ledger, validatorsHash: hash }: BlockHeader, own: readonly Validator[]): boolean {
  return equalBytes(hash, ledger === undefined ? validatorsHash(own) : setRoot(own))
}

/** Whether the header commits to the sets of both next heights. */
export function namesNextSets(
  { ledger, nextValidatorsHash: hash }: BlockHeader,
  next: readonly Validator[],
  after: readonly Validator[],
): boolean {
  if (ledger === undefined) return equalBytes(hash, nextValidatorsHash(next, after))
  return equalBytes(hash, setRoot(next)) && equalBytes(ledger.afterValidatorsRoot, setRoot(after))
}
