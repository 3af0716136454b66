import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ListPlace, WorkList, WorkMap } from '../../src/base/index.ts'

class Item {
  place: ListPlace<Item> | undefined
}

describe('a list of what is in work', () => {
  it('holds what was added and not taken out, in order, whatever is done', () => {
    const step = fc.tuple(fc.constantFrom('add', 'delete'), fc.integer({ min: 0, max: 5 }))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const items = Array.from({ length: 6 }, () => new Item())
        const list = new WorkList<Item>()
        const model = new Set<Item>()
        for (const [what, index] of steps) {
          const item = items[index]!
          if (what === 'delete') expect(list.delete(item)).toBe(model.delete(item))
          else if (!list.has(item)) {
            list.add(item)
            model.add(item)
          }
          expect(list.all()).toEqual([...model])
          expect([list.size, list.first]).toEqual([model.size, [...model][0]])
          for (const one of items) expect(list.has(one)).toBe(model.has(one))
        }
      }),
    )
  })

  it('refuses what is in a list already, and does not take out what is in another one', () => {
    const [one, other] = [new WorkList<Item>(), new WorkList<Item>()]
    const item = new Item()
    one.add(item)
    expect(() => other.add(item)).toThrow(RangeError)
    expect([other.delete(item), other.has(item), one.size]).toEqual([false, false, 1])
  })

  it('leaves nothing in what was taken out', () => {
    const list = new WorkList<Item>()
    const items = [new Item(), new Item(), new Item()]
    for (const item of items) list.add(item)
    const { place } = items[1]!
    list.delete(items[1]!)
    expect([items[1]!.place, place?.older, place?.newer]).toEqual([undefined, undefined, undefined])
  })
})

describe('a map of what is in work', () => {
  it('is a map whose first entry is known', () => {
    const map = new WorkMap<string, number>()
    expect(map.first()).toBeUndefined()
    map.set('a', 1)
    map.set('b', 2)
    map.set('a', 3)
    expect([map.first(), map.get('b'), map.has('c'), map.size]).toEqual([['a', 3], 2, false, 2])
    expect([map.delete('a'), map.delete('a'), map.first(), map.size]).toEqual([true, false, ['b', 2], 1])
  })
})
