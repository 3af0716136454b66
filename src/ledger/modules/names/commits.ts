/** Commits that wait for their reveal, in the order in which they came, and are forgotten in it. */
import { encodeCanonical } from '../../../crypto/index.ts'
import { moduleKey } from '../../draft.ts'
import { limits as ledgerLimits } from '../../limits.ts'
import { ledgerReader } from '../../refusal.ts'
import type { BlockFacts, Draft } from '../../types.ts'
import { NAMES } from './kinds.ts'
import { keyIn, Part } from './label.ts'
import { limits } from './limits.ts'

const { readCbor, readRow, readInteger, readHash } = ledgerReader
const ENDS = keyIn(Part.QUEUE_ENDS, new Uint8Array())

export interface Commit {
  /** Counts up over the whole chain: whoever has the lower one came first. */
  readonly number: number
  readonly height: number
  /** Unix ms. */
  readonly time: number
}

/** Undefined: none, or one that is too old. */
export function commitOf(own: Draft, hash: Uint8Array, { time }: BlockFacts): Commit | undefined {
  const commit = readCommit(own.get(keyIn(Part.COMMIT, hash)))
  return commit === undefined || isOver(commit.time, time) ? undefined : commit
}

/** Under which key of a chain's state a commit stands until it is used or forgotten: what a proof is asked for. */
export function commitStateKey(hash: Uint8Array): Uint8Array {
  return moduleKey(NAMES, keyIn(Part.COMMIT, hash))
}

/** What a value of the state says. Throws LEDGER_MALFORMED. */
export function commitFrom(value: Uint8Array): Commit {
  return readCommit(value)!
}

export function addCommit(own: Draft, hash: Uint8Array, { height, time }: BlockFacts): void {
  const { first, next } = endsOf(own)
  own.set(keyIn(Part.COMMIT, hash), encodeCanonical([next, height, time]))
  own.set(placeKey(next), encodeCanonical([hash, time]))
  own.set(ENDS, encodeCanonical([first, next + 1]))
}

export function dropCommit(own: Draft, hash: Uint8Array): void {
  own.delete(keyIn(Part.COMMIT, hash))
}

/** Forgets those that are over, so that commits cost no state after a day. */
export function forgetCommits(own: Draft, { time }: BlockFacts): void {
  const { first, next } = endsOf(own)
  let at = first
  for (; at < next && at - first < limits.FORGOTTEN_A_BLOCK; at++) {
    const [hash, committed] = readRow(readCbor(own.get(placeKey(at))!, 64, 'place'), 2, 'place')
    if (!isOver(readInteger(committed, 0, ledgerLimits.MAX_AMOUNT, 'time'), time)) break
    const key = keyIn(Part.COMMIT, readHash(hash, 'commit'))
    // The same may have been made anew after it was used.
    if (readCommit(own.get(key))?.number === at) own.delete(key)
    own.delete(placeKey(at))
  }
  if (at > first) own.set(ENDS, encodeCanonical([at, next]))
}

function isOver(committed: number, now: number): boolean {
  return now - committed > limits.COMMIT_MS
}

function endsOf(own: Draft): { readonly first: number; readonly next: number } {
  const value = own.get(ENDS)
  // Number 0 is none's: it is that of names from the genesis.
  if (value === undefined) return { first: 1, next: 1 }
  const [first, next] = readRow(readCbor(value, 32, 'queue'), 2, 'queue')
  const count = (field: typeof first) => readInteger(field, 1, ledgerLimits.MAX_AMOUNT, 'queue')
  return { first: count(first), next: count(next) }
}

function placeKey(number: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(number))
  return keyIn(Part.QUEUE, bytes)
}

function readCommit(value: Uint8Array | undefined): Commit | undefined {
  if (value === undefined) return undefined
  const [number, height, time] = readRow(readCbor(value, 64, 'commit'), 3, 'commit')
  const count = (field: typeof number, what: string) => readInteger(field, 0, ledgerLimits.MAX_AMOUNT, what)
  return { number: count(number, 'number'), height: count(height, 'height'), time: count(time, 'time') }
}
