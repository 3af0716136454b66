/**
 * Draws: random numbers that nobody knew when the commitments to them were made. In an epoch each validator sends the hash of a secret for
 * the next draw, and the secret that it hid in the epoch before. A draw is made at the end of an epoch of all secrets that were shown, if
 * more than a third of a set showed theirs, so that one of them at least is honest. docs/decisions/0082 says why so.
 */
import { compareBytes, equalBytes } from '../../../base/index.ts'
import { ResultCode } from '../../../chain/index.ts'
import { encodeCanonical } from '../../../crypto/index.ts'
import { limits } from '../../limits.ts'
import { ledgerReader, refuse } from '../../refusal.ts'
import type { Draft, StateReader } from '../../types.ts'
import { BEACON_KEY, drawKey } from './keys.ts'
import { commitmentTo, drawn } from './statements.ts'

const { readCbor, readRow, readList, readInteger, readHash } = ledgerReader

/** By validator, sorted by id. */
type Rows = readonly { readonly validator: Uint8Array; readonly value: Uint8Array }[]

export interface Beacon {
  /** Blocks of an epoch. */
  readonly epochBlocks: number
  /** The draw whose secrets are being shown. */
  readonly draw: number
  /** Commitments to those secrets. */
  readonly commitments: Rows
  readonly secrets: Rows
  /** Commitments for the draw after. */
  readonly next: Rows
  /** Who had committed and showed nothing in the epoch that ended last. */
  readonly silent: readonly Uint8Array[]
}

export function readBeacon(own: StateReader): Beacon {
  const value = own.get(BEACON_KEY)
  if (value === undefined) return newBeacon(limits.EPOCH_BLOCKS)
  const row = readRow(readCbor(value, limits.MAX_VALUE_BYTES, 'beacon'), 6, 'beacon')
  return {
    epochBlocks: readInteger(row[0]!, 1, limits.MAX_EPOCH_BLOCKS, 'epoch'),
    draw: readInteger(row[1]!, 1, limits.MAX_DRAW, 'draw'),
    commitments: rowsFrom(row[2]!),
    secrets: rowsFrom(row[3]!),
    next: rowsFrom(row[4]!),
    silent: readList(row[5]!, limits.MAX_VALIDATORS, 'silent', (one) => readHash(one, 'validator')),
  }
}

/** The epochs are counted from 0 on. */
export function epochOf({ epochBlocks }: Pick<Beacon, 'epochBlocks'>, height: number): number {
  return Math.floor((height - 1) / epochBlocks)
}

export function newBeacon(epochBlocks: number): Beacon {
  return { epochBlocks, draw: 1, commitments: [], secrets: [], next: [], silent: [] }
}

export function writeBeacon(own: Draft, beacon: Beacon): void {
  const rows = (all: Rows) => all.map(({ validator, value }) => [validator, value])
  const { epochBlocks, draw, commitments, secrets, next, silent } = beacon
  own.set(BEACON_KEY, encodeCanonical([epochBlocks, draw, rows(commitments), rows(secrets), rows(next), [...silent]]))
}

export function readDraw(own: StateReader, draw: number): Uint8Array | undefined {
  return own.get(drawKey(draw))
}

/** The draw that makes the salt of a key that is registered now: the first whose secrets nobody can have seen. */
export function drawForNewKey({ draw, commitments }: Beacon): number {
  return commitments.length === 0 ? draw : draw + 1
}

/** A commitment is made by a validator of this block; a secret is taken of whoever committed, also when it is none any more. */
export function takeBeacon(
  own: Draft,
  {
    chainId,
    height,
    validator,
  }: { readonly chainId: Uint8Array; readonly height: number; readonly validator: Uint8Array },
  { secret, commitment }: { readonly secret: Uint8Array | undefined; readonly commitment: Uint8Array | undefined },
): void {
  const beacon = readBeacon(own)
  const { commitments, secrets, next } = beacon
  const before = epochOf(beacon, height) - 1
  let changed = beacon
  if (secret !== undefined) {
    const hidden = valueBy(commitments, validator) ?? refuse(ResultCode.NOT_ALLOWED, 'no commitment')
    if (!equalBytes(hidden, commitmentTo(chainId, validator, before, secret)))
      refuse(ResultCode.NOT_ALLOWED, 'another secret')
    if (valueBy(secrets, validator) !== undefined) refuse(ResultCode.TAKEN, 'shown before')
    changed = { ...changed, secrets: withRow(secrets, validator, secret) }
  }
  if (commitment !== undefined) {
    if (valueBy(next, validator) !== undefined) refuse(ResultCode.TAKEN, 'committed before')
    changed = { ...changed, next: withRow(next, validator, commitment) }
  }
  writeBeacon(own, changed)
}

/** At the end of an epoch. */
export function endEpoch(own: Draft, chainId: Uint8Array, setSize: number): void {
  const { epochBlocks, draw, commitments, secrets, next } = readBeacon(own)
  const isEnough = secrets.length > Math.floor((setSize - 1) / 3)
  if (isEnough) {
    const rows = secrets.map(({ validator, value }) => [validator, value] as const)
    own.set(drawKey(draw), drawn(chainId, draw, readDraw(own, draw - 1)!, rows))
  }
  const silent = commitments.map(({ validator }) => validator).filter((one) => valueBy(secrets, one) === undefined)
  writeBeacon(own, {
    epochBlocks,
    draw: isEnough ? draw + 1 : draw,
    commitments: next,
    secrets: [],
    next: [],
    silent,
  })
}

function valueBy(rows: Rows, validator: Uint8Array): Uint8Array | undefined {
  return rows.find((one) => equalBytes(one.validator, validator))?.value
}

function withRow(rows: Rows, validator: Uint8Array, value: Uint8Array): Rows {
  return [...rows, { validator, value }].sort((a, b) => compareBytes(a.validator, b.validator))
}

function rowsFrom(value: Parameters<typeof readList>[0]): Rows {
  return readList(value, limits.MAX_VALIDATORS, 'rows', (one) => {
    const [validator, hash] = readRow(one, 2, 'row')
    return { validator: readHash(validator, 'validator'), value: readHash(hash, 'value') }
  })
}
