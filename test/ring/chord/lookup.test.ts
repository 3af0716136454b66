import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { asRingId, type RingId } from '../../../src/base/index.ts'
import { type FingerSpace, fingersOf } from '../../../src/ring/chord/fingers.ts'
import { addPowerOfTwo, between, idFromBytes, successorIndex } from '../../../src/ring/chord/ids.ts'
import {
  answered,
  beginLookup,
  type Directions,
  directions,
  type Lookup,
  nextContact,
  skipped,
  unanswered,
} from '../../../src/ring/chord/lookup.ts'
import { limits } from '../../../src/ring/limits.ts'

const SPACE: FingerSpace<RingId> = { bits: 256, add: addPowerOfTwo }
const SMALL: FingerSpace<number> = { bits: 8, add: (id, exponent) => (id + 2 ** exponent) % 256 }

const id = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(idFromBytes)
const ring = fc.uniqueArray(id, { minLength: 1, maxLength: 40 }).map((ids) => ids.sort())

/** What an all-knowing member of this ring says. */
function viewIn(ids: readonly RingId[], at: number, list = 4) {
  const size = ids.length
  const self = ids[at]!
  return {
    self,
    predecessor: size === 1 ? undefined : ids[(at - 1 + size) % size]!,
    successors: Array.from({ length: Math.min(list, size - 1) }, (_, i) => ids[(at + 1 + i) % size]!),
    fingers: fingersOf(self, SPACE, (target) => ids[successorIndex(ids, target)]!),
  }
}

/** Runs a look-up to its end; `answer` undefined is silence. Returns whom it asked. */
function run<I extends RingId | number>(lookup: Lookup<I>, answer: (id: I) => Directions<I> | undefined) {
  const asked: I[] = []
  for (;;) {
    const next = nextContact(lookup)
    if (next.kind !== 'ask') return { asked, owner: next.kind === 'found' ? next.owner : undefined }
    asked.push(next.id)
    const reply = answer(next.id)
    if (reply === undefined) unanswered(lookup)
    else answered(lookup, reply)
  }
}

const say = (way: readonly number[], owners: readonly number[], predecessor?: number): Directions<number> => ({
  way,
  owners,
  predecessor,
})

describe('fingers', () => {
  it('are the distinct successors of self + 2^i (the example of the paper, Fig. 4)', () => {
    const members = [1, 8, 14, 21, 32, 38, 42, 48, 51, 56]
    const space = { bits: 6, add: (from: number, exponent: number) => (from + 2 ** exponent) % 64 }
    const successor = (target: number) => members.find((member) => member >= target) ?? members[0]!
    expect(fingersOf(8, space, successor)).toEqual([14, 21, 32, 42])
  })

  it('of a ring of one are none', () => {
    expect(fingersOf(5, SMALL, () => 5)).toEqual([])
  })

  it('are what 256 searches would find', () => {
    fc.assert(
      fc.property(ring, (ids) => {
        const self = ids[0]!
        const successor = (target: RingId) => ids[successorIndex(ids, target)]!
        const all = Array.from({ length: 256 }, (_, i) => successor(addPowerOfTwo(self, i)))
        const wanted = [...new Set(all)].filter((finger) => finger !== self)
        expect(fingersOf(self, SPACE, successor)).toEqual(wanted)
      }),
      { numRuns: 50 },
    )
  })
})

