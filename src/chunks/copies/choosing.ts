/** Which copy of a popular name this node asks: one of its level, at random. */
import type { Clock, Random } from '../../base/index.ts'
import type { Question } from '../../dns/index.ts'
import type { MemberEntry, Ring } from '../../ring/index.ts'
import { serversAt } from './levels.ts'
import { hintOf } from './mark.ts'
import { copyAt, epochOf } from './places.ts'
import type { Popular } from './popular.ts'

export interface ChoosingDeps {
  readonly clock: Clock
  readonly random: Random
  readonly ring: Pick<Ring, 'self' | 'members' | 'ownerOf' | 'isSuspect'>
  readonly popular: Pick<Popular, 'levelOf' | 'size'>
}

export interface ChosenCopy {
  readonly member: MemberEntry
  readonly level: number
}

export interface Choosing {
  isPopular(question: Question): boolean
  /** Undefined: the name is not popular, and the replicas are asked. `level`: at most this one, left out: the name's own. */
  copyOf(question: Question, level?: number): ChosenCopy | undefined
}

export function createChoosing({ clock, random, ring, popular }: ChoosingDeps): Choosing {
  return {
    isPopular: ({ name }) => popular.size > 0 && popular.levelOf(hintOf(name)) > 0,
    copyOf(question, most) {
      if (popular.size === 0) return undefined
      const hint = hintOf(question.name)
      const epoch = epochOf(hint, clock.now())
      // Where this node keeps the copy itself, or cannot reach who does, a copy of the level below will do.
      for (let level = Math.min(most ?? Number.MAX_VALUE, popular.levelOf(hint)); level > 0; level--) {
        const member = copyAt(ring, { hint, level, number: random.below(serversAt(level, 1)), epoch })
        if (member !== undefined && member.id !== ring.self.id && !ring.isSuspect(member.id)) return { member, level }
      }
      return undefined
    },
  }
}
