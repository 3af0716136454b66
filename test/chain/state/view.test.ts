import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex } from '../../../src/base/index.ts'
import {
  type Application,
  createChain,
  emptyStateMap,
  type PeerName,
  stateDelete,
  stateRoot,
  stateSet,
} from '../../../src/chain/index.ts'
import { VersionedState } from '../../../src/chain/state/versioned-state.ts'
import { type StateView, StateViews } from '../../../src/chain/state/view.ts'
import { decodeCanonical, encodeCanonical } from '../../../src/crypto/index.ts'
import { createMemoryDisk, type MemoryDisk, seededRandom, virtualClock } from '../../../src/sim/index.ts'
import { chainId, people, scheme } from '../one.ts'
import { anyBlocks, type Change, KEYS, keyBytes, valueBytes } from '../trees/tree-cases.ts'

const disk = () => createMemoryDisk({ random: seededRandom(1) })
const viewsOn = (one: MemoryDisk) => {
  const state = new VersionedState(one.open())
  return { state, views: new StateViews(state) }
}

function applied(view: StateView, changes: readonly Change[]): StateView {
  let next = view
  for (const { key, value } of changes)
    next = value === undefined ? next.delete(keyBytes(key)) : next.set(keyBytes(key), valueBytes(value))
  return next
}

describe('a view of the state on disk', () => {
  it('is a value: what is tried on it has its own root, and only what is committed is written', () => {
    fc.assert(
      fc.property(anyBlocks, (blocks) => {
        const { state, views } = viewsOn(disk())
        let [view, map] = [views.empty(), emptyStateMap]
        const model = new Map<number, number>()
        for (const [index, changes] of blocks.entries()) {
          // Another block of the same height, which is not decided.
          expect(applied(view, [{ key: 200, value: 1 }, ...changes]).root()).toHaveLength(32)
          const before = view
          view = applied(view, changes)
          for (const { key, value } of changes) {
            map =
              value === undefined ? stateDelete(map, keyBytes(key)) : stateSet(map, keyBytes(key), valueBytes(value))
            if (value === undefined) model.delete(key)
            else model.set(key, value)
          }
          expect(toHex(view.root())).toBe(toHex(stateRoot(map)))
          expect(toHex(before.root())).toBe(toHex(index === 0 ? stateRoot(emptyStateMap) : state.root(index)))
          for (let key = 0; key <= KEYS; key++) expect(view.get(keyBytes(key))?.[0]).toBe(model.get(key))
          views.commit(view, index + 1)
          for (let key = 0; key <= KEYS; key++) expect(view.get(keyBytes(key))?.[0]).toBe(model.get(key))
          expect(state.head()).toMatchObject({ height: index + 1, size: model.size })
        }
      }),
      { numRuns: 20 },
    )
  })

  it('takes blocks again that are written already, and no other in their place', () => {
    const { state, views } = viewsOn(disk())
    const blocks = [[{ key: 1, value: 1 }], [{ key: 2, value: 2 }], [{ key: 1, value: undefined }]]
    let view = views.empty()
    for (const [index, changes] of blocks.entries()) {
      view = applied(view, changes)
      views.commit(view, index + 1)
    }
    let again = views.empty()
    for (const [index, changes] of blocks.entries()) {
      again = applied(again, changes)
      expect(again.root()).toEqual(state.root(index + 1))
      views.commit(again, index + 1)
    }
    expect(() => views.commit(applied(views.at(1), [{ key: 9, value: 9 }]), 2)).toThrow(/another state of height 2/)
    expect(() => views.commit(applied(views.at(1), [{ key: 9, value: 9 }]), 4)).toThrow(/do not follow 3/)
    expect(() => views.at(4)).toThrow(/not kept/)
  })
})

/** Sets keys that were never set; a snapshot is the height and root of a version. */
function viewApplication({ state, views }: ReturnType<typeof viewsOn>): Application<StateView> {
  return {
    initial: () => views.empty(),
    root: (view) => view.root(),
    admits: (view, bytes) => view.get(bytes) === undefined,
    build: (view, { transactions }) => ({
      extension: new Uint8Array(),
      transactions: transactions.filter((bytes) => view.get(bytes) === undefined).slice(0, 20),
    }),
    apply(view, { height, transactions }) {
      let next = view
      for (const bytes of transactions) {
        if (next.get(bytes) !== undefined) return undefined
        next = next.set(bytes, encodeCanonical(height))
      }
      return { state: next }
    },
    snapshot: (view) => view.root(),
    restore(root) {
      const head = state.head()
      for (let height = state.oldest() ?? 1; height <= (head?.height ?? 0); height++)
        if (toHex(state.root(height)) === toHex(root)) return views.at(height)
      return undefined
    },
  }
}

describe('a chain whose state is on disk', () => {
  it('decides what one in memory does, and goes on after a restart from a snapshot that is only a root', () => {
    const { validators, signers } = people(4)
    const clock = virtualClock({ settle: async () => {} })
    const names = validators.map(({ id }) => toHex(id))
    const stateDisks = validators.map(disk)
    const blockDisks = validators.map(disk)
    const chains: ReturnType<typeof open>[] = []
    const open = (index: number) => {
      const held = viewsOn(stateDisks[index]!)
      const chain = createChain<StateView>(
        {
          chainId,
          validators,
          signer: signers[index]!,
          scheme,
          application: viewApplication(held),
          stores: { blocks: blockDisks[index]!.open() },
          clock,
          log: { debug() {}, info() {}, warn() {}, error() {} },
        },
        {
          send: (to: PeerName, message) =>
            void clock.after(5, () => chains[names.indexOf(to)]?.chain.receive(names[index]!, message)),
          onDecided: ({ block }, view) => held.views.commit(view, block.header.height),
        },
        { idleTickMs: 1_000, snapshotEvery: 4 },
      )
      chain.start()
      return { chain, held }
    }
    for (let index = 0; index < 4; index++) chains[index] = open(index)
    const submit = (key: number) => {
      chains[0]!.chain.submit(encodeCanonical(key))
      clock.advance(2_000)
    }
    for (let key = 0; key < 10; key++) submit(key)
    chains[2]!.chain.stop()
    stateDisks[2]!.crash('process')
    blockDisks[2]!.crash('process')
    chains[2] = open(2)
    for (let key = 10; key < 14; key++) submit(key)
    let map = emptyStateMap
    const { height } = chains[0]!.chain.status()
    expect(height).toBe(14)
    for (let h = 1; h <= height; h++)
      for (const bytes of chains[0]!.chain.block(h)!.block.transactions) map = stateSet(map, bytes, encodeCanonical(h))
    for (const { chain, held } of chains) {
      expect(chain.status()).toMatchObject({ height, stateRoot: stateRoot(map) })
      expect(held.state.head()).toEqual({ height, root: stateRoot(map), size: 14 })
      expect(decodeCanonical(chain.state().get(encodeCanonical(13))!, { maxBytes: 16 })).toBe(14)
    }
  })
})
