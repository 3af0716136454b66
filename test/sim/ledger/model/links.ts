/** Heads of other chains (M6): how far each is linked, from when its link is, and whether it was shown to be forked. */
import type { Deed, LinkedHead } from '../intents.ts'
import type { Moment } from './admission.ts'
import type { NodeModel } from './nodes.ts'
import { VoteModel } from './votes.ts'

type DeedOf<Kind extends Deed['kind']> = Extract<Deed, { kind: Kind }>

export interface LinkRow extends LinkedHead {
  /** 0 when the nodes have only voted for it. */
  readonly size: number
  readonly isForked: boolean
}

const TERM_MS = 14 * 86_400_000

export class LinkModel {
  readonly rows = new Map<string, LinkRow>()
  readonly #nodes: NodeModel
  readonly #votes = new VoteModel()

  constructor(nodes: NodeModel) {
    this.#nodes = nodes
  }

  linkChain(by: string, deed: DeedOf<'linkChain'>, moment: Moment): boolean {
    const { origin, time, next, inFavour } = deed
    if (this.rows.has(origin)) return false
    return this.#vote(by, origin, inFavour, moment, { origin, size: 0, time, next })
  }

  /** Whether the cosignatures are enough hangs on sets; what must never be taken is known without. */
  link(deed: DeedOf<'link'>, moment: Moment, wasDone: boolean): boolean | undefined {
    const { origin, oldSize, size, time, next, isTrue } = deed
    const row = this.rows.get(origin)
    if (row === undefined || row.isForked || row.size !== oldSize || size <= oldSize || !isTrue) return false
    if (isOver(row, moment)) return false
    if (wasDone) this.rows.set(origin, { size, time, next, isForked: false })
    return undefined
  }

  /** What is over only, and by a vote. */
  renew(by: string, deed: DeedOf<'renewLink'>, moment: Moment): boolean {
    const { origin, oldSize, size, time, next, inFavour } = deed
    const row = this.rows.get(origin)
    if (row === undefined || row.isForked || row.size !== oldSize || !isOver(row, moment)) return false
    if (isOver({ time }, moment) || time <= row.time) return false
    return this.#vote(by, `${origin} ${size}`, inFavour, moment, { origin, size, time, next })
  }

  /** By a quorum of the set that is linked, as long as it counts. */
  fork({ origin, set, isTrue }: DeedOf<'noteFork' | 'headerFork'>, moment: Moment): boolean {
    const row = this.rows.get(origin)
    if (row === undefined || row.isForked || row.next !== set || isOver(row, moment) || !isTrue) return false
    this.rows.set(origin, { ...row, isForked: true })
    return true
  }

  #vote(
    by: string,
    subject: string,
    inFavour: boolean,
    { time }: Moment,
    { origin, size, time: at, next }: { readonly origin: string; readonly size: number } & LinkedHead,
  ): boolean {
    const voice = this.#nodes.voiceOf(by)
    if (voice === undefined) return false
    if (this.#votes.cast(subject, voice, inFavour, time, this.#nodes.voters))
      this.rows.set(origin, { size, time: at, next, isForked: false })
    return true
  }
}

function isOver({ time }: Pick<LinkRow, 'time'>, moment: Moment): boolean {
  return moment.time - time > TERM_MS
}
