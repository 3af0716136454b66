/** What a verification finds, and the list that it fills. */
import { limits } from '../limits.ts'

/** Something that is wrong, and where. */
export interface ChainFault {
  /** Hex. */
  readonly chain: string
  /** -1: nothing says of which. */
  readonly chunk: number
  /** 0: not of one block. */
  readonly height: number
  readonly reason: string
}

/** At most MAX_FAULTS; more of them help nobody. */
export class FaultList {
  readonly #faults: ChainFault[] = []

  add(fault: ChainFault): void {
    if (this.#faults.length < limits.MAX_FAULTS) this.#faults.push(fault)
  }

  all(): readonly ChainFault[] {
    return [...this.#faults]
  }
}
