/** The application of one node with its state, on a disk of its own that may fill up; it answers after a while, in order. */
import { ChordnsError, isChordnsError } from '../../../src/base/index.ts'
import {
  type ApplicationPort,
  hostedMethods,
  type ProvenValues,
  type StateApplication,
  stateMethods,
} from '../../../src/chain/index.ts'
import { createMemoryDisk, type MemoryDisk, type SeededRandom, soundDisk } from '../../../src/sim/index.ts'

export interface SimStateDeps {
  /** Calls back when the application has done what it was asked. */
  readonly after: (callback: () => void) => void
  /** Called before and after each write: the power may fail there. */
  readonly touch: () => void
  /** Others that run now. */
  readonly sources: () => readonly {
    readonly name: string
    readonly state: SimState | undefined
    readonly liar: unknown
  }[]
}

export class SimState {
  readonly #faults = soundDisk()
  readonly #disk: MemoryDisk
  #methods: ReturnType<typeof stateMethods> | undefined

  constructor(random: SeededRandom) {
    this.#disk = createMemoryDisk({ random, faults: this.#faults })
  }

  setFull(isFull: boolean): void {
    this.#faults.isFull = isFull
  }

  powerFails(): void {
    this.#disk.crash('power')
    this.#methods = undefined
  }

  /** Undefined when it has no such state. */
  piece(request: Parameters<ReturnType<typeof stateMethods>['piece']>[0]): Uint8Array | undefined {
    try {
      return this.#methods?.piece(request)
    } catch (error) {
      if (isChordnsError(error)) return undefined
      throw error
    }
  }

  /** Undefined when it keeps no such state. */
  prove(height: number, keys: readonly Uint8Array[]): ProvenValues | undefined {
    try {
      return this.#methods?.prove(height, keys)
    } catch (error) {
      if (isChordnsError(error)) return undefined
      throw error
    }
  }

  open(application: StateApplication, { after, touch, sources }: SimStateDeps): ApplicationPort {
    // The last life may have ended without a loss of power.
    this.#disk.crash('process')
    const store = this.#disk.open()
    const hosted = hostedMethods(store, application)
    const methods = stateMethods(store)
    this.#methods = methods
    return {
      call: (method, given, done) =>
        after(() => {
          if (method === 'decide') touch()
          let outcome: unknown
          try {
            const one = hosted[method] as (...list: readonly unknown[]) => unknown
            outcome = { result: one(...(given as unknown[])) }
          } catch (error) {
            if (!isChordnsError(error)) throw error
            outcome = { failure: error }
          }
          if (method === 'decide') touch()
          done(outcome as never)
        }),
      fetch({ height, root }, from, done) {
        const wanted = new Set(from)
        /** True when there is more to do. */
        const step = (tries: number): boolean => {
          const [gap] = methods.status().head?.height === height ? [] : methods.begin(height, root)
          if (gap === undefined) {
            done(undefined)
            return false
          }
          const able = sources().filter(({ name }) => wanted.has(name))
          const source = able[tries % Math.max(1, able.length)]
          if (source === undefined || tries > MOST_TRIES) {
            methods.abandon()
            done(new ChordnsError('CHAIN_NO_SOURCE', 'no source', {}))
            return false
          }
          const piece = source.state?.piece({ height, ...gap })
          if (piece === undefined) return true
          const isTrue = source.liar === undefined
          const bytes = isTrue ? piece : piece.map((byte, i) => (i === piece.length - 1 ? byte ^ 1 : byte))
          touch()
          try {
            methods.take(height, gap.from, bytes)
          } catch (error) {
            if (!isChordnsError(error, 'CHAIN_PIECE_REFUSED')) throw error
          }
          return true
        }
        const next = (tries: number) => {
          try {
            if (step(tries)) after(() => next(tries + 1))
          } catch (error) {
            if (!isChordnsError(error)) throw error
            done(error)
          }
        }
        after(() => next(0))
      },
      prune: (below) =>
        after(() => {
          if (!this.#faults.isFull) while (methods.pruneSome(below));
        }),
    }
  }
}

const MOST_TRIES = 30
