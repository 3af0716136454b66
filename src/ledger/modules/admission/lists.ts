/** The lists of a chain: who endorses on each (D7, D8, D19). Number 0 is the chain's own: whose transactions it takes, and who is in its ring. */
import { equalBytes } from '../../../base/index.ts'
import { ResultCode } from '../../../chain/index.ts'
import { encodeCanonical } from '../../../crypto/index.ts'
import { limits } from '../../limits.ts'
import { ledgerReader, refuse } from '../../refusal.ts'
import type { Voice } from '../../tally.ts'
import type { Draft, StateReader } from '../../types.ts'
import { listKey } from './keys.ts'

const { readCbor, readRow, readList, readInteger, readHash } = ledgerReader

export interface Endorser {
  readonly account: Uint8Array
  readonly name: string
  /** Height at which it became one: what it said before, in another term, counts for nothing. */
  readonly since: number
}

export interface EndorserList {
  readonly name: string
  /** Organisations that have a place in the pages. */
  readonly count: number
  readonly endorsers: readonly Endorser[]
  /** What is being voted on, by hash. */
  readonly open: readonly Uint8Array[]
}

export function readListOf(own: StateReader, list: number): EndorserList | undefined {
  const value = own.get(listKey(list))
  if (value === undefined) return undefined
  const [name, count, endorsers, open] = readRow(readCbor(value, limits.MAX_VALUE_BYTES, 'list'), 4, 'list')
  return {
    name: readName(name),
    count: readInteger(count, 0, limits.MAX_ORGANISATIONS, 'count'),
    endorsers: readList(endorsers, limits.MAX_ENDORSERS, 'endorsers', (one) => {
      const [account, called, since] = readRow(one, 3, 'endorser')
      return {
        account: readHash(account, 'account'),
        name: readName(called),
        since: readInteger(since, 0, limits.MAX_AMOUNT, 'since'),
      }
    }),
    open: readList(open, limits.MAX_OPEN_VOTES, 'open votes', (one) => readHash(one, 'subject')),
  }
}

export function writeList(own: Draft, list: number, { name, count, endorsers, open }: EndorserList): void {
  const rows = endorsers.map((one) => [one.account, one.name, one.since])
  own.set(listKey(list), encodeCanonical([name, count, rows, [...open]]))
}

/** Refuses for a list that is none. */
export function listOf(own: StateReader, list: number): EndorserList {
  return readListOf(own, list) ?? refuse(ResultCode.NOT_ALLOWED, 'no such list')
}

/** Refuses for who does not endorse on the list. */
export function endorserOf({ endorsers }: EndorserList, account: Uint8Array): Endorser {
  return endorsers.find((one) => equalBytes(one.account, account)) ?? refuse(ResultCode.NOT_ALLOWED, 'not an endorser')
}

/** Those of the voices that count now: of endorsers, in the term in which they are. */
export function voicesThatCount({ endorsers }: EndorserList, voices: readonly Voice[]): Voice[] {
  return endorsers.filter(({ account, since }) =>
    voices.some((one) => one.since === since && equalBytes(one.account, account)),
  )
}

export function voicesFrom(value: unknown, most: number): Voice[] {
  return readList(value as Parameters<typeof readList>[0], most, 'voices', (one) => {
    const [account, since] = readRow(one, 2, 'voice')
    return { account: readHash(account, 'account'), since: readInteger(since, 0, limits.MAX_AMOUNT, 'since') }
  })
}

/** A name or an address for people: no control characters, and not empty. */
export function readName(value: Parameters<typeof readRow>[0], most: number = limits.MAX_NAME_LETTERS): string {
  const text = ledgerReader.readText(value, most, 'name')
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) refuse(ResultCode.MALFORMED, 'name')
  }
  return text === '' ? refuse(ResultCode.MALFORMED, 'name') : text
}
