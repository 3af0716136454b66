import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex } from '../../../src/base/index.ts'
import {
  emptyStateMap,
  type StateMap,
  stateDelete,
  stateEntries,
  stateGet,
  stateProof,
  stateRoot,
  stateSet,
  verifyAbsence,
  verifyPresence,
} from '../../../src/chain/index.ts'

const key = fc.integer({ min: 0, max: 60 })
const change = fc.record({ key, value: fc.option(fc.nat(5), { nil: undefined }) })
const changes = fc.array(change, { maxLength: 80 })

const bytes = (n: number) => Uint8Array.of(n)

function mapOf(list: readonly { key: number; value: number | undefined }[]): {
  map: StateMap
  model: Map<number, number>
} {
  let map = emptyStateMap
  const model = new Map<number, number>()
  for (const { key, value } of list) {
    if (value === undefined) {
      map = stateDelete(map, bytes(key))
      model.delete(key)
    } else {
      map = stateSet(map, bytes(key), bytes(value))
      model.set(key, value)
    }
  }
  return { map, model }
}

describe('the authenticated map', () => {
  it('holds what a map holds', () => {
    fc.assert(
      fc.property(changes, (list) => {
        const { map, model } = mapOf(list)
        expect(map.size).toBe(model.size)
        expect(stateEntries(map).length).toBe(model.size)
        for (let k = 0; k <= 60; k++) expect(stateGet(map, bytes(k))?.[0]).toBe(model.get(k))
      }),
    )
  })

  it('has one root for one content, however it came about', () => {
    fc.assert(
      fc.property(changes, fc.infiniteStream(fc.nat()), (list, chance) => {
        const { map, model } = mapOf(list)
        const order = [...model].map(([key, value]) => ({ key, value, at: chance.next().value as number }))
        const again = mapOf(order.sort((a, b) => a.at - b.at))
        expect(toHex(stateRoot(again.map))).toBe(toHex(stateRoot(map)))
      }),
    )
  })

  it('has another root for another content', () => {
    fc.assert(
      fc.property(changes, changes, (a, b) => {
        const [first, second] = [mapOf(a), mapOf(b)]
        const same = JSON.stringify([...first.model].sort()) === JSON.stringify([...second.model].sort())
        expect(toHex(stateRoot(first.map)) === toHex(stateRoot(second.map))).toBe(same)
      }),
    )
  })

  it('leaves older maps as they were', () => {
    const old = stateSet(emptyStateMap, bytes(1), bytes(1))
    const root = toHex(stateRoot(old))
    stateDelete(stateSet(old, bytes(2), bytes(2)), bytes(1))
    expect(toHex(stateRoot(old))).toBe(root)
    expect(stateGet(old, bytes(2))).toBeUndefined()
  })

  it('proves what is there and what is not, and never the contrary', () => {
    fc.assert(
      fc.property(changes, key, fc.nat(5), (list, k, value) => {
        const { map, model } = mapOf(list)
        const root = stateRoot(map)
        const proof = stateProof(map, bytes(k))
        expect(verifyAbsence(root, bytes(k), proof)).toBe(!model.has(k))
        expect(verifyPresence(root, bytes(k), bytes(value), proof)).toBe(model.get(k) === value)
      }),
    )
  })

  it("does not take one key's proof for another's", () => {
    fc.assert(
      fc.property(changes, key, key, (list, a, b) => {
        const { map, model } = mapOf(list)
        const root = stateRoot(map)
        const proof = stateProof(map, bytes(a))
        if (model.has(b)) expect(verifyAbsence(root, bytes(b), proof)).toBe(false)
        if (!model.has(b))
          for (let v = 0; v <= 5; v++) expect(verifyPresence(root, bytes(b), bytes(v), proof)).toBe(false)
      }),
    )
  })

  it('does not let a stranger elsewhere in the tree prove an absence', () => {
    let map = emptyStateMap
    for (let k = 0; k < 40; k++) map = stateSet(map, bytes(k), bytes(0))
    const root = stateRoot(map)
    for (let there = 0; there < 40; there++)
      for (let other = 0; other < 40; other++)
        expect(verifyAbsence(root, bytes(there), stateProof(map, bytes(other)))).toBe(false)
  })
})
