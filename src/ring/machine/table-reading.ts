/**
 * Reading the member table of a contact, page by page: what a page must bring so that the next one is asked for. One contact that
 * names a next page for ever would else keep a joiner out for ever. Pure.
 */
import type { RingId } from '../../base/index.ts'
import { limits } from '../limits.ts'
import type { RingReply } from '../wire/messages.ts'

export interface TableReading {
  /** Where the page that was asked for begins: after this id, or at the start. */
  readonly after: RingId | undefined
  readonly pages: number
  readonly rows: number
  /** Unix ms. */
  readonly began: number
  /** How often in a row the contact had no time for the page. */
  readonly busy: number
  /** It waits to ask for the page again. */
  readonly isWaiting: boolean
}

type Page = Extract<RingReply, { type: 'page' }>

export function newReading(now: number): TableReading {
  return { after: undefined, pages: 0, rows: 0, began: now, busy: 0, isWaiting: false }
}

/** One table is read at a time, and a second one beside it when the first is long: whichever ends first counts. */
export function mayReadAnother(readings: Iterable<TableReading>): boolean {
  const [first, second] = readings
  return first === undefined || (second === undefined && first.pages >= limits.PAGES_BEFORE_SECOND)
}

export function withPage(reading: TableReading, { entries, next }: Page): TableReading {
  return { ...reading, after: next, pages: reading.pages + 1, rows: reading.rows + entries.length, busy: 0 }
}

/** Why a page is not believed to belong to a table that ends; undefined when it may. The last page may be of any length. */
export function pageFault({ after, rows, began }: TableReading, page: Page, now: number): string | undefined {
  let last: RingId | undefined
  for (const { id } of page.entries) {
    if (after !== undefined && id <= after) return 'rows that are not after those before'
    if (last === undefined || id > last) last = id
  }
  if (rows + page.entries.length > limits.MAX_MEMBERS) return 'more rows than a table holds'
  if (page.next === undefined) return undefined
  if (page.next !== last) return 'a next page that does not follow'
  if (page.entries.length < limits.LEAST_PAGE) return 'a page that brings too little'
  return now - began > limits.READING_MS ? 'too slow' : undefined
}