describe('a look-up', () => {
  it.each([true, false])('finds the owner in any ring at rest, from anybody (short cut: %s)', (shortCut) => {
    fc.assert(
      fc.property(ring, id, fc.nat(), (ids, key, from) => {
        const start = from % ids.length
        const own = directions(viewIn(ids, start), key, shortCut)
        const lookup = beginLookup(ids[start]!, key, own, shortCut)
        const { owner, asked } = run(lookup, (member) => directions(viewIn(ids, ids.indexOf(member)), key, shortCut))
        expect(owner).toBe(ids[successorIndex(ids, key)])
        expect(new Set(asked).size).toBe(asked.length)
        expect(asked.length).toBeLessThanOrEqual(2 + Math.ceil(Math.log2(ids.length)) * 2)
      }),
    )
  })

  it('goes around the dead and ends at the first that lives, as long as no whole list is dead', () => {
    fc.assert(
      fc.property(
        ring,
        id,
        fc.uint8Array({ minLength: 40, maxLength: 40 }),
        fc.boolean(),
        (ids, key, dice, shortCut) => {
          const live = new Set(ids.filter((_, i) => i === 0 || dice[i]! < 90))
          const list = ids.length - 1
          const own = directions(viewIn(ids, 0, list), key, shortCut)
          const lookup = beginLookup(ids[0]!, key, own, shortCut)
          const { owner } = run(lookup, (member) =>
            live.has(member) ? directions(viewIn(ids, ids.indexOf(member), list), key, shortCut) : undefined,
          )
          const start = successorIndex(ids, key)
          const wanted = ids.map((_, i) => ids[(start + i) % ids.length]!).find((member) => live.has(member))
          const reach = ids.map((_, i) => ids[(start + i) % ids.length]!).indexOf(wanted!)
          // Whether all others are dead, or only all that it knows, nobody can tell from where it stands.
          const alone = wanted === ids[0] && owner === undefined
          if (reach < limits.LOOKUP_IDS / 2 && !alone) expect(owner).toBe(wanted)
        },
      ),
    )
  })

  it('counts answers as hops and silence as time-outs', () => {
    const lookup = beginLookup(0, 100, say([60, 50], []), true)
    const replies: Record<number, Directions<number>> = { 50: say([], [110, 120], 40), 110: say([], [], 90) }
    expect(run(lookup, (member) => replies[member])).toEqual({ asked: [60, 50, 110], owner: 110 })
    expect(lookup).toMatchObject({ hops: 2, timeouts: 1 })
  })

  it('asks nobody when the asker is the owner', () => {
    const lookup = beginLookup(100, 90, say([], [100, 110], 80), true)
    expect(run(lookup, () => undefined)).toEqual({ asked: [], owner: 100 })
  })

  it('ends at the asker when those before it in the list are dead', () => {
    const lookup = beginLookup(100, 80, say([], [90, 100, 110], 90), true)
    expect(run(lookup, () => undefined)).toMatchObject({ owner: 100 })
  })

  it('asks an owner at once with the short cut, and those before the key first without', () => {
    const own = say([60, 50], [110, 120])
    expect(nextContact(beginLookup(0, 100, own, true))).toMatchObject({ id: 110 })
    expect(nextContact(beginLookup(0, 100, own, false))).toMatchObject({ id: 60 })
  })

  it('turns to whoever joined before the owner', () => {
    const lookup = beginLookup(0, 100, say([], [120, 130]), true)
    const replies: Record<number, Directions<number>> = { 120: say([], [], 105), 105: say([], [], 90) }
    expect(run(lookup, (member) => replies[member])).toEqual({ asked: [120, 105], owner: 105 })
  })

  it('asks a silent owner once more when its neighbour believes it alive', () => {
    const lookup = beginLookup(0, 100, say([], [110, 120]), true)
    let silence = 1
    const { asked, owner } = run(lookup, (member) => {
      if (member === 110 && silence-- > 0) return undefined
      return say([], [], member === 120 ? 110 : 90)
    })
    expect({ asked, owner }).toEqual({ asked: [110, 120, 110], owner: 110 })
    expect(lookup).toMatchObject({ hops: 2, timeouts: 1 })
  })

  it('asks every silent owner once more when the one that was vouched for stays silent', () => {
    const lookup = beginLookup(0, 100, say([], [110, 120, 130]), true)
    let silence = 1
    const { asked, owner } = run(lookup, (member) => {
      if (member === 120 || (member === 110 && silence-- > 0)) return undefined
      return say([], [], member === 130 ? 120 : 90)
    })
    expect({ asked, owner }).toEqual({ asked: [110, 120, 130, 120, 110], owner: 110 })
  })

  it('does not ask a dead owner again when its neighbour knows', () => {
    const lookup = beginLookup(0, 100, say([], [110, 120]), true)
    expect(run(lookup, (member) => (member === 120 ? say([], [], 90) : undefined))).toEqual({
      asked: [110, 120],
      owner: 120,
    })
  })

  it('passes over whom the asker does not know, at no cost', () => {
    const lookup = beginLookup(0, 100, say([], [110, 120]), true)
    expect(nextContact(lookup)).toMatchObject({ id: 110 })
    skipped(lookup)
    expect(nextContact(lookup)).toMatchObject({ id: 120 })
    expect(lookup).toMatchObject({ hops: 0, timeouts: 0 })
  })

  it('falls back to earlier members when a list is dead from end to end', () => {
    const lookup = beginLookup(0, 100, say([60, 30], []), true)
    const replies: Record<number, Directions<number>> = {
      60: say([], [110, 120]),
      30: say([], [110, 120, 130]),
      130: say([], [], 120),
    }
    expect(run(lookup, (member) => replies[member])).toMatchObject({ owner: 130 })
  })

  it('is lost when nobody answers', () => {
    expect(run(beginLookup(0, 100, say([60], [110]), true), () => undefined)).toMatchObject({ owner: undefined })
  })
})

