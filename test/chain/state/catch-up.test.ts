import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Log } from '../../../src/base/index.ts'
import { catchUp, type PieceSource, type StateCatchUpDeps } from '../../../src/chain/state/catch-up.ts'
import type { RemoteState } from '../../../src/chain/state/methods.ts'
import { decodePiece, encodePiece, type StatePiece } from '../../../src/chain/state/pieces.ts'
import { createMemoryDisk, seededRandom, virtualClock } from '../../../src/sim/index.ts'
import { localState, memoryState } from './local-state.ts'
import { committed, copied, entriesFrom } from './state.compliance.ts'

const HEIGHT = 9
const COUNT = 1_600
const quiet: Log = { debug() {}, info() {}, warn() {}, error() {} }
const never = new AbortController().signal

interface Source {
  readonly truth: RemoteState
  readonly root: Uint8Array
}

/** A state of some 20 pieces, for tests that only read it. */
let still: Promise<Source> | undefined
const world = () => (still ??= changing())

/** The same, for one test alone. */
async function changing(): Promise<Source> {
  const truth = memoryState()
  const root = await committed(truth, HEIGHT, entriesFrom(0, COUNT, 3_000))
  return { truth, root }
}

const honest = (name: string, state: RemoteState): PieceSource & { asked: number } => ({
  name,
  asked: 0,
  fetch(request) {
    this.asked++
    return state.piece(request)
  },
})

/** Changes what an honest source would have sent. */
const liar = (name: string, state: RemoteState, change: (piece: StatePiece) => StatePiece): PieceSource => ({
  name,
  fetch: async (request) => encodePiece(change(decodePiece(await state.piece(request)))),
})

const deps = (state: RemoteState, sources: readonly PieceSource[]): StateCatchUpDeps => ({
  state,
  sources,
  clock: virtualClock({ settle: setImmediate }),
  log: quiet,
})

const LIES: Readonly<Record<string, (piece: StatePiece) => StatePiece>> = {
  'changes a value': (piece) => ({
    ...piece,
    entries: piece.entries.with(3, { ...piece.entries[3]!, value: new Uint8Array(3_000).fill(66) }),
  }),
  'leaves an entry out': (piece) => ({ ...piece, entries: piece.entries.toSpliced(3, 1) }),
  'adds an entry': (piece) => ({ ...piece, entries: [...piece.entries, ...entriesFrom(9_999, 1)] }),
  'says that there is nothing': (piece) => ({ ...piece, entries: [] }),
  'says that it ends later': (piece) => ({ ...piece, to: undefined }),
  'begins elsewhere': (piece) => ({ ...piece, from: new Uint8Array(32).fill(7), to: undefined }),
  'shortens the proof': (piece) => ({ ...piece, proof: piece.proof.subarray(0, -1) }),
}

