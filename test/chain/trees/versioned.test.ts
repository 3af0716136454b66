import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex } from '../../../src/base/index.ts'
import { emptyStateMap, stateDelete, stateEntries, stateRoot, stateSet } from '../../../src/chain/index.ts'
import { proveKeys, proveRange } from '../../../src/chain/trees/proofs/prove.ts'
import { type PathRange, verifyRangeProof } from '../../../src/chain/trees/proofs/verify.ts'
import { stateView } from '../../../src/chain/trees/state-map.ts'
import { changeTop } from '../../../src/chain/trees/versioned/change.ts'
import { hashOfRef, heightOfKey, type NodeRef } from '../../../src/chain/trees/versioned/nodes.ts'
import { entriesIn, valueUnder, viewOfTop } from '../../../src/chain/trees/versioned/read.ts'
import { anyBlocks, anyKey, type Change, claimsOf, hash, holds, KEYS, keyBytes, valueBytes } from './tree-cases.ts'

const ALL: PathRange = { from: new Uint8Array(32), to: undefined }

class Nodes {
  readonly rows = new Map<string, Uint8Array>()
  readonly staleSince: { readonly height: number; readonly key: string }[] = []
  readonly tops: (NodeRef | undefined)[] = [undefined]
  readonly models: Map<number, number>[] = [new Map()]
  readonly maps = [emptyStateMap]
  size = 0

  get(key: Uint8Array): Uint8Array | undefined {
    return this.rows.get(toHex(key))
  }

  /** The next block, on this map, on the map in memory, and on a plain one. */
  block(changes: readonly Change[]): void {
    const height = this.tops.length
    const list = changes.map(({ key, value }) => ({
      key: keyBytes(key),
      value: value === undefined ? undefined : valueBytes(value),
    }))
    const { top, puts, stale, grown } = changeTop(this, this.tops.at(-1), height, list)
    for (const [key, bytes] of puts) {
      expect(heightOfKey(key)).toBe(height)
      expect(this.rows.has(toHex(key))).toBe(false)
      this.rows.set(toHex(key), bytes)
    }
    for (const key of stale) this.staleSince.push({ height, key: toHex(key) })
    this.tops.push(top)
    this.size += grown
    let map = this.maps.at(-1)!
    const model = new Map(this.models.at(-1))
    for (const { key, value } of changes) {
      map = value === undefined ? stateDelete(map, keyBytes(key)) : stateSet(map, keyBytes(key), valueBytes(value))
      if (value === undefined) model.delete(key)
      else model.set(key, value)
    }
    this.maps.push(map)
    this.models.push(model)
  }
}

function nodesOf(blocks: readonly (readonly Change[])[]): Nodes {
  const nodes = new Nodes()
  for (const changes of blocks) nodes.block(changes)
  return nodes
}

