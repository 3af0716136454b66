/** Two tables that are compared range by range: what is found, and in how many bytes. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/ring/limits.ts'
import {
  answerRanges,
  type Differences,
  everything,
  nextRanges,
  readAnswers,
} from '../../../src/ring/machine/reconcile.ts'
import { signEntry } from '../../../src/ring/members/member.ts'
import { MemberTable } from '../../../src/ring/members/table.ts'
import type { MemberEntry } from '../../../src/ring/types.ts'
import { encodeMessage } from '../../../src/ring/wire/encode.ts'
import { keyOf, scheme } from '../world.ts'

const known = new Map<string, MemberEntry>()

function row(name: number, incarnation = 1, status: 'alive' | 'left' = 'alive'): MemberEntry {
  const key = `${name}/${incarnation}/${status}`
  const signer = scheme.signer(keyOf(name))
  const entry =
    known.get(key) ?? signEntry('test', signer, { salt: new Uint8Array(), addresses: [], status, incarnation })
  known.set(key, entry)
  return entry
}

function tableOf(rows: Iterable<MemberEntry>): MemberTable {
  const table = new MemberTable()
  for (const entry of rows) table.put(entry, 0)
  return table
}

/** Compares two tables to the end. */
function compared(mine: MemberTable, theirs: MemberTable): Differences & { bytes: number; requests: number } {
  const differences = everything()
  let bytes = 0
  let requests = 0
  for (;;) {
    const ranges = nextRanges(mine, differences)
    if (ranges.length === 0) return { ...differences, bytes, requests }
    const answers = answerRanges(theirs, ranges)
    bytes += encodeMessage({ type: 'reconcile', ranges }).length + encodeMessage({ type: 'ranges', answers }).length
    requests += 1
    expect(readAnswers(mine, differences, answers)).toBe(true)
  }
}

describe('comparing two tables by ranges', () => {
  it('finds exactly the rows that one lacks or has older, whatever the two hold', () => {
    const incarnations = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 300, maxLength: 300 })
    fc.assert(
      fc.property(incarnations, incarnations, fc.integer({ min: 0, max: 300 }), (a, b, size) => {
        const rowsOf = (all: readonly number[]) =>
          all.slice(0, size).flatMap((incarnation, name) => (incarnation === 0 ? [] : [row(name, incarnation)]))
        const { wanted, offered, newer } = compared(tableOf(rowsOf(a)), tableOf(rowsOf(b)))
        const names = Array.from({ length: size }, (_, name) => name)
        const idsOf = (which: (name: number) => boolean) => names.filter(which).map((name) => row(name).id)
        const hints = idsOf((name) => b[name]! > a[name]!).map((id) => id.slice(0, 16))
        expect([...wanted].sort()).toEqual(hints.sort())
        expect(offered.map(({ id }) => id).sort()).toEqual(idsOf((name) => b[name] === 0 && a[name]! > 0).sort())
        expect([...newer].sort()).toEqual(idsOf((name) => b[name]! > 0 && a[name]! > b[name]!).sort())
      }),
      { numRuns: 30 },
    )
  })

  it('costs a few hundred bytes a difference in a table of 4,000, and 40 when there is none', () => {
    const rows = Array.from({ length: 4_000 }, (_, i) => row(i))
    const table = tableOf(rows)
    expect(compared(table, tableOf(rows)).bytes).toBeLessThan(40)
    const other = tableOf([...rows.slice(5), row(4_000)])
    const { bytes, requests, wanted, offered } = compared(table, other)
    expect([wanted.length, offered.length]).toEqual([1, 5])
    expect(bytes).toBeLessThan(6 * 1_000)
    expect(requests).toBeLessThan(6)
  })

  it('ends when the other side splits for ever', () => {
    const table = tableOf(Array.from({ length: 100 }, (_, i) => row(i)))
    const differences = everything()
    let asked = 0
    for (let ranges = nextRanges(table, differences); ranges.length > 0; ranges = nextRanges(table, differences)) {
      asked += ranges.length
      const fingerprints = new Uint8Array(128).fill(7)
      if (
        !readAnswers(
          table,
          differences,
          ranges.map(() => ({ kind: 'split', fingerprints })),
        )
      )
        break
    }
    expect(asked).toBeLessThanOrEqual(limits.RANGES_OF_AN_EXCHANGE)
  })

  it('leaves out what is not due yet', () => {
    const rows = Array.from({ length: 50 }, (_, i) => row(i))
    const [one, other] = [tableOf(rows), tableOf(rows)]
    one.put(row(3, 2), 100, 200)
    one.put(row(60), 100, 200)
    one.put(row(4, 2, 'left'), 100, 200)
    expect(one.summary()).toEqual(other.summary())
    expect(one.isAlive(row(60).id)).toBe(true)
    one.digest.settle(200)
    const { offered, newer } = compared(one, other)
    expect(offered.map(({ id }) => id)).toEqual([row(60).id])
    expect(newer).toEqual(expect.arrayContaining([row(3).id]))
  })
})
