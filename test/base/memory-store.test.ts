import { describe, expect, it } from 'vitest'
import type { Store } from '../../src/base/index.ts'
import { createMemoryDisk, seededRandom } from '../../src/sim/index.ts'
import { storeCompliance } from './store.compliance.ts'

const key = (value: number) => Uint8Array.of(value)
const write = (store: Store, value: number, durable = false) =>
  store.batch(
    [
      { kind: 'put', key: key(value), value: key(value) },
      { kind: 'put', key: key(100 + value), value: key(value) },
    ],
    { durable },
  )

describe('the store in memory', () => {
  storeCompliance(() => {
    const disk = createMemoryDisk({ random: seededRandom(1) })
    let small: Store | undefined
    return {
      open: () => disk.open(),
      openSmall() {
        small = createMemoryDisk({ random: seededRandom(1), maxBytes: 100_000 }).open()
        return small
      },
      kill: () => disk.crash('process'),
      close() {
        disk.crash('process')
        small?.close()
      },
    }
  })
})

describe('a loss of power', () => {
  it('takes batches from the end only, whole ones, and never a durable one or what was before it', () => {
    const lengths = new Set<number>()
    for (let seed = 0; seed < 200; seed++) {
      const disk = createMemoryDisk({ random: seededRandom(seed) })
      const store = disk.open()
      for (let i = 0; i < 10; i++) write(store, i, i === 4)
      disk.crash('power')
      expect(() => store.get(key(0))).toThrow(expect.objectContaining({ code: 'STORE_CLOSED' }))
      const after = [...disk.open().range(key(0))].map(([one]) => one[0]!)
      const low = after.filter((one) => one < 100)
      expect(low).toEqual(low.map((_, i) => i))
      expect(after.filter((one) => one >= 100)).toEqual(low.map((one) => one + 100))
      expect(low.length).toBeGreaterThanOrEqual(5)
      expect(disk.lost).toBe(10 - low.length)
      lengths.add(low.length)
    }
    expect([...lengths].sort((a, b) => a - b)).toEqual([5, 6, 7, 8, 9, 10])
  })

  it('takes nothing after a clean end', () => {
    const disk = createMemoryDisk({ random: seededRandom('clean') })
    const store = disk.open()
    for (let i = 0; i < 10; i++) write(store, i)
    store.close()
    disk.open()
    disk.crash('power')
    expect([...disk.open().range(key(0))].length).toBe(20)
    expect(disk.lost).toBe(0)
  })
})
