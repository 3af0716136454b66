/** Which registry has which TLD, on the Root chain (N1, N4). */
import type { Deed, TldSubject } from '../intents.ts'
import type { Moment } from './admission.ts'
import type { NodeModel } from './nodes.ts'
import { VoteModel } from './votes.ts'

export interface TldRow {
  readonly registry: string
  readonly isLedgerOnly: boolean
  readonly changed: number
}

export class TldModel {
  readonly rows = new Map<string, TldRow>()
  readonly #isRoot: boolean
  readonly #nodes: NodeModel
  readonly #votes = new VoteModel()

  constructor(chainName: string, nodes: NodeModel) {
    this.#isRoot = chainName === 'root'
    this.#nodes = nodes
  }

  vote(by: string, subject: TldSubject, inFavour: boolean, { height, time }: Moment): boolean {
    const voice = this.#nodes.voiceOf(by)
    if (!this.#isRoot || voice === undefined) return false
    const { label } = subject
    if (this.rows.has(label) === (subject.kind === 'give')) return false
    if (subject.kind === 'give' && !this.#isRegistry(subject.registry)) return false
    if (!this.#votes.cast(JSON.stringify(subject), voice, inFavour, time, this.#nodes.voters)) return true
    if (subject.kind === 'take') this.rows.delete(label)
    else this.rows.set(label, { registry: subject.registry, isLedgerOnly: false, changed: height })
    return true
  }

  update(by: string, { label, isLedgerOnly }: Extract<Deed, { kind: 'updateTld' }>, { height }: Moment): boolean {
    const row = this.rows.get(label)
    if (row?.registry !== by) return false
    this.rows.set(label, { ...row, isLedgerOnly, changed: height })
    return true
  }

  handOver(by: string, { label, to }: Extract<Deed, { kind: 'handOverTld' }>, { height }: Moment): boolean {
    const row = this.rows.get(label)
    if (row?.registry !== by || !this.#isRegistry(to)) return false
    this.rows.set(label, { ...row, registry: to, changed: height })
    return true
  }

  #isRegistry(account: string): boolean {
    return this.#nodes.of(account)?.role === 'registry'
  }
}
