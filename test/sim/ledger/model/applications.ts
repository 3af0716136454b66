/** Modules of third parties: which are activated and from when on (D72), and what the one of the example keeps. */
import type { Deed } from '../intents.ts'
import type { Moment } from './admission.ts'
import type { NodeModel } from './nodes.ts'
import { VoteModel } from './votes.ts'

export interface EntryRow {
  readonly owner: string
  readonly value: string
  readonly sequence: number
}

const LEAST_NOTICE = 60
const MOST_NOTICE = 1_051_200
const DIRECTORY = 128

export class ApplicationModel {
  /** In the order of the votes. */
  readonly activations: { readonly module: number; readonly height: number }[] = []
  readonly entries = new Map<string, EntryRow>()
  readonly #nodes: NodeModel
  readonly #votes = new VoteModel()

  constructor(nodes: NodeModel) {
    this.#nodes = nodes
  }

  vote(by: string, { module, height: from, inFavour }: Extract<Deed, { kind: 'activate' }>, moment: Moment): boolean {
    const { height, time } = moment
    const voice = this.#nodes.voiceOf(by)
    if (voice === undefined) return false
    if (this.activations.some((one) => one.module === module || one.height > height)) return false
    if (from < height + LEAST_NOTICE || from > height + MOST_NOTICE) return false
    if (this.#votes.cast(`${module} ${from}`, voice, inFavour, time, this.#nodes.voters))
      this.activations.push({ module, height: from })
    return true
  }

  /** Nothing before the module's height. */
  put(
    { label, owner, value, sequence, isTrue }: Extract<Deed, { kind: 'putEntry' }>,
    { height }: Pick<Moment, 'height'>,
  ): boolean {
    if (!this.activations.some((one) => one.module === DIRECTORY && one.height <= height)) return false
    const known = this.entries.get(label)
    if (known !== undefined && known.owner !== owner) return false
    if (!isTrue || sequence !== (known?.sequence ?? 0) + 1) return false
    this.entries.set(label, { owner, value, sequence })
    return true
  }

  /** What headers of a height must say of the rules, where the chain began with `first`. */
  rulesAt(height: number, first: number): number {
    const ran = this.activations.filter((one) => one.height <= height)
    return ran.length === 0 ? first : ran.length * 256 + ran.at(-1)!.module
  }
}
