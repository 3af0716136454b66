/** Telling a large ring down a tree: everybody once, and whoever does not answer is gone around. */
import { describe, expect, it } from 'vitest'
import type { RingId } from '../../../src/base/index.ts'
import { limits } from '../../../src/ring/limits.ts'
import { initialState } from '../../../src/ring/machine/machine.ts'
import type { RingState } from '../../../src/ring/machine/state.ts'
import { beginTree, branches, expand, gatherMs, inShort, settleMs, settlesAt } from '../../../src/ring/machine/tree.ts'
import { condemn, isCondemned, signAccusation } from '../../../src/ring/members/accusations.ts'
import { signEntry } from '../../../src/ring/members/member.ts'
import { MemberTable } from '../../../src/ring/members/table.ts'
import type { MemberEntry } from '../../../src/ring/types.ts'
import { contextOf, keyOf, scheme } from '../world.ts'

function ringOf(size: number): RingState[] {
  const states = Array.from({ length: size }, (_, i) => initialState(contextOf(`tree ${i}`), 1_000))
  for (const state of states) for (const { self } of states) state.table.put(self, 0)
  return states
}

/** How often each of the others hears, and over how many steps at most. */
function told(states: readonly RingState[], origin: RingState): { heard: Map<RingId, number>; depth: number } {
  const byId = new Map(states.map((state) => [state.self.id, state]))
  const heard = new Map<RingId, number>()
  let depth = 0
  const tell = (state: RingState, until: RingId, step: number) => {
    depth = Math.max(depth, step)
    for (const branch of branches(state, until)) {
      heard.set(branch.target.id, (heard.get(branch.target.id) ?? 0) + 1)
      tell(byId.get(branch.target.id)!, branch.until, step + 1)
    }
  }
  tell(origin, origin.self.id, 0)
  return { heard, depth }
}

describe('a tree over the ring', () => {
  it('reaches every other member exactly once, in log2(N) steps, from wherever it begins', () => {
    for (const size of [1, 2, 3, 7, 64, 100]) {
      const states = ringOf(size)
      for (const origin of [states[0]!, states[size - 1]!]) {
        const { heard, depth } = told(states, origin)
        expect(heard.size).toBe(size - 1)
        expect([...heard.values()].every((count) => count === 1)).toBe(true)
        expect(heard.has(origin.self.id)).toBe(false)
        expect(depth).toBeLessThanOrEqual(Math.ceil(Math.log2(size)))
      }
    }
  })

  it('gives the part of a member that does not answer to the one after it', () => {
    const states = ringOf(60)
    const [origin] = states
    const target = branches(origin!, origin!.self.id).at(-1)!.target
    for (let i = 0; i < 3; i++) origin!.detector.failed(target.id, 1_000)
    const { heard } = told(states, origin!)
    expect(branches(origin!, origin!.self.id).map((branch) => branch.target.id)).not.toContain(target.id)
    expect(heard.size).toBeGreaterThanOrEqual(states.length - 2)
  })
})

/** Members of a ring that tells by a tree, in ring order; `stateOf` is what one of them knows. */
function largeRing(): { rows: readonly MemberEntry[]; stateOf: (row: MemberEntry) => RingState } {
  const signed = Array.from({ length: limits.TREE_FROM + 8 }, (_, i) =>
    signEntry('test', scheme.signer(keyOf(`large ${i}`)), {
      salt: new Uint8Array(),
      addresses: [],
      status: 'alive',
      incarnation: 1_000,
    }),
  )
  const rows = signed.sort((a, b) => (a.id < b.id ? -1 : 1))
  const table = new MemberTable()
  for (const row of rows) table.put(row, 0)
  const context = contextOf('large 0')
  return {
    rows,
    stateOf: (self) => ({ ...initialState(context, 1_000), phase: 'member', self, table, outbox: new Map() }),
  }
}

