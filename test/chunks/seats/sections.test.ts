/** Sections: what is made for many chunks at once, and never for chunks of different replicas. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { asChunkId, type ChunkId } from '../../../src/base/index.ts'
import { keyOfChunk } from '../../../src/chunks/index.ts'
import { chunksOfSection, sectionOf, sectionOfOneSet, setsIn } from '../../../src/chunks/seats/sections.ts'
import type { MemberEntry, ReplicaSet } from '../../../src/ring/index.ts'

const BITS = 16

/** Successors of a key among members whose ids begin with these four hex digits. */
function ringOf(tops: readonly number[], seats: number) {
  const ids = tops.map((top, i) => `${top.toString(16).padStart(4, '0')}${i.toString(16).padStart(60, '0')}`).sort()
  const members = ids.map((id) => ({ id }) as MemberEntry)
  const n = Math.min(seats, members.length)
  return (chunk: ChunkId): ReplicaSet => {
    const key = keyOfChunk(chunk, BITS)
    const found = members.findIndex(({ id }) => id >= key)
    const at = found === -1 ? 0 : found
    return { key, n, members: Array.from({ length: n }, (_, i) => members[(at + i) % members.length]!) }
  }
}

const idsOf = ({ members }: ReplicaSet) => members.map(({ id }) => id)
const sameSet = (a: ReplicaSet, b: ReplicaSet) => idsOf(a).sort().join() === idsOf(b).sort().join()
const tops = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 1, maxLength: 40 })

describe('a section', () => {
  it('has the chunk, chunks of one set only, and more of them than any other that does', () => {
    fc.assert(
      fc.property(tops, fc.integer({ min: 1, max: 7 }), fc.integer({ min: 0, max: 0xffff }), (members, seats, at) => {
        const setOf = ringOf(members, seats)
        const chunk = asChunkId(at)
        const { first, count } = sectionOfOneSet(chunk, BITS, setOf)
        const chunks = (from: number, size: number) => Array.from({ length: size }, (_, i) => asChunkId(from + i))
        expect(at).toBeGreaterThanOrEqual(first)
        expect(at).toBeLessThan(first + count)
        expect(chunks(first, count).every((one) => sameSet(setOf(one), setOf(chunk)))).toBe(true)
        if (count === chunksOfSection(BITS)) return
        const wider = sectionOf(chunk, 2 * count)
        expect(chunks(wider.first, wider.count).every((one) => sameSet(setOf(one), setOf(chunk)))).toBe(false)
      }),
      { numRuns: 60 },
    )
  })

  it('is walked through set by set, and none is left out', () => {
    fc.assert(
      fc.property(tops, fc.integer({ min: 1, max: 7 }), fc.integer({ min: 0, max: 255 }), (members, seats, number) => {
        const setOf = ringOf(members, seats)
        const section = sectionOf(asChunkId(number * 256), 256)
        const walked = [...setsIn(section, BITS, setOf)]
        const orders = new Set(Array.from({ length: 256 }, (_, i) => idsOf(setOf(asChunkId(section.first + i))).join()))
        expect(new Set(walked.map(({ set }) => idsOf(set).join()))).toEqual(orders)
        expect(walked.length).toBeLessThanOrEqual(members.length + 1)
      }),
      { numRuns: 60 },
    )
  })

  it('of a ring in which all hold all is one of 256, and a ring of eight has few more', () => {
    const count = (setOf: (chunk: ChunkId) => ReplicaSet) => {
      const found = new Set<string>()
      for (let at = 0; at < 2 ** BITS; at++) {
        const { first, count: size } = sectionOfOneSet(asChunkId(at), BITS, setOf)
        found.add(`${first}/${size}`)
        at = first + size - 1
      }
      return found.size
    }
    const ids = [0x1234, 0x3abc, 0x5def, 0x7777, 0x9abc, 0xb123, 0xcdef, 0xf00d]
    expect(count(ringOf(ids.slice(0, 3), 3))).toBe(256)
    expect(count(ringOf(ids, 3))).toBeLessThan(256 + 8 * 9)
  })

  it('is one chunk where a ring has few of them', () => {
    expect(sectionOfOneSet(asChunkId(7), 8, ringOf([1, 2, 3], 3))).toEqual({ first: 7, count: 1 })
    expect(sectionOfOneSet(asChunkId(3), 4, ringOf([1, 2, 3], 3))).toEqual({ first: 3, count: 1 })
  })
})
