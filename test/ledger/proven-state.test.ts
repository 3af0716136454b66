import { describe, expect, it } from 'vitest'
import type { LedgerView, StateAnswer } from '../../src/chain/index.ts'
import { keptView, MemoryState, readProven, type StateReader } from '../../src/ledger/index.ts'

const text = (bytes: Uint8Array | undefined) => (bytes === undefined ? undefined : Buffer.from(bytes).toString())
const key = (name: string) => new Uint8Array(Buffer.from(name))

function stateOf(entries: Readonly<Record<string, string>>): MemoryState {
  let state = new MemoryState()
  for (const [name, value] of Object.entries(entries)) state = state.set(key(name), key(value))
  return state
}

/** A follower whose newest header may change at each request. */
function viewOf(states: readonly { readonly height: number; readonly state: StateReader }[]) {
  const requests: string[][] = []
  const prove = async (_: Uint8Array, keys: readonly Uint8Array[]): Promise<StateAnswer> => {
    const now = states[Math.min(requests.length, states.length - 1)]
    requests.push(keys.map((one) => text(one)!))
    if (now === undefined) return { kind: 'unproven', reason: 'unreachable' }
    const values = keys.map((one) => now.state.get(one))
    return { kind: 'proven', values, header: { height: now.height } as never, fresh: true, proof: new Uint8Array() }
  }
  return { requests, view: { prove } as unknown as LedgerView }
}

/** A list whose entries say which comes next. */
function chainOf(state: StateReader): string[] {
  const found: string[] = []
  for (let at = text(state.get(key('first'))); at !== undefined; at = text(state.get(key(at)))) found.push(at)
  return found
}

describe('reading a state by proofs', () => {
  const list = stateOf({ first: 'a', a: 'b', b: 'c' })

  it('asks step by step for what the function needs, and for nothing twice', async () => {
    const { view, requests } = viewOf([{ height: 7, state: list }])
    const read = await readProven(view, new Uint8Array(32), chainOf)
    expect(read).toMatchObject({ value: ['a', 'b', 'c'], fresh: true, header: { height: 7 } })
    expect(requests).toEqual([['first'], ['a'], ['b'], ['c']])
  })

  it('never mixes two states: it begins anew when a newer header comes in between', async () => {
    const other = stateOf({ first: 'x', x: 'y' })
    const { view } = viewOf([
      { height: 7, state: list },
      { height: 8, state: other },
    ])
    expect((await readProven(view, new Uint8Array(32), chainOf)).value).toEqual(['x', 'y'])
  })

  it('asks for many keys in proofs of 64', async () => {
    const { view, requests } = viewOf([{ height: 1, state: list }])
    const names = Array.from({ length: 150 }, (_, index) => `k${index}`)
    await readProven(view, new Uint8Array(32), (state) => names.map((name) => state.get(key(name))))
    expect(requests.map((one) => one.length)).toEqual([64, 64, 22])
  })

  it('says so when the ledger cannot be asked, and throws what the function throws of a whole state only', async () => {
    const nobody = viewOf([])
    await expect(readProven(nobody.view, new Uint8Array(32), chainOf)).rejects.toMatchObject({
      code: 'LEDGER_UNPROVEN',
    })
    const { view } = viewOf([{ height: 1, state: list }])
    const read = (state: StateReader) => {
      if (text(state.get(key('first'))) !== 'a') throw new Error('half a state')
      throw new Error('a whole one')
    }
    await expect(readProven(view, new Uint8Array(32), read)).rejects.toThrow('a whole one')
  })

  it('ends where a state leads round and round', async () => {
    let number = 0
    const { view } = viewOf([{ height: 1, state: { get: () => key(`k${number++}`) } }])
    await expect(readProven(view, new Uint8Array(32), chainOf)).rejects.toMatchObject({ code: 'LEDGER_TOO_MUCH' })
  })

  it('reads the same again from what was proven then, and nothing that was not', async () => {
    const { view } = viewOf([{ height: 7, state: list }])
    const { header, answers } = await readProven(view, new Uint8Array(32), chainOf)
    const again = await readProven(keptView({ header, answers }), new Uint8Array(32), chainOf)
    expect(again).toMatchObject({ value: ['a', 'b', 'c'], fresh: false, header: { height: 7 } })
    const other = readProven(keptView({ header, answers }), new Uint8Array(32), (state) => state.get(key('z')))
    await expect(other).rejects.toMatchObject({ code: 'LEDGER_UNPROVEN' })
  })
})
