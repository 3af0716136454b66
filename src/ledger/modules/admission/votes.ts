/** Votes among the endorsers of a list: who else endorses, who no longer does, which lists there are (D8, D19). */
import { equalBytes, toHex } from '../../../base/index.ts'
import { ResultCode } from '../../../chain/index.ts'
import { type CborValue, encodeCanonical, sha256 } from '../../../crypto/index.ts'
import { limits } from '../../limits.ts'
import { ledgerReader, refuse } from '../../refusal.ts'
import type { OpenTally, Voice } from '../../tally.ts'
import type { BlockFacts, Draft, StateReader } from '../../types.ts'
import { tallyKey } from './keys.ts'
import {
  type Endorser,
  type EndorserList,
  endorserOf,
  listOf,
  readListOf,
  readName,
  voicesFrom,
  voicesThatCount,
  writeList,
} from './lists.ts'

const { readCbor, readRow, readList, readInteger, readHash } = ledgerReader

/** What endorsers vote on. Lists are made by those of list 0. */
export type Subject =
  | { readonly kind: 'add'; readonly account: Uint8Array; readonly name: string }
  | { readonly kind: 'remove'; readonly account: Uint8Array }
  | {
      readonly kind: 'list'
      readonly list: number
      readonly name: string
      readonly endorsers: readonly Pick<Endorser, 'account' | 'name'>[]
    }

interface Tally {
  /** Unix ms. */
  readonly expires: number
  readonly voices: readonly Voice[]
}

export function subjectToValue(subject: Subject): CborValue {
  switch (subject.kind) {
    case 'add':
      return [0, subject.account, subject.name]
    case 'remove':
      return [1, subject.account]
    case 'list':
      return [2, subject.list, subject.name, subject.endorsers.map(({ account, name }) => [account, name])]
  }
}

export function subjectFromValue(value: CborValue | undefined): Subject {
  const kind = Array.isArray(value) ? value[0] : undefined
  if (kind === 0) {
    const [, account, name] = readRow(value, 3, 'subject')
    return { kind: 'add', account: readHash(account, 'account'), name: readName(name) }
  }
  if (kind === 1) {
    const [, account] = readRow(value, 2, 'subject')
    return { kind: 'remove', account: readHash(account, 'account') }
  }
  if (kind !== 2) refuse(ResultCode.MALFORMED, 'subject')
  const [, list, name, endorsers] = readRow(value, 4, 'subject')
  return {
    kind: 'list',
    list: readInteger(list, 1, limits.MAX_LISTS - 1, 'list'),
    name: readName(name),
    endorsers: readList(endorsers, limits.MAX_ENDORSERS, 'endorsers', (one) => {
      const [account, called] = readRow(one, 2, 'endorser')
      return { account: readHash(account, 'account'), name: readName(called) }
    }),
  }
}

/** Takes a vote in or back; what more than half of the endorsers of today want is done at once. */
export function vote(
  own: Draft,
  block: BlockFacts,
  {
    account,
    list,
    subject,
    inFavour,
  }: {
    readonly account: Uint8Array
    readonly list: number
    readonly subject: Subject
    readonly inFavour: boolean
  },
): void {
  const record = listOf(own, list)
  const voter = endorserOf(record, account)
  checkSubject(own, list, record, subject)
  const hash = sha256(encodeCanonical(subjectToValue(subject)))
  const known = readTally(own, list, hash)
  const isOpen = known !== undefined && known.expires > block.time
  const others = isOpen ? known.voices.filter((one) => !equalBytes(one.account, account)) : []
  const voices = voicesThatCount(record, inFavour ? [...others, { account, since: voter.since }] : others)
  if (voices.length * 2 > record.endorsers.length) {
    carryOut(own, { height: block.height, list, subject })
    close(own, list, hash)
  } else if (voices.length === 0) close(own, list, hash)
  else {
    open(own, block.time, list, hash)
    writeTally(own, list, hash, { expires: isOpen ? known.expires : block.time + limits.VOTE_TERM_MS, voices })
  }
}

/** Votes of a list that are open, and how many endorse; their voices are those of endorsers of now. */
export function openOnList(
  own: StateReader,
  list: number,
): { readonly size: number; readonly open: readonly OpenTally[] } {
  const record = readListOf(own, list)
  if (record === undefined) return { size: 0, open: [] }
  const open = record.open.flatMap((hash) => {
    const known = readTally(own, list, hash)
    return known === undefined ? [] : [{ hash, expires: known.expires, voices: voicesThatCount(record, known.voices) }]
  })
  return { size: record.endorsers.length, open }
}