describe('a death in a large ring', () => {
  const { rows, stateOf } = largeRing()
  const AT = 100
  const dead: MemberEntry = { ...rows[AT]!, status: 'dead' }

  it('is told by one witness after the other, so that each hears of it before its turn', () => {
    const last = AT + limits.WITNESSES / 2
    const turns = new Map<number, number>()
    for (let place = AT - limits.WITNESSES / 2; place <= last; place++) {
      if (place === AT) continue
      const state = stateOf(rows[place]!)
      beginTree({ context: contextOf('large 0'), state, now: 5_000, effects: [] }, dead)
      turns.set(place, state.outbox.get(dead.id)!.notBefore! - 5_000)
    }
    const stepMs = limits.NEXT_TELLER_MS + gatherMs(stateOf(rows[0]!))
    const order = [...turns.values()].map((ms) => Math.round((1_000 * ms) / stepMs) / 1_000)
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    // Down the tree of the first, each step as late as it may be.
    const heard = new Map<RingId, number>()
    const tell = (from: MemberEntry, until: RingId, steps: number): void => {
      for (const branch of branches(stateOf(from), until)) {
        heard.set(branch.target.id, steps + 1)
        tell(branch.target, branch.until, steps + 1)
      }
    }
    const [first] = turns.keys()
    tell(rows[first!]!, rows[first!]!.id, 0)
    for (const [place, turn] of turns)
      if (place !== first) expect(heard.get(rows[place]!.id)! * gatherMs(stateOf(rows[0]!))).toBeLessThan(turn)
  })

  it('counts at the same time in the tables of all who hear of it in one period, after all have heard', () => {
    const state = stateOf(rows[0]!)
    const periodMs = limits.DEATH_PERIOD_MS
    const [early, late] = [settlesAt(state, dead, 40.1 * periodMs), settlesAt(state, dead, 40.9 * periodMs)]
    expect(early).toBe(late)
    expect(late).toBeGreaterThanOrEqual(40.9 * periodMs + settleMs(state))
    expect(settlesAt(state, rows[AT]!, 40 * periodMs)).toBe(rows[AT]!.incarnation + settleMs(state))
  })
})

describe('a row in short', () => {
  const rowOf = (name: string, status: 'alive' | 'left' = 'alive', incarnation = 1_000) =>
    signEntry('test', scheme.signer(keyOf(name)), {
      salt: new Uint8Array(),
      addresses: ['/ip4/192.0.2.1/tcp/4001'],
      status,
      incarnation,
    })
  const names = Array.from({ length: 9 }, (_, i) => `short ${i}`)
  const tableOf = (some: readonly string[]) => {
    const table = new MemberTable()
    for (const name of some) table.put(rowOf(name), 0)
    return table
  }

  it('is the whole row again for whoever knows the member, also one that has left', () => {
    const table = tableOf(names)
    table.put(rowOf('short 0', 'left', 2_000), 0)
    const back = rowOf('short 0', 'alive', 3_000)
    expect(expand(table, inShort(table, back)!)).toEqual(back)
    expect(expand(tableOf(names.slice(1)), inShort(table, back)!)).toBeUndefined()
  })

  it('names the accusers of the dead, and is not told in short by whoever does not know them', () => {
    const table = tableOf(names)
    const accused = rowOf('short 0')
    const accusers = names.slice(1, 6)
    const dead = condemn(
      accused,
      accusers.map((name) => signAccusation('test', scheme.signer(keyOf(name)), accused)),
    )
    const short = inShort(table, dead)!
    const witnesses = names.slice(1).map((name) => rowOf(name).publicKey)
    expect(isCondemned({ ringId: 'test', scheme }, expand(table, short)!, witnesses)).toBe(true)
    expect(inShort(tableOf(names.slice(0, 5)), dead)).toBeUndefined()
    // Who does not know all of the accusers has not enough of them, and asks the witnesses.
    const partly = expand(tableOf(names.slice(0, 5)), short)!
    expect(isCondemned({ ringId: 'test', scheme }, partly, witnesses)).toBe(false)
  })
})