describe('a liar', () => {
  it('cannot send a look-up back or past the key', () => {
    const lookup = beginLookup(0, 100, say([50], []), true)
    const { asked } = run(lookup, (member) => (member === 50 ? say([40, 20, 50, 101, 200], [70, 60]) : say([], [])))
    expect(asked).toEqual([50])
  })

  it('cannot keep a look-up busy: it ends after so many members', () => {
    let next = 1
    const lookup = beginLookup(0, 1_000_000, say([1], []), true)
    const { asked, owner } = run(lookup, () => {
      next += 20
      return say(
        Array.from({ length: 1_000 }, (_, i) => next + i),
        [],
      )
    })
    expect(owner).toBeUndefined()
    expect(asked.length).toBeLessThanOrEqual(limits.LOOKUP_CONTACTS)
    expect(lookup.plan.length).toBeLessThanOrEqual(limits.LOOKUP_PLAN)
  })

  it('cannot keep it busy with predecessors without end', () => {
    let next = 900_000
    const lookup = beginLookup(0, 1, say([], [900_001]), true)
    const { asked, owner } = run(lookup, () => say([], [], next--))
    expect(asked.length).toBeLessThanOrEqual(limits.LOOKUP_CONTACTS)
    expect(owner).toBeDefined()
  })

  it('cannot make two members send us to and fro', () => {
    const lookup = beginLookup(0, 100, say([], [110, 120]), true)
    expect(run(lookup, (member) => say([], [], member === 110 ? 105 : 110))).toMatchObject({ asked: [110, 105] })
  })
})

describe('directions', () => {
  it('name at most so many members', () => {
    const ids = Array.from({ length: 60 }, (_, i) => asRingId((i + 1).toString(16).padStart(64, '0')))
    const view = { self: ids[0]!, predecessor: ids[59]!, successors: ids.slice(1), fingers: ids.slice(1) }
    const { way, owners } = directions(view, ids[30]!, true)
    expect(way).toHaveLength(limits.LOOKUP_IDS)
    expect(owners).toHaveLength(limits.LOOKUP_IDS)
    expect(way.every((member) => between(ids[0]!, member, ids[30]!))).toBe(true)
    expect(owners[0]).toBe(ids[30])
  })

  it('without the short cut put fingers before the list', () => {
    const view = { self: 0, predecessor: 250, successors: [10, 20, 30], fingers: [10, 64] }
    expect(directions(view, 90, false).way).toEqual([64, 10, 30, 20])
    expect(directions({ ...view, fingers: [10] }, 90, true).way).toEqual([30, 20, 10])
  })
})