export function subjectText(subject: Subject): string {
  switch (subject.kind) {
    case 'add':
      return `let ${toHex(subject.account)} endorse, ${subject.name}`
    case 'remove':
      return `let ${toHex(subject.account)} endorse no more`
    case 'list': {
      const endorsers = subject.endorsers.map(({ account, name }) => `${toHex(account)}, ${name}`)
      return `make list ${subject.list}, ${subject.name}, with the endorsers ${endorsers.join('; ')}`
    }
  }
}

function checkSubject(own: StateReader, list: number, { endorsers }: EndorserList, subject: Subject): void {
  if (subject.kind === 'list') {
    if (list !== 0) refuse(ResultCode.NOT_ALLOWED, 'list 0 makes lists')
    if (readListOf(own, subject.list) !== undefined) refuse(ResultCode.TAKEN, 'list')
    if (subject.endorsers.length === 0 || hasTwice(subject.endorsers)) refuse(ResultCode.NOT_ALLOWED, 'endorsers')
    return
  }
  const isThere = endorsers.some(({ account }) => equalBytes(account, subject.account))
  if (isThere === (subject.kind === 'add'))
    refuse(ResultCode.NOT_ALLOWED, isThere ? 'endorses already' : 'not an endorser')
  if (subject.kind === 'add' && endorsers.length === limits.MAX_ENDORSERS) refuse(ResultCode.QUOTA, 'endorsers')
  if (subject.kind === 'remove' && endorsers.length === 1) refuse(ResultCode.NOT_ALLOWED, 'the last endorser')
}

function carryOut(
  own: Draft,
  { height, list, subject }: { readonly height: number; readonly list: number; readonly subject: Subject },
): void {
  const record = listOf(own, list)
  switch (subject.kind) {
    case 'add': {
      const added = { account: subject.account, name: subject.name, since: height }
      writeList(own, list, { ...record, endorsers: [...record.endorsers, added] })
      return
    }
    case 'remove': {
      const endorsers = record.endorsers.filter(({ account }) => !equalBytes(account, subject.account))
      writeList(own, list, { ...record, endorsers })
      return
    }
    case 'list': {
      const endorsers = subject.endorsers.map((one) => ({ ...one, since: height }))
      writeList(own, subject.list, { name: subject.name, count: 0, endorsers, open: [] })
    }
  }
}

/** Names a vote among the open ones. Of those that ended without a majority, the places are free again. */
function open(own: Draft, time: number, list: number, hash: Uint8Array): void {
  const record = listOf(own, list)
  if (record.open.some((one) => equalBytes(one, hash))) return
  const over = record.open.filter((one) => (readTally(own, list, one)?.expires ?? 0) <= time)
  for (const one of over) own.delete(tallyKey(list, one))
  const left = record.open.filter((one) => !over.includes(one))
  if (left.length === limits.MAX_OPEN_VOTES) refuse(ResultCode.QUOTA, 'open votes')
  writeList(own, list, { ...record, open: [...left, hash] })
}

function close(own: Draft, list: number, hash: Uint8Array): void {
  const record = listOf(own, list)
  own.delete(tallyKey(list, hash))
  writeList(own, list, { ...record, open: record.open.filter((one) => !equalBytes(one, hash)) })
}

function readTally(own: StateReader, list: number, hash: Uint8Array): Tally | undefined {
  const value = own.get(tallyKey(list, hash))
  if (value === undefined) return undefined
  const [expires, voices] = readRow(readCbor(value, limits.MAX_VALUE_BYTES, 'tally'), 2, 'tally')
  return {
    expires: readInteger(expires, 0, limits.MAX_AMOUNT, 'time'),
    voices: voicesFrom(voices, limits.MAX_ENDORSERS),
  }
}

function writeTally(own: Draft, list: number, hash: Uint8Array, { expires, voices }: Tally): void {
  own.set(tallyKey(list, hash), encodeCanonical([expires, voices.map(({ account, since }) => [account, since])]))
}

function hasTwice(endorsers: readonly Pick<Endorser, 'account'>[]): boolean {
  return endorsers.some(({ account }, i) => endorsers.findIndex((one) => equalBytes(one.account, account)) !== i)
}
