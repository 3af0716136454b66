import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { asRingId, type RingId } from '../../../src/base/index.ts'
import { distance } from '../../../src/ring/chord/ids.ts'
import { type Answer, type Pointers, zaveRules as rules } from '../../../src/ring/chord/rules.ts'

/** Ids are written as small numbers. */
const at = (n: number): RingId => asRingId(n.toString(16).padStart(64, '0'))
const list = (...ns: number[]) => ns.map(at)
const pointers = (self: number, predecessor: number | undefined, ...successors: number[]): Pointers => ({
  self: at(self),
  predecessor: predecessor === undefined ? undefined : at(predecessor),
  successors: list(...successors),
})
const answer = (id: number, predecessor: number | undefined, ...successors: number[]): Answer => ({
  id: at(id),
  predecessor: predecessor === undefined ? undefined : at(predecessor),
  successors: list(...successors),
})
const context = { length: 3, isMember: () => true }

describe('join', () => {
  it('takes the whole list of the member before us, and that member as predecessor', () => {
    expect(rules.join(pointers(25, undefined), answer(20, 10, 30, 40, 50), context)).toEqual(
      pointers(25, 20, 30, 40, 50),
    )
  })

  it('ends the list with that member itself in a small ring', () => {
    expect(rules.join(pointers(25, undefined), answer(20, undefined), context)).toEqual(pointers(25, 20, 20))
    expect(rules.join(pointers(25, undefined), answer(20, 30, 30), context)).toEqual(pointers(25, 20, 30, 20))
  })

  it('passes over those between the member and us: the one before us may be silent, and the list is that of one further back', () => {
    expect(rules.join(pointers(25, undefined), answer(10, 5, 20, 30, 40), context)).toEqual(
      pointers(25, 10, 30, 40, 10),
    )
  })

  it('takes the list of one after us where that of the one further back does not reach us', () => {
    expect(rules.join(pointers(25, undefined), answer(10, 5, 15, 20), context)).toEqual(pointers(25, 10, 10))
    expect(
      rules.joinBetween(pointers(25, undefined), answer(10, 5, 15, 20), answer(30, 20, 40, 50, 60), context),
    ).toEqual(pointers(25, 10, 30, 40, 50))
  })

  it('passes over our own id of an earlier life', () => {
    expect(rules.join(pointers(25, undefined), answer(20, 10, 25, 30, 40), context)).toEqual(
      pointers(25, 20, 30, 40, 20),
    )
  })
})

describe('stabilise', () => {
  it('asks the predecessor of the successor before it adopts it', () => {
    const result = rules.successorAnswered(pointers(10, 5, 30, 40, 50), answer(30, 20, 40, 50, 60), context)
    expect(result.pointers.successors).toEqual(list(30, 40, 50))
    expect(result.next).toEqual({ kind: 'ask', id: at(20) })
  })

  it('notifies the successor when nobody stands between', () => {
    for (const predecessor of [undefined, 10, 5, 35]) {
      const result = rules.successorAnswered(pointers(10, 5, 30), answer(30, predecessor, 40, 50), context)
      expect(result).toEqual({ pointers: pointers(10, 5, 30, 40, 50), next: { kind: 'notify', id: at(30) } })
    }
  })

  it('does not ask somebody whom the table knows to be gone', () => {
    const gone = { length: 3, isMember: (id: RingId) => id !== at(20) && id !== at(50) }
    const result = rules.successorAnswered(pointers(10, 5, 30), answer(30, 20, 40, 50, 60), gone)
    expect(result.next).toEqual({ kind: 'notify', id: at(30) })
    expect(result.pointers.successors).toEqual(list(30, 40, 60))
  })

  it('adopts the closer one with its whole list once it has answered', () => {
    expect(rules.closerAnswered(pointers(10, 5, 30, 40, 50), answer(20, 10, 30, 40, 50), context)).toEqual({
      pointers: pointers(10, 5, 20, 30, 40),
      next: { kind: 'notify', id: at(20) },
    })
  })

  it('drops a dead successor and notifies the next', () => {
    expect(rules.successorDead(pointers(10, 5, 30, 40, 50), at(30))).toEqual({
      pointers: pointers(10, 5, 40, 50),
      next: { kind: 'notify', id: at(40) },
    })
    expect(rules.successorDead(pointers(10, 5, 30), at(30)).next).toEqual({ kind: 'none' })
  })

  it('keeps every list in ring order, without self and without duplicates, whatever the other side says', () => {
    const id = fc.integer({ min: 0, max: 15 })
    fc.assert(
      fc.property(
        id,
        id,
        fc.option(id, { nil: undefined }),
        fc.array(id, { maxLength: 8 }),
        (self, other, before, said) => {
          fc.pre(self !== other)
          for (const rule of [rules.successorAnswered, rules.closerAnswered]) {
            const { successors } = rule(pointers(self, undefined), answer(other, before, ...said), context).pointers
            expect(successors[0]).toBe(at(other))
            expect(successors.length).toBeLessThanOrEqual(3)
            const steps = successors.map((one) => distance(at(self), one))
            expect(steps.every((step, i) => step > (steps[i - 1] ?? 0n))).toBe(true)
          }
          const joined = rules.join(pointers(self, undefined), answer(other, before, ...said), context).successors
          expect(joined).not.toContain(at(self))
          expect(new Set(joined).size).toBe(joined.length)
        },
      ),
    )
  })
})

describe('rectify', () => {
  it('adopts whoever is closer, or the first one', () => {
    expect(rules.rectify(pointers(30, 10), at(20))).toEqual({ kind: 'adopted', pointers: pointers(30, 20) })
    expect(rules.rectify(pointers(30, undefined), at(40))).toEqual({ kind: 'adopted', pointers: pointers(30, 40) })
  })

  it('asks the present predecessor before it gives it up for one further away', () => {
    expect(rules.rectify(pointers(30, 20), at(10))).toEqual({ kind: 'check', id: at(20) })
    expect(rules.predecessorDead(pointers(30, 20), at(10))).toEqual(pointers(30, 10))
  })

  it('does nothing about ourselves or who is the predecessor already', () => {
    expect(rules.rectify(pointers(30, 20), at(20))).toEqual({ kind: 'kept' })
    expect(rules.rectify(pointers(30, 20), at(30))).toEqual({ kind: 'kept' })
  })
})

describe('audit', () => {
  it('names the next member by the table when it stands before the first successor', () => {
    expect(rules.audit(pointers(10, 5, 30), list(20, 30))).toBe(at(20))
    expect(rules.audit(pointers(10, 5, 30), list(30, 40))).toBeUndefined()
    expect(rules.audit(pointers(10, 5), list(20))).toBe(at(20))
    expect(rules.audit(pointers(10, 5), [])).toBeUndefined()
  })
})
