import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RecentMap } from '../../src/base/index.ts'

describe('a map of what was used recently', () => {
  it('drops what was used least recently, and neither a look nor a question whether it is there is a use', () => {
    const map = new RecentMap<string, number>({ max: 3 })
    for (const [i, key] of ['a', 'b', 'c'].entries()) map.set(key, i)
    expect(map.get('a')).toBe(0)
    expect([map.peek('b'), map.has('b')]).toEqual([1, true])
    map.set('d', 3)
    expect([...map.keys()]).toEqual(['c', 'a', 'd'])
    map.set('c', 5)
    map.set('e', 4)
    expect([...map.entries()]).toEqual([
      ['d', 3],
      ['c', 5],
      ['e', 4],
    ])
    expect([map.get('a'), map.delete('c'), map.delete('c'), map.size]).toEqual([undefined, true, false, 2])
    map.clear()
    expect(map.size).toBe(0)
  })

  it('holds the last ones that were used, whatever is done', () => {
    const step = fc.tuple(fc.constantFrom('get', 'set', 'delete'), fc.integer({ min: 0, max: 9 }))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 6 }), (steps, max) => {
        const map = new RecentMap<number, object>({ max })
        let model: number[] = []
        for (const [what, key] of steps) {
          const isThere = model.includes(key)
          const without = model.filter((one) => one !== key)
          if (what === 'get') {
            expect(map.get(key) !== undefined).toBe(isThere)
            if (isThere) model = [...without, key]
          } else if (what === 'set') {
            map.set(key, {})
            model = [...without, key].slice(-max)
          } else {
            expect(map.delete(key)).toBe(isThere)
            model = without
          }
          expect([...map.keys()]).toEqual(model)
        }
      }),
    )
  })

  it('has room for one at least', () => {
    expect(() => new RecentMap({ max: 0 })).toThrow(RangeError)
  })
})
