/**
 * Organisations of a list: who endorses each, and the machine it has in the ring. Beside the record of each, pages list them all, so that a ring
 * reads its members with a proof of a few keys; the last one of the pages takes the place of who leaves.
 */
import { ResultCode } from '../../../chain/index.ts'
import { encodeCanonical } from '../../../crypto/index.ts'
import { limits } from '../../limits.ts'
import { ledgerReader, refuse } from '../../refusal.ts'
import type { Voice } from '../../tally.ts'
import type { Draft, StateReader } from '../../types.ts'
import { organisationKey, pageKey, ringKeyKey } from './keys.ts'
import { type EndorserList, listOf, readName, voicesFrom, voicesThatCount, writeList } from './lists.ts'

const { readCbor, readRow, readList, readInteger, readHash } = ledgerReader

export interface Organisation {
  readonly name: string
  readonly contact: string
  /** Public key of its machine in the ring. */
  readonly ringKey: Uint8Array
  /** The draw that makes its salt: one that was hidden when the key was registered. */
  readonly draw: number
  /** Place in the pages. */
  readonly place: number
  /** When the ring key was registered, unix ms. */
  readonly keyAt: number
  /** All that were given and not withdrawn; those of former endorsers count for nothing. */
  readonly endorsements: readonly Voice[]
}

export interface PageRow {
  readonly account: Uint8Array
  readonly ringKey: Uint8Array
  readonly draw: number
}

export function readOrganisation(own: StateReader, list: number, account: Uint8Array): Organisation | undefined {
  const value = own.get(organisationKey(list, account))
  if (value === undefined) return undefined
  const row = readRow(readCbor(value, limits.MAX_VALUE_BYTES, 'organisation'), 7, 'organisation')
  const count = (field: (typeof row)[number], what: string) => readInteger(field!, 0, limits.MAX_AMOUNT, what)
  return {
    name: readName(row[0]!),
    contact: readName(row[1]!, limits.MAX_CONTACT_LETTERS),
    ringKey: readHash(row[2]!, 'ring key'),
    draw: count(row[3]!, 'draw'),
    place: count(row[4]!, 'place'),
    keyAt: count(row[5]!, 'time'),
    endorsements: voicesFrom(row[6], limits.MAX_ENDORSERS),
  }
}

/** Whether an organisation is admitted: an endorser of today endorses it (D9, D17). */
export function isAdmitted(list: EndorserList, { endorsements }: Organisation): boolean {
  return voicesThatCount(list, endorsements).length > 0
}

export function readAccountOfKey(own: StateReader, list: number, ringKey: Uint8Array): Uint8Array | undefined {
  return own.get(ringKeyKey(list, ringKey))
}

/** A new organisation, at the end of the pages. Refuses for a ring key that is another's. */
export function addOrganisation(
  own: Draft,
  list: number,
  account: Uint8Array,
  organisation: Omit<Organisation, 'place'>,
): void {
  const record = listOf(own, list)
  if (record.count === limits.MAX_ORGANISATIONS) refuse(ResultCode.QUOTA, 'list is full')
  claimRingKey(own, list, account, organisation.ringKey)
  writeList(own, list, { ...record, count: record.count + 1 })
  putOrganisation(own, list, account, { ...organisation, place: record.count })
}

/** Writes an organisation in its place, in its record and in its page. */
export function putOrganisation(own: Draft, list: number, account: Uint8Array, organisation: Organisation): void {
  const { name, contact, ringKey, draw, place, keyAt, endorsements } = organisation
  const voices = endorsements.map((one) => [one.account, one.since])
  own.set(organisationKey(list, account), encodeCanonical([name, contact, ringKey, draw, place, keyAt, voices]))
  const page = Math.floor(place / limits.PAGE_ROWS)
  const rows = [...readPage(own, list, page)]
  rows[place % limits.PAGE_ROWS] = { account, ringKey, draw }
  writePage(own, list, page, rows)
}

/** Another machine, whose salt a later draw makes. */
export function changeRingKey(
  own: Draft,
  list: number,
  account: Uint8Array,
  organisation: Organisation,
  changed: Pick<Organisation, 'ringKey' | 'draw' | 'keyAt'>,
): void {
  claimRingKey(own, list, account, changed.ringKey)
  own.delete(ringKeyKey(list, organisation.ringKey))
  putOrganisation(own, list, account, { ...organisation, ...changed })
}

export function removeOrganisation(
  own: Draft,
  list: number,
  account: Uint8Array,
  { place, ringKey }: Organisation,
): void {
  const record = listOf(own, list)
  const last = record.count - 1
  const lastPage = Math.floor(last / limits.PAGE_ROWS)
  const rows = [...readPage(own, list, lastPage)]
  const moved = rows.pop()!
  writePage(own, list, lastPage, rows)
  own.delete(organisationKey(list, account))
  own.delete(ringKeyKey(list, ringKey))
  writeList(own, list, { ...record, count: last })
  const other = place === last ? undefined : readOrganisation(own, list, moved.account)
  if (other !== undefined) putOrganisation(own, list, moved.account, { ...other, place })
}

export function readPage(own: StateReader, list: number, page: number): readonly PageRow[] {
  const value = own.get(pageKey(list, page))
  if (value === undefined) return []
  return readList(readCbor(value, limits.MAX_VALUE_BYTES, 'page'), limits.PAGE_ROWS, 'page', (one) => {
    const [account, ringKey, draw] = readRow(one, 3, 'row')
    return {
      account: readHash(account, 'account'),
      ringKey: readHash(ringKey, 'ring key'),
      draw: readInteger(draw, 0, limits.MAX_AMOUNT, 'draw'),
    }
  })
}

function writePage(own: Draft, list: number, page: number, rows: readonly PageRow[]): void {
  if (rows.length === 0) own.delete(pageKey(list, page))
  else own.set(pageKey(list, page), encodeCanonical(rows.map(({ account, ringKey, draw }) => [account, ringKey, draw])))
}

function claimRingKey(own: Draft, list: number, account: Uint8Array, ringKey: Uint8Array): void {
  if (readAccountOfKey(own, list, ringKey) !== undefined) refuse(ResultCode.TAKEN, 'ring key')
  own.set(ringKeyKey(list, ringKey), account)
}
