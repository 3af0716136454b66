/** Unix time that no step of the wall clock moves: for terms, which are intervals. */
import type { Clock } from './ports.ts'

/** A difference that is more than slewing. Ms. */
const STEP_MS = 1_000

export class SteadyTime {
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>
  readonly #base: number
  #shift = 0

  constructor(clock: Pick<Clock, 'now' | 'monotonic'>) {
    this.#clock = clock
    this.#base = clock.now() - clock.monotonic()
  }

  /** What to add to a time by the wall clock of now, ms; the same until the clock is stepped. */
  get shift(): number {
    const shift = Math.round(this.#base + this.#clock.monotonic() - this.#clock.now())
    if (Math.abs(shift - this.#shift) > STEP_MS) this.#shift = shift
    return this.#shift
  }
}
