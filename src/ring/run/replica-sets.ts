/** Who holds which key, worked out once as long as the table stays as it is: asked for several times with each question. */
import type { RingId } from '../../base/index.ts'
import { limits } from '../limits.ts'
import type { RingState } from '../machine/state.ts'
import { networkOf } from '../members/networks.ts'
import { replicaSet } from '../members/replicas.ts'
import type { MemberTable } from '../members/table.ts'
import type { MemberEntry, ReplicaSet, RingAdmission, RingOptions } from '../types.ts'

export class ReplicasByKey {
  readonly #replicas: number
  readonly #admission: RingAdmission | undefined
  /** Of the keys that were asked for lately. */
  readonly #sets = new Map<RingId, ReplicaSet>()
  /** By the member at or after the key: all keys between two members have the same. */
  readonly #byOwner = new Map<RingId, ReplicaSet>()
  #of: { readonly table: MemberTable; readonly version: number; readonly largest: number } | undefined

  constructor({ replicas }: Pick<RingOptions, 'replicas'>, admission: RingAdmission | undefined) {
    this.#replicas = replicas
    this.#admission = admission
  }

  of(key: RingId, { table, count }: Pick<RingState, 'table' | 'count'>): ReplicaSet {
    const admission = this.#admission
    this.#forgetIfChanged(table, count.largest)
    const before = this.#sets.get(key)
    // The ledger's list may change without the table.
    if (before !== undefined && admission === undefined) return before
    // Where anybody may choose his place, a lie about his network brings no more than that does (docs/decisions/0064).
    const groupOf =
      admission === undefined ? networkOf : ({ publicKey }: MemberEntry) => admission.operatorOf(publicKey)
    const work = () => replicaSet(table, count.largest, this.#replicas, key, groupOf)
    const set = admission === undefined ? this.#ofOwner(table, key, work) : work()
    this.#sets.set(key, set)
    return set
  }

  #ofOwner(table: MemberTable, key: RingId, work: () => ReplicaSet): ReplicaSet {
    const owner = table.successors(key, 1)[0]?.id
    if (owner === undefined) return work()
    const before = this.#byOwner.get(owner)
    if (before !== undefined) return { ...before, key }
    const set = work()
    this.#byOwner.set(owner, set)
    return set
  }

  #forgetIfChanged(table: MemberTable, largest: number): void {
    const of = this.#of
    const isSame = of?.table === table && of.version === table.version && of.largest === largest
    if (this.#sets.size >= limits.MAX_REPLICA_SETS) this.#sets.clear()
    if (isSame && this.#byOwner.size < limits.MAX_REPLICA_SETS) return
    this.#sets.clear()
    this.#byOwner.clear()
    this.#of = { table, version: table.version, largest }
  }
}
