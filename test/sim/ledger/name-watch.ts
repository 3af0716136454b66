/** What must be so of the names of a chain at every height, beside what the model says: one owner each, and phases that follow their terms. */
import { fromHex, toHex } from '../../../src/base/index.ts'
import { type LedgerState, nameRecordOf, phaseOf } from '../../../src/ledger/index.ts'
import { Violation } from '../chain/checks.ts'
import type { LedgerModel } from './model/model.ts'

interface At {
  readonly height: number
  readonly time: number
}

export class NameWatch {
  readonly #chain: string
  readonly #happens: (what: string) => void
  #owners = new Map<string, string>()

  constructor(chain: string, happens: (what: string) => void) {
    this.#chain = chain
    this.#happens = happens
  }

  /** After each block. Throws a Violation. */
  check(model: LedgerModel, state: LedgerState, at: At): void {
    this.#checkOwners(model, at)
    this.#checkPhases(model, state, at)
  }

  /** One owner a name, and another one only with a new generation; a key that the owner put in the place of its own is the same owner. */
  #checkOwners({ names, terms }: LedgerModel, { height }: At): void {
    const owners = new Map<string, string>()
    for (const [label, { owner, generation }] of names.records)
      owners.set(label, owner === undefined ? `none ${generation}` : `${toHex(owner)} ${generation}`)
    for (const [label, now] of owners) {
      const before = this.#owners.get(label)
      const [owner, generation] = now.split(' ')
      const [other, earlier] = before?.split(' ') ?? []
      const isRolled = terms.rolls.get(label) === owner && other !== 'none'
      const isSame = other === owner || isRolled
      if (before !== undefined && owner !== 'none' && !isSame && Number(generation) <= Number(earlier))
        throw new Violation(`one owner: a name has two in one generation at height ${height} of ${this.#chain}`)
      if (before !== undefined && other !== owner) this.#happens('owners changed')
    }
    this.#owners = owners
  }

  /** A reader's word for where a name stands is that of its term. */
  #checkPhases({ names, terms }: LedgerModel, state: LedgerState, { height, time }: At): void {
    const { policy } = names
    if (policy === undefined) return
    for (const label of names.records.keys()) {
      const record = nameRecordOf(state, fromHex(label))!
      // From before names had terms, and not written anew since.
      if (record.life === undefined) continue
      const phase = phaseOf(record, policy, time)
      if (phase !== terms.phase(label, time))
        throw new Violation(`phases: a name is said to be ${phase} at height ${height} of ${this.#chain}`)
      this.#happens(`phase ${phase}`)
      const { frozenUntil, pending } = record.life
      if (frozenUntil > time) this.#happens('frozen')
      if (pending !== undefined) this.#happens(`waits: ${pending.kind}`)
    }
  }
}
