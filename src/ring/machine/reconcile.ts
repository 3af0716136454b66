/**
 * Finding what two tables differ in, range by range (range-based set reconciliation, Meyer 2023, with ranges fixed by hex digits):
 * equal fingerprints end a range, small ranges are told row by row, others are split into sixteen.
 */
import { compareBytes, type RingId } from '../../base/index.ts'
import { limits } from '../limits.ts'
import { FINGERPRINT_BYTES, HINT_DIGITS, type Mark, SPLIT } from '../members/digest.ts'
import type { MemberTable } from '../members/table.ts'
import type { MemberEntry } from '../types.ts'
import type { Pair, RangeAnswer, RangeMark } from '../wire/messages.ts'

/** What is still to be done of one exchange. */
export interface Differences {
  /** Ranges that may differ. */
  open: string[]
  /** Those of the request that is under way. */
  asked: readonly string[]
  /** How many more ranges are looked at. */
  left: number
  /** Rows that the other side has newer, by hint. */
  wanted: string[]
  /** Alive rows that the other side seems to lack. */
  offered: Pair[]
  /** Rows of which it has an older one. */
  newer: RingId[]
}

export function everything(): Differences {
  return { open: [''], asked: [], left: limits.RANGES_OF_AN_EXCHANGE, wanted: [], offered: [], newer: [] }
}

/** The next ranges to ask about; empty when all are done. */
export function nextRanges(table: MemberTable, differences: Differences): RangeMark[] {
  const count = Math.min(limits.MAX_RANGES, differences.left)
  differences.asked = differences.open.splice(0, count)
  differences.left -= differences.asked.length
  if (differences.left === 0) differences.open = []
  return differences.asked.map((range) => ({ range, fingerprint: table.digest.fingerprint(range) }))
}

/** The other side of `nextRanges`. */
export function answerRanges(table: MemberTable, ranges: readonly RangeMark[]): RangeAnswer[] {
  return ranges.map(({ range, fingerprint }): RangeAnswer => {
    if (compareBytes(table.digest.fingerprint(range), fingerprint) === 0) return { kind: 'same' }
    const isNarrow = range.length >= limits.NARROWEST_RANGE
    if (!isNarrow && table.digest.count(range) > limits.ROWS_OF_A_RANGE)
      return { kind: 'split', fingerprints: table.digest.split(range) }
    return { kind: 'rows', marks: marksOf(table, range) }
  })
}

/** Notes what the answers say. False when they do not fit what was asked. */
export function readAnswers(table: MemberTable, differences: Differences, answers: readonly RangeAnswer[]): boolean {
  if (answers.length !== differences.asked.length) return false
  for (const [i, answer] of answers.entries()) {
    const range = differences.asked[i]!
    if (answer.kind === 'split') {
      if (range.length >= limits.NARROWEST_RANGE) return false
      differences.open.push(...differingParts(table, range, answer.fingerprints))
    } else if (answer.kind === 'rows') compareMarks(table, differences, range, answer.marks)
  }
  return true
}

function differingParts(table: MemberTable, range: string, theirs: Uint8Array): string[] {
  const mine = table.digest.split(range)
  const out: string[] = []
  for (let i = 0; i < SPLIT; i++) {
    const part = (of: Uint8Array) => of.subarray(i * FINGERPRINT_BYTES, (i + 1) * FINGERPRINT_BYTES)
    if (compareBytes(part(mine), part(theirs)) !== 0) out.push(`${range}${i.toString(SPLIT)}`)
  }
  return out
}

function compareMarks(table: MemberTable, differences: Differences, range: string, marks: readonly Mark[]): void {
  const theirs = new Map(marks.map(({ hint, incarnation }) => [hint, incarnation]))
  for (const id of table.digest.ids(range)) {
    const hint = id.slice(0, HINT_DIGITS)
    const incarnation = theirs.get(hint)
    theirs.delete(hint)
    // What counts here by now: it may be newer than what was compared.
    const row = table.get(id)
    if (incarnation === table.digest.incarnation(id) || row === undefined) continue
    if (incarnation === undefined) offer(differences, row)
    else if (incarnation > row.incarnation) differences.wanted.push(hint)
    else differences.newer.push(id)
  }
  for (const [hint, incarnation] of theirs) {
    const row = hint.startsWith(range) ? table.byHint(hint) : undefined
    if (row === undefined || incarnation > row.incarnation) differences.wanted.push(hint)
    else if (incarnation < row.incarnation || row.status !== 'alive') differences.newer.push(row.id)
  }
}

function offer(differences: Differences, { id, incarnation, status }: MemberEntry): void {
  if (status === 'alive') differences.offered.push({ id, incarnation })
}

function marksOf(table: MemberTable, range: string): Mark[] {
  return table.digest
    .ids(range)
    .slice(0, limits.MAX_PAIRS)
    .map((id) => ({ hint: id.slice(0, HINT_DIGITS), incarnation: table.digest.incarnation(id)! }))
}
