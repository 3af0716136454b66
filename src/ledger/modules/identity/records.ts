/** Certifiers and what they say, in the state. */
import { concatBytes, equalBytes } from '../../../base/index.ts'
import { type CborField, encodeCanonical } from '../../../crypto/index.ts'
import { limits as ledgerLimits } from '../../limits.ts'
import { ledgerReader } from '../../refusal.ts'
import type { Draft, StateReader } from '../../types.ts'
import { limits } from './limits.ts'

const { readCbor, readRow, readList, readInteger, readHash, readUtf8 } = ledgerReader
const utf8 = new TextEncoder()

export interface Certifier {
  readonly account: Uint8Array
  readonly name: string
  /** Height from which on it is one: its word of before counts for nothing. */
  readonly since: number
}

export interface Endorsement {
  readonly certifier: Uint8Array
  /** Of the certifier's term. */
  readonly since: number
  readonly name: string
  /** Unix ms. */
  readonly from: number
  readonly until: number
}

export const CERTIFIERS_KEY: Uint8Array = Uint8Array.of(1)
export const endorsementsKey = (key: Uint8Array) => concatBytes(Uint8Array.of(2), key)

export function readCertifiers(own: StateReader): readonly Certifier[] {
  return certifiersFromBytes(own.get(CERTIFIERS_KEY))
}

/** Throws LEDGER_MALFORMED. */
export function certifiersFromBytes(value: Uint8Array | undefined): readonly Certifier[] {
  if (value === undefined) return []
  const read = (one: CborField): Certifier => {
    const [account, name, since] = readRow(one, 3, 'certifier')
    return { account: readHash(account, 'account'), name: nameFrom(name), since: count(since, 'since') }
  }
  return readList(
    readCbor(value, ledgerLimits.MAX_VALUE_BYTES, 'certifiers'),
    limits.MAX_CERTIFIERS,
    'certifiers',
    read,
  )
}

export function writeCertifiers(own: Draft, all: readonly Certifier[]): void {
  own.set(CERTIFIERS_KEY, encodeCanonical(all.map(({ account, name, since }) => [account, utf8.encode(name), since])))
}

export function readEndorsements(own: StateReader, key: Uint8Array): readonly Endorsement[] {
  return endorsementsFromBytes(own.get(endorsementsKey(key)))
}

/** Throws LEDGER_MALFORMED. */
export function endorsementsFromBytes(value: Uint8Array | undefined): readonly Endorsement[] {
  if (value === undefined) return []
  const read = (one: CborField): Endorsement => {
    const [certifier, since, name, from, until] = readRow(one, 5, 'endorsement')
    return {
      certifier: readHash(certifier, 'certifier'),
      since: count(since, 'since'),
      name: nameFrom(name),
      from: count(from, 'time'),
      until: count(until, 'time'),
    }
  }
  const list = readCbor(value, ledgerLimits.MAX_VALUE_BYTES, 'endorsements')
  return readList(list, limits.MAX_ENDORSEMENTS, 'endorsements', read)
}

export function writeEndorsements(own: Draft, key: Uint8Array, all: readonly Endorsement[]): void {
  const rows = all.map(({ certifier, since, name, from, until }) => [certifier, since, utf8.encode(name), from, until])
  if (rows.length === 0) own.delete(endorsementsKey(key))
  else own.set(endorsementsKey(key), encodeCanonical(rows))
}

/** Those whose certifier is one now, in the same term, and whose time is not over. `now`: unix ms. */
export function countingEndorsements(
  certifiers: readonly Certifier[],
  all: readonly Endorsement[],
  now: number,
): readonly Endorsement[] {
  const isOne = ({ certifier, since }: Endorsement) =>
    certifiers.some((one) => one.since === since && equalBytes(one.account, certifier))
  return all.filter((one) => one.until > now && isOne(one))
}

export function nameFrom(field: CborField): string {
  return readUtf8(field, limits.MAX_NAME_BYTES, 'name')
}

function count(field: CborField, what: string): number {
  return readInteger(field, 0, ledgerLimits.MAX_AMOUNT, what)
}
