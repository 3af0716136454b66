/** The list of all TLDs, beside their records: pages of labels, so that whoever reads them by proofs has all there are. */
import { equalBytes } from '../../../base/index.ts'
import { ResultCode } from '../../../chain/index.ts'
import { encodeCanonical } from '../../../crypto/index.ts'
import { limits } from '../../limits.ts'
import { ledgerReader, refuse } from '../../refusal.ts'
import type { Draft, StateReader } from '../../types.ts'

const { readCbor, readList, readInteger, readBytes } = ledgerReader

const COUNT_KEY = Uint8Array.of(4)
const pageKey = (page: number) => Uint8Array.of(5, page >> 8, page & 0xff)

/** In the order in which they were given, but that the last one takes the place of one that is taken back. */
export function listedLabels(own: StateReader): readonly Uint8Array[] {
  const pages = Math.ceil(countOf(own) / limits.TLDS_A_PAGE)
  return Array.from({ length: pages }, (_, page) => readPage(own, page)).flat()
}

export function addLabel(own: Draft, label: Uint8Array): void {
  const count = countOf(own)
  if (count >= limits.MAX_TLDS) refuse(ResultCode.QUOTA, 'TLDs')
  const page = Math.floor(count / limits.TLDS_A_PAGE)
  writePage(own, page, [...readPage(own, page), label])
  own.set(COUNT_KEY, encodeCanonical(count + 1))
}

export function dropLabel(own: Draft, label: Uint8Array): void {
  const all = listedLabels(own)
  const at = all.findIndex((one) => equalBytes(one, label))
  if (at === -1) return
  const last = all.length - 1
  const lastPage = Math.floor(last / limits.TLDS_A_PAGE)
  const page = Math.floor(at / limits.TLDS_A_PAGE)
  const moved = readPage(own, page).map((one) => (equalBytes(one, label) ? all[last]! : one))
  writePage(own, page, moved)
  writePage(own, lastPage, readPage(own, lastPage).slice(0, -1))
  if (last === 0) own.delete(COUNT_KEY)
  else own.set(COUNT_KEY, encodeCanonical(last))
}

function countOf(own: StateReader): number {
  const value = own.get(COUNT_KEY)
  return value === undefined
    ? 0
    : readInteger(readCbor(value, limits.MAX_VALUE_BYTES, 'count'), 0, limits.MAX_TLDS, 'count')
}

function readPage(own: StateReader, page: number): readonly Uint8Array[] {
  const value = own.get(pageKey(page))
  if (value === undefined) return []
  return readList(readCbor(value, limits.MAX_VALUE_BYTES, 'page'), limits.TLDS_A_PAGE, 'page', (one) =>
    readBytes(one, 1, 63, 'label'),
  )
}

function writePage(own: Draft, page: number, labels: readonly Uint8Array[]): void {
  if (labels.length === 0) own.delete(pageKey(page))
  else own.set(pageKey(page), encodeCanonical([...labels]))
}