describe('the versioned map', () => {
  it('has at every height the root and the entries that the map in memory had', () => {
    fc.assert(
      fc.property(anyBlocks, (blocks) => {
        const nodes = nodesOf(blocks)
        for (const [height, top] of nodes.tops.entries()) {
          expect(toHex(hashOfRef(top))).toBe(toHex(stateRoot(nodes.maps[height]!)))
          const entries = [...entriesIn(nodes, top, ALL)].map(({ key, value }) => ({ key, value }))
          expect(entries).toEqual(stateEntries(nodes.maps[height]!))
        }
        expect(nodes.size).toBe(nodes.models.at(-1)!.size)
      }),
    )
  })

  it('reads every version', () => {
    fc.assert(
      fc.property(anyBlocks, (blocks) => {
        const nodes = nodesOf(blocks)
        for (const [height, top] of nodes.tops.entries())
          for (let key = 0; key <= KEYS; key++)
            expect(valueUnder(nodes, top, keyBytes(key))?.[0]).toBe(nodes.models[height]!.get(key))
      }),
      { numRuns: 30 },
    )
  })

  it('makes the same proofs as the map in memory', () => {
    const someBytes = fc.uint8Array({ minLength: 32, maxLength: 32 })
    fc.assert(
      fc.property(anyBlocks, fc.array(anyKey, { maxLength: 6 }), someBytes, (blocks, keys, from) => {
        const nodes = nodesOf(blocks)
        for (const [height, top] of nodes.tops.entries()) {
          const map = nodes.maps[height]!
          const proof = proveKeys(viewOfTop(nodes, top), keys.map(keyBytes))
          expect(toHex(proof)).toBe(toHex(proveKeys(stateView(map), keys.map(keyBytes))))
          expect(holds(stateRoot(map), claimsOf(keys, nodes.models[height]!), proof)).toBe(true)
          const range = { from, to: undefined }
          const rangeProof = proveRange(viewOfTop(nodes, top), range)
          expect(toHex(rangeProof)).toBe(toHex(proveRange(stateView(map), range)))
          expect(verifyRangeProof(hash, stateRoot(map), range, [...entriesIn(nodes, top, range)], rangeProof)).toBe(
            true,
          )
        }
      }),
    )
  })

  it('does not prove an absence by the version before the name was registered, nor a value that was replaced', () => {
    const nodes = nodesOf([[{ key: 1, value: 1 }], [{ key: 2, value: 1 }], [{ key: 2, value: 3 }]])
    const proofs = nodes.tops.map((top) => proveKeys(viewOfTop(nodes, top), [keyBytes(2)]))
    const root = (height: number) => hashOfRef(nodes.tops[height])
    const absent = { key: keyBytes(2), value: undefined }
    const old = { key: keyBytes(2), value: valueBytes(1) }
    expect(holds(root(1), [absent], proofs[1]!)).toBe(true)
    expect(holds(root(2), [old], proofs[2]!)).toBe(true)
    for (const proof of proofs) {
      expect(holds(root(3), [absent], proof)).toBe(false)
      expect(holds(root(3), [old], proof)).toBe(false)
    }
  })

  it('writes nothing for changes that change nothing', () => {
    const nodes = nodesOf([
      [
        { key: 1, value: 1 },
        { key: 2, value: 2 },
      ],
    ])
    const changes = [
      { key: keyBytes(1), value: valueBytes(1) },
      { key: keyBytes(9), value: undefined },
    ]
    const { top, puts, stale, grown } = changeTop(nodes, nodes.tops.at(-1), 2, changes)
    expect(top).toBe(nodes.tops.at(-1))
    expect([puts.length, stale.length, grown]).toEqual([0, 0, 0])
  })

  it('reads the versions that are kept when what went stale before them is gone', () => {
    fc.assert(
      fc.property(anyBlocks, fc.nat(), (blocks, chance) => {
        const nodes = nodesOf(blocks)
        const oldest = chance % nodes.tops.length
        for (const { height, key } of nodes.staleSince) if (height <= oldest) nodes.rows.delete(key)
        for (let height = oldest; height < nodes.tops.length; height++)
          expect([...entriesIn(nodes, nodes.tops[height], ALL)].length).toBe(nodes.models[height]!.size)
      }),
    )
  })

  it('keeps no node that no version has', () => {
    fc.assert(
      fc.property(anyBlocks, (blocks) => {
        const nodes = nodesOf(blocks)
        const last = nodes.tops.length - 1
        for (const { key } of nodes.staleSince) nodes.rows.delete(key)
        const fresh = new Nodes()
        fresh.block([...nodes.models[last]!].map(([key, value]) => ({ key, value })))
        // The pages of a map depend on its entries only, as its root does.
        expect(nodes.rows.size).toBe(fresh.rows.size)
      }),
    )
  })

  it('says that it is damaged when a node is missing or another value stands in its place', () => {
    const nodes = nodesOf([Array.from({ length: 40 }, (_, key) => ({ key, value: 1 }))])
    const [entryKey] = [...nodes.rows].find(([key]) => key.length === 2 * 39)!
    const bytes = nodes.rows.get(entryKey)!
    nodes.rows.set(entryKey, Uint8Array.of(...bytes.subarray(0, -1), 7))
    expect(() => [...entriesIn(nodes, nodes.tops[1], ALL)]).toThrow(/damaged/)
    nodes.rows.delete(entryKey)
    expect(() => [...entriesIn(nodes, nodes.tops[1], ALL)]).toThrow(/damaged/)
  })
})
