/** What a state promises, tried where it lives in this thread, and where it lives in another. */
import fc from 'fast-check'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { toHex } from '../../../src/base/index.ts'
import { emptyStateMap, type StateMap, stateDelete, stateRoot, stateSet } from '../../../src/chain/index.ts'
import type { RemoteState } from '../../../src/chain/state/methods.ts'
import { anyBlocks, type Change, claimsOf, holds, KEYS, keyBytes, valueBytes } from '../trees/tree-cases.ts'
import { memoryState } from './local-state.ts'

export interface StateWorld {
  /** The same state each time, until `forget`. */
  open(): Promise<RemoteState>
  /** One that has room for about 100 kB. */
  openSmall(): Promise<RemoteState>
  close(): Promise<void>
  /** The next `open` begins with nothing. */
  forget(): Promise<void>
}

export const changesOf = (changes: readonly Change[]) =>
  changes.map(({ key, value }) => ({ key: keyBytes(key), value: value === undefined ? undefined : valueBytes(value) }))

export function entriesFrom(first: number, count: number, bytes = 100): { key: Uint8Array; value: Uint8Array }[] {
  return Array.from({ length: count }, (_, i) => ({
    key: new TextEncoder().encode(`name-${first + i}`),
    value: new Uint8Array(bytes).fill((first + i) & 0xff),
  }))
}

/** The next block. */
export async function committed(state: RemoteState, height: number, changes: Parameters<RemoteState['prepare']>[1]) {
  const root = await state.prepare(height, changes)
  await state.commit(height, root)
  return root
}

export async function pruned(state: RemoteState, height: number): Promise<void> {
  while (await state.pruneSome(height)) {}
}

/** Everything, from one source, by its pieces in turn. */
export async function copied(from: RemoteState, to: RemoteState, height: number, most = Number.POSITIVE_INFINITY) {
  let gaps = await to.begin(height, await from.root(height))
  let pieces = 0
  for (; gaps.length > 0 && pieces < most; pieces++) {
    const gap = gaps[pieces % gaps.length]!
    gaps = (await to.take(height, gap.from, await from.piece({ height, ...gap }))).gaps
  }
  return pieces
}