describe('catching up from pieces', () => {
  it('takes what one source has', async () => {
    const { truth, root } = await world()
    const state = memoryState()
    const report = await catchUp(deps(state, [honest('a', truth)]), { height: HEIGHT, root }, never)
    expect(report.pieces.get('a')).toBeGreaterThan(20)
    expect((await state.status()).head).toEqual({ height: HEIGHT, root, size: COUNT })
  })

  it.each(Object.entries(LIES))('finds the one of three sources that %s, and asks it no more', async (_, change) => {
    const { truth, root } = await world()
    const state = memoryState()
    const sources = [liar('liar', truth, change), honest('b', truth), honest('c', truth)]
    const report = await catchUp(deps(state, sources), { height: HEIGHT, root }, never)
    expect([...report.refused.keys()]).toEqual(['liar'])
    expect(report.pieces.get('liar')).toBeUndefined()
    expect(report.pieces.get('b')).toBeGreaterThan(5)
    expect(report.pieces.get('c')).toBeGreaterThan(5)
    expect((await state.status()).head).toEqual({ height: HEIGHT, root, size: COUNT })
  })

  it('does not take the state of another height for this one', async () => {
    const { truth, root } = await changing()
    await committed(truth, HEIGHT + 1, entriesFrom(3, 1, 50))
    const other: PieceSource = { name: 'other', fetch: (request) => truth.piece({ ...request, height: HEIGHT + 1 }) }
    const state = memoryState()
    const report = await catchUp(deps(state, [other, honest('b', truth)]), { height: HEIGHT, root }, never)
    expect([...report.refused.keys()]).toEqual(['other'])
    expect((await state.status()).head?.root).toEqual(root)
  })

  it('takes bytes that are none for a lie', async () => {
    const { truth, root } = await world()
    const garbage: PieceSource = { name: 'garbage', fetch: async () => Uint8Array.of(1, 2, 3) }
    const report = await catchUp(deps(memoryState(), [garbage, honest('b', truth)]), { height: HEIGHT, root }, never)
    expect(report.refused.get('garbage')).toMatch(/malformed/)
  })

  it('says that nobody is left when all lie, keeps nothing of it, and goes on when somebody honest comes', async () => {
    const { truth, root } = await world()
    const state = memoryState()
    const liars = Object.values(LIES).map((change, i) => liar(`liar ${i}`, truth, change))
    const failed = catchUp(deps(state, liars), { height: HEIGHT, root }, never)
    await expect(failed).rejects.toMatchObject({ code: 'CHAIN_NO_SOURCE' })
    expect(await state.status()).toMatchObject({ head: undefined, assembling: HEIGHT })
    await catchUp(deps(state, [honest('a', truth)]), { height: HEIGHT, root }, never)
    expect((await state.status()).head?.root).toEqual(root)
  })

  it('does not wait for a source that is silent longer than for one piece at a time', async () => {
    const { truth, root } = await world()
    const silent: PieceSource = { name: 'silent', fetch: () => new Promise(() => {}) }
    const sources = [silent, honest('b', truth), honest('c', truth)]
    const state = memoryState()
    // No time passes: others are asked for what the silent one owes.
    await catchUp(deps(state, sources), { height: HEIGHT, root }, never)
    expect((await state.status()).head?.size).toBe(COUNT)
  })

  it('asks a source that fails again after a pause, ever more rarely, and at last no more', async () => {
    const { root } = await world()
    const clock = virtualClock({ settle: setImmediate })
    const asked: number[] = []
    const failing: PieceSource = {
      name: 'failing',
      fetch: async () => {
        asked.push(clock.monotonic())
        throw new Error('no such state')
      },
    }
    const work = catchUp({ ...deps(memoryState(), [failing]), clock }, { height: HEIGHT, root }, never)
    await expect(clock.run(work)).rejects.toMatchObject({ code: 'CHAIN_NO_SOURCE' })
    expect(asked).toEqual([0, 1_000, 3_000, 7_000, 15_000, 31_000, 61_000, 91_000])
  })

  it('ends when the others have sent all, though one that failed waits', async () => {
    const { truth, root } = await world()
    const failing: PieceSource = { name: 'failing', fetch: () => Promise.reject(new Error('away')) }
    const state = memoryState()
    // No time passes.
    await catchUp(deps(state, [failing, honest('b', truth)]), { height: HEIGHT, root }, never)
    expect((await state.status()).head?.size).toBe(COUNT)
  })

  it('goes on with what it has after all sources were away for two minutes', async () => {
    const { truth, root } = await world()
    const clock = virtualClock({ settle: setImmediate })
    const state = memoryState()
    let sent = 0
    const source = (name: string): PieceSource => ({
      name,
      fetch: async (request) => {
        if (sent >= 10 && clock.monotonic() < 120_000) return new Promise(() => {})
        sent++
        return truth.piece(request)
      },
    })
    const work = catchUp({ ...deps(state, [source('a'), source('b')]), clock }, { height: HEIGHT, root }, never)
    const report = await clock.run(work)
    expect((await state.status()).head?.root).toEqual(root)
    // None came twice but those that both were asked for at once.
    expect([...report.pieces.values()].reduce((sum, one) => sum + one, 0)).toBeGreaterThan(20)
    expect(sent).toBeLessThan(40)
  })

  it('takes no refusal of what it asks for too fast as the end of a source', async () => {
    const { truth, root } = await world()
    const clock = virtualClock({ settle: setImmediate })
    let credit = 8
    const rated: PieceSource = {
      name: 'rated',
      fetch: async (request) => {
        if (credit === 0) throw new Error('refused')
        credit--
        return truth.piece(request)
      },
    }
    const earn = (): void => {
      credit = Math.min(8, credit + 4)
      clock.after(1_000, earn)
    }
    clock.after(1_000, earn)
    const state = memoryState()
    await clock.run(catchUp({ ...deps(state, [rated]), clock }, { height: HEIGHT, root }, never))
    expect((await state.status()).head?.size).toBe(COUNT)
  })

  it('goes on after a restart with what it has', async () => {
    const { truth, root } = await world()
    const disk = createMemoryDisk({ random: seededRandom(1) })
    const first = honest('a', truth)
    await copied(truth, localState(disk.open()), HEIGHT, 15)
    disk.crash('process')
    const state = localState(disk.open())
    await catchUp(deps(state, [first]), { height: HEIGHT, root }, never)
    const whole = honest('b', truth)
    await catchUp(deps(memoryState(), [whole]), { height: HEIGHT, root }, never)
    expect(first.asked).toBeLessThan(whole.asked - 10)
    expect((await state.status()).head).toEqual({ height: HEIGHT, root, size: COUNT })
  })

  it('goes on after a power failure with what is left', async () => {
    const { truth, root } = await world()
    for (let seed = 1; seed <= 4; seed++) {
      const disk = createMemoryDisk({ random: seededRandom(seed) })
      await copied(truth, localState(disk.open()), HEIGHT, 5 + seed)
      disk.crash('power')
      const state = localState(disk.open())
      await catchUp(deps(state, [honest('a', truth)]), { height: HEIGHT, root }, never)
      expect((await state.status()).head?.root).toEqual(root)
    }
  })

  it('removes what it had of another height, and what versions before had when they are pruned', async () => {
    const { truth, root } = await changing()
    const disk = createMemoryDisk({ random: seededRandom(1) })
    const store = disk.open()
    const state = localState(store)
    await committed(state, 1, entriesFrom(0, 300))
    await copied(truth, state, HEIGHT, 6)
    const later = await committed(
      truth,
      HEIGHT + 1,
      entriesFrom(0, COUNT - 10).map(({ key }) => ({ key, value: undefined })),
    )
    await catchUp(deps(state, [honest('a', truth)]), { height: HEIGHT + 1, root: later }, never)
    expect(later).not.toEqual(root)
    expect((await state.read(1, [entriesFrom(5, 1)[0]!.key]))[0]?.length).toBe(100)
    while (await state.pruneSome(HEIGHT + 1)) {}
    const rows = [...store.range(new Uint8Array())].length
    const fresh = createMemoryDisk({ random: seededRandom(1) }).open()
    await copied(truth, localState(fresh), HEIGHT + 1)
    // Its mark of where the older nodes end is still there.
    expect(rows).toBe([...fresh.range(new Uint8Array())].length - 1)
  })

  it('is given up when it is asked to', async () => {
    const { truth, root } = await world()
    const control = new AbortController()
    const source: PieceSource = {
      name: 'a',
      fetch: async (request) => {
        control.abort()
        return truth.piece(request)
      },
    }
    const work = catchUp(deps(memoryState(), [source]), { height: HEIGHT, root }, control.signal)
    await expect(work).rejects.toMatchObject({ code: 'ABORTED' })
  })
})
