import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareIds, distance } from '../../../src/ring/chord/ids.ts'
import { condemn, signAccusation } from '../../../src/ring/members/accusations.ts'
import { BUCKETS } from '../../../src/ring/members/digest.ts'
import { signEntry } from '../../../src/ring/members/member.ts'
import { replicaSet } from '../../../src/ring/members/replicas.ts'
import { MemberTable } from '../../../src/ring/members/table.ts'
import type { MemberEntry } from '../../../src/ring/types.ts'
import { keyOf, scheme } from '../world.ts'

function row(name: number, incarnation = 1, status: 'alive' | 'left' = 'alive', salt = new Uint8Array()): MemberEntry {
  return signEntry('home', scheme.signer(keyOf(name)), { salt, addresses: [], status, incarnation })
}

function dead(name: number, incarnation = 1): MemberEntry {
  const alive = row(name, incarnation)
  return condemn(alive, [signAccusation('home', scheme.signer(keyOf('judge')), alive)])
}

function tableOf(names: readonly number[]): MemberTable {
  const table = new MemberTable()
  for (const name of names) table.put(row(name), 0)
  return table
}

/** Joins, leaves and deaths of few members in many lives. */
const history = fc.array(
  fc.record({
    name: fc.integer({ min: 0, max: 12 }),
    incarnation: fc.integer({ min: 1, max: 4 }),
    status: fc.constantFrom('alive', 'left', 'dead'),
  }),
  { maxLength: 40 },
)

const rowOf = ({ name, incarnation, status }: { name: number; incarnation: number; status: string }) =>
  status === 'dead' ? dead(name, incarnation) : row(name, incarnation, status as 'alive' | 'left')

describe('the member table', () => {
  it('comes to the same in whatever order the rows come', () => {
    fc.assert(
      fc.property(history, fc.integer(), (events, shuffle) => {
        const one = new MemberTable()
        const other = new MemberTable()
        const rows = events.map(rowOf)
        for (const entry of rows) one.put(entry, 0)
        const mixed = rows.map((entry, i) => ({ entry, at: Math.imul(i + 1, shuffle | 1) })).sort((a, b) => a.at - b.at)
        for (const { entry } of mixed) other.put(entry, 0)
        expect(other.alive()).toEqual(one.alive())
        expect(other.summary()).toEqual(one.summary())
        expect(other.differing(one.digests())).toEqual([])
      }),
      { numRuns: 60 },
    )
  })

  it('keeps the alive in ring order, and answers as a search through all of them', () => {
    fc.assert(
      fc.property(history, fc.integer({ min: 0, max: 20 }), fc.integer({ min: 1, max: 9 }), (events, at, count) => {
        const table = new MemberTable()
        for (const event of events) table.put(rowOf(event), 0)
        const alive = table.alive()
        expect(alive.map(({ id }) => id)).toEqual(alive.map(({ id }) => id).sort(compareIds))
        expect(alive.every(({ status }) => status === 'alive')).toBe(true)
        expect(table.aliveCount).toBe(alive.length)
        const key = row(at).id
        const clockwise = [...alive].sort((a, b) => (distance(key, a.id) < distance(key, b.id) ? -1 : 1))
        expect(table.successors(key, count)).toEqual(clockwise.slice(0, count))
        const others = clockwise.filter(({ id }) => id !== key)
        expect([...table.after(key)]).toEqual(others)
        expect([...table.before(key)]).toEqual([...others].reverse())
      }),
      { numRuns: 60 },
    )
  })

  it('has the four nearest on each side as witnesses, and all others in a small ring', () => {
    const table = tableOf(Array.from({ length: 30 }, (_, i) => i))
    const { id } = row(3)
    const after = [...table.after(id)]
    expect(table.nearest(id)).toEqual([...after.slice(0, 4), ...after.slice(-4)])
    expect(
      tableOf([1, 2, 3])
        .nearest(id)
        .map((entry) => entry.id)
        .sort(),
    ).toEqual([row(1).id, row(2).id].sort())
    expect(tableOf([3]).nearest(id)).toEqual([])
  })

  it('counts a gone witness as one when told to', () => {
    const names = Array.from({ length: 12 }, (_, i) => i)
    const full = tableOf(names)
    const victim = row(0)
    const next = [...full.after(victim.id)][0]!
    const later = tableOf(names)
    later.remove(next.id)
    expect(later.nearest(victim.id)).not.toContainEqual(next)
    expect(later.nearest(victim.id, 8, [next])).toEqual(full.nearest(victim.id))
  })

  it('has one row for a key: a second id of it replaces the first only when it is newer', () => {
    const table = new MemberTable()
    table.put(row(1, 5), 0)
    const other = row(1, 6, 'alive', Uint8Array.of(1))
    expect(table.put(row(1, 5, 'alive', Uint8Array.of(9)), 0)).toBe('unchanged')
    expect(table.put(other, 0)).toBeUndefined()
    expect(table.alive()).toEqual([other])
    expect(table.byPeer(other.peer)).toEqual(other)
    expect(table.byKey(other.publicKey)).toEqual(other)
  })

  it('remembers since when a member was there without a gap', () => {
    const table = new MemberTable()
    table.put(row(1, 1), 100)
    table.put(row(1, 2), 200)
    expect(table.row(row(1).id)?.since).toBe(100)
    table.put(dead(1, 2), 300)
    table.put(row(1, 3), 400)
    expect(table.row(row(1).id)?.since).toBe(400)
  })
})

describe('the digest of a table', () => {
  it('names exactly the buckets in which two tables differ', () => {
    const names = Array.from({ length: 40 }, (_, i) => i)
    const one = tableOf(names)
    const other = tableOf(names.slice(1))
    other.put(row(5, 2), 0)
    const buckets = [row(0), row(5)].map(({ id }) => Number.parseInt(id.slice(0, 2), 16))
    expect(one.differing(other.digests())).toEqual([...new Set(buckets)].sort((a, b) => a - b))
    expect(one.summary()).not.toEqual(other.summary())
  })

  it('covers the alive only, so that a tombstone that one side forgot is no difference', () => {
    const one = tableOf([1, 2])
    const other = tableOf([1, 2, 3])
    other.put(row(3, 2, 'left'), 0)
    expect(one.summary()).toEqual(other.summary())
  })

  it('sorts every member into its bucket', () => {
    const table = tableOf(Array.from({ length: 60 }, (_, i) => i))
    const all = Array.from({ length: BUCKETS }, (_, bucket) => table.bucket(bucket)).flat()
    expect(all).toEqual(table.alive())
  })
})

describe('the replicas of a key', () => {
  it('are its successor and the next r', () => {
    const table = tableOf([1, 2, 3, 4, 5, 6])
    const key = row(99).id
    expect(replicaSet(table, 6, 2, key)).toEqual({ key, n: 3, members: table.successors(key, 3) })
  })

  it('count empty seats: after an eclipse the rest is no majority', () => {
    const table = tableOf([1])
    const set = replicaSet(table, 5, 4, row(1).id)
    expect(set.n).toBe(5)
    expect(set.members).toHaveLength(1)
  })

  it('are all members where there are fewer than r + 1', () => {
    expect(replicaSet(tableOf([1, 2]), 2, 6, row(1).id)).toMatchObject({ n: 2 })
    expect(replicaSet(tableOf([1]), 1, 6, row(1).id)).toMatchObject({ n: 1 })
  })
})