/** `runs`: of the property; each begins a state or two. */
export function stateCompliance(createWorld: () => StateWorld, runs = 15): void {
  let world: StateWorld
  beforeEach(() => {
    world = createWorld()
  })
  afterEach(() => world.close())

  it('reads and proves every version with the root of the map in memory, and goes on after a restart', async () => {
    await fc.assert(
      fc.asyncProperty(anyBlocks, async (blocks) => {
        await world.forget()
        let state = await world.open()
        const models = [new Map<number, number>()]
        let map: StateMap = emptyStateMap
        for (const [index, changes] of blocks.entries()) {
          if (index === 3) {
            await world.close()
            state = await world.open()
          }
          const model = new Map(models.at(-1))
          for (const { key, value } of changes) {
            map =
              value === undefined ? stateDelete(map, keyBytes(key)) : stateSet(map, keyBytes(key), valueBytes(value))
            if (value === undefined) model.delete(key)
            else model.set(key, value)
          }
          models.push(model)
          const root = await committed(state, index + 1, changesOf(changes))
          expect(toHex(root)).toBe(toHex(stateRoot(map)))
        }
        const keys = Array.from({ length: KEYS + 1 }, (_, key) => key)
        for (let height = 1; height <= blocks.length; height++) {
          const { values, proof } = await state.prove(height, keys.map(keyBytes))
          expect(values.map((value) => value?.[0])).toEqual(keys.map((key) => models[height]!.get(key)))
          expect(holds(await state.root(height), claimsOf(keys, models[height]!), proof)).toBe(true)
        }
        expect((await state.status()).head).toMatchObject({ height: blocks.length, size: models.at(-1)!.size })
      }),
      { numRuns: runs },
    )
  })

  it('writes the one of several prepared blocks that was decided, and forgets the others', async () => {
    const state = await world.open()
    const one = await state.prepare(1, entriesFrom(0, 2))
    const other = await state.prepare(1, entriesFrom(5, 3))
    await state.commit(1, one)
    expect((await state.status()).head).toMatchObject({ height: 1, size: 2 })
    await expect(state.commit(1, other)).rejects.toMatchObject({ code: 'CHAIN_STATE_ORDER' })
    await expect(state.commit(2, other)).rejects.toMatchObject({ code: 'CHAIN_STATE_ORDER' })
    await expect(state.prepare(1, [])).rejects.toMatchObject({ code: 'CHAIN_STATE_ORDER' })
  })

  it('has what was committed only', async () => {
    const state = await world.open()
    await committed(state, 1, entriesFrom(0, 2))
    await state.prepare(2, entriesFrom(2, 2))
    await world.close()
    const again = await world.open()
    expect((await again.status()).head).toMatchObject({ height: 1, size: 2 })
    await expect(again.root(2)).rejects.toMatchObject({ code: 'CHAIN_STATE_GONE' })
  })

  it('keeps versions until they are pruned, and all of the others', async () => {
    const state = await world.open()
    for (let height = 1; height <= 12; height++) await committed(state, height, entriesFrom(height * 5, 30, height))
    const before = await Promise.all([9, 10, 11, 12].map((height) => state.piece({ height, ...ALL })))
    await pruned(state, 9)
    expect((await state.status()).oldest).toBe(9)
    await expect(state.read(8, [keyBytes(1)])).rejects.toMatchObject({ code: 'CHAIN_STATE_GONE' })
    const after = await Promise.all([9, 10, 11, 12].map((height) => state.piece({ height, ...ALL })))
    expect(after).toEqual(before)
    await pruned(state, 1_000)
    expect(await state.status()).toMatchObject({ oldest: 12, head: { height: 12 } })
    expect(await state.piece({ height: 12, ...ALL })).toEqual(before[3])
  })

  it('is put together from pieces as it was, and then goes on with blocks', async () => {
    const source = memoryState()
    const root = await committed(source, 7, entriesFrom(0, 4_000, 400))
    const begun = await world.open()
    expect(await copied(source, begun, 7, 4)).toBe(4)
    expect(await begun.status()).toMatchObject({ head: undefined, assembling: 7 })
    await expect(begun.prepare(8, [])).rejects.toMatchObject({ code: 'CHAIN_STATE_ORDER' })
    await world.close()
    const state = await world.open()
    expect(await copied(source, state, 7)).toBeGreaterThan(2)
    expect(await state.status()).toEqual({ head: { height: 7, root, size: 4_000 }, oldest: 7, assembling: undefined })
    await committed(state, 8, entriesFrom(4_000, 10))
    expect((await state.status()).head).toMatchObject({ height: 8, size: 4_010 })
    expect((await state.read(8, [entriesFrom(17, 1)[0]!.key]))[0]?.length).toBe(400)
  })

  it('says that it is full, keeps what it had, and takes a smaller block', async () => {
    const state = await world.openSmall()
    await committed(state, 1, entriesFrom(0, 20))
    const root = await state.prepare(2, entriesFrom(100, 400, 1_000))
    await expect(state.commit(2, root)).rejects.toMatchObject({ code: 'STORE_FULL' })
    expect((await state.status()).head).toMatchObject({ height: 1, size: 20 })
    expect((await state.read(1, [entriesFrom(3, 1)[0]!.key]))[0]?.length).toBe(100)
    await committed(state, 2, entriesFrom(20, 1))
    expect((await state.status()).head).toMatchObject({ height: 2, size: 21 })
  })

  it('refuses entries that are too long', async () => {
    const state = await world.open()
    await expect(state.prepare(1, [{ key: keyBytes(1), value: new Uint8Array(40_000) }])).rejects.toThrow(/40000/)
  })
}

const ALL = { from: new Uint8Array(32), to: undefined }
