/** The authorities of a world, and what of their answers can be true: what an own fetch finds, by who asks and when. */
import { ChordnsError } from '../../../src/base/index.ts'
import type { Question } from '../../../src/dns/index.ts'
import type { Content, Outcome } from '../../../src/evidence/index.ts'
import type { SeededRandom } from '../../../src/sim/index.ts'
import { answer, ask, nothing } from '../../chunks/world.ts'

export type Behaviour = 'static' | 'rotating' | 'geographic' | 'lame' | 'absent'

export interface Site {
  readonly question: Question
  readonly behaviour: Behaviour
  readonly ttl: number
}

/** Last octets that no authority of this world ever says. */
const LIE_OCTET = 200
const ROTATION = 3
const TTLS = [60, 120, 300]

const NAMES: readonly (readonly [string, Behaviour])[] = [
  ['www.one.example.com', 'static'],
  ['www.two.example.com', 'static'],
  ['www.three.example.com', 'static'],
  ['many.example.com', 'rotating'],
  ['near.example.com', 'geographic'],
  ['broken.example.com', 'lame'],
  ['none.example.com', 'absent'],
]

export interface Upstream {
  readonly sites: readonly Site[]
  /** What an honest fetch finds. Throws as own iteration would when no server answers. */
  fetch(question: Question, region: number): Outcome
  lie(question: Question): Outcome
  /** Whether `content` is something that an authority never said. */
  isLie(question: Question, content: Content): boolean
}

export function createUpstream(random: SeededRandom): Upstream {
  const ttls = random.split('ttls')
  const rotation = random.split('rotation')
  const lame = random.split('lame')
  const sites = NAMES.map(([name, behaviour]) => ({
    question: ask(name),
    behaviour,
    ttl: TTLS[ttls.below(TTLS.length)]!,
  }))
  const siteOf = (question: Question) => sites.findIndex((site) => site.question.name.key === question.name.key)
  const pool = (index: number): number[] => Array.from({ length: 10 }, (_, i) => 10 * index + i)

  return {
    sites,
    fetch(question, region) {
      const index = siteOf(question)
      const { behaviour, ttl } = sites[index]!
      const octets = pool(index)
      switch (behaviour) {
        case 'static':
          return answer(question, octets.slice(0, 1), ttl)
        case 'rotating': {
          const first = rotation.below(octets.length - ROTATION + 1)
          return answer(question, octets.slice(first, first + ROTATION), ttl)
        }
        case 'geographic':
          return answer(question, octets.slice(region, region + 1), ttl)
        case 'lame':
          // One of its servers does not serve the zone.
          if (lame.below(2) === 0) throw new ChordnsError('RECURSE_FAILED', 'no server answers', {})
          return answer(question, octets.slice(0, 1), ttl)
        case 'absent':
          return nothing(3)
      }
    },
    lie: (question) => answer(question, [LIE_OCTET], 300),
    isLie(question, content) {
      const index = siteOf(question)
      const { behaviour } = sites[index]!
      if (content.kind === 'absent') return behaviour !== 'absent'
      if (content.kind !== 'rrset') return false
      if (behaviour === 'absent') return true
      const true_ = new Set(pool(index))
      return content.rrset.rdatas.some((rdata) => rdata.length !== 4 || !true_.has(rdata[3]!))
    },
  }
}
