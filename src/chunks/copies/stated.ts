/**
 * How many reads a read counts for. A copy says for how many its own stands, and whoever overstates that would have a name called more
 * popular than it is, and observed for longer than anybody reads it. So the word of a copy counts for no more than a copy of its level can
 * have served, once in the life of the answer that it was given, and at a replica only where the places of the name have that member.
 */
import type { Clock, PeerId } from '../../base/index.ts'
import type { Ring } from '../../ring/index.ts'
import { limits } from '../limits.ts'
import { serversAt } from './levels.ts'
import type { NameHint } from './mark.ts'
import { copyAt, epochOf } from './places.ts'
import type { Popular } from './popular.ts'

export interface StatedDeps {
  readonly clock: Clock
  readonly ring: Pick<Ring, 'members' | 'ownerOf' | 'memberByPeer'>
  readonly popular: Pick<Popular, 'levelOf'>
}

export interface StatedReads {
  readonly hint: NameHint
  /** Of the question, for each of which the name has copies. */
  readonly key: string
  readonly from: PeerId
  /** Of the copy that reads. */
  readonly level: number
  /** What it says that it has served. */
  readonly reads: number
  /** Until when what it is given lives. Unix ms. */
  readonly expires: number
}

export class Stated {
  readonly #deps: StatedDeps
  /** Until when no more counts of this member for this question. Unix ms. */
  readonly #heard = new Map<string, number>()

  constructor(deps: StatedDeps) {
    this.#deps = deps
  }

  /** What the read counts for: one, or as many as the member states. */
  counted(stated: StatedReads): number {
    const { clock, ring, popular } = this.#deps
    const { hint, key, from, level, reads, expires } = stated
    if (reads <= 1 || popular.levelOf(hint) < level) return 1
    if (level === 1 && !this.#isFirstCopy(hint, from)) return 1
    const of = `${from} ${key}`
    if ((this.#heard.get(of) ?? 0) > clock.now()) return 1
    this.#heard.delete(of)
    this.#heard.set(of, expires)
    if (this.#heard.size > limits.MAX_WARM) this.#heard.delete(this.#heard.keys().next().value!)
    return Math.min(reads, mostReads(level, ring.members().length))
  }

  /** Of now, or of the epoch before: what it served then it says now. */
  #isFirstCopy(hint: NameHint, from: PeerId): boolean {
    const { clock, ring } = this.#deps
    const member = ring.memberByPeer(from)
    const now = epochOf(hint, clock.now())
    for (const epoch of [now, now - 1])
      for (let number = 0; number < serversAt(1, 1); number++)
        if (member !== undefined && copyAt(ring, { hint, level: 1, number, epoch })?.id === member.id) return true
    return false
  }
}

/** A member reads once in the life of an answer, and draws one of the copies: a copy is drawn twice as often as the mean at most. */
export function mostReads(level: number, members: number): number {
  return Math.max(limits.LEAST_READERS, Math.ceil((limits.DRAWN_MOST * members) / serversAt(level, 1)))
}
