/** What nodes decide of all names of a TLD (B9) by docs/protocol.md: other rules from a height on, names that are kept, and titles of who has a name elsewhere. */
import type { NamePolicy } from '../../../../src/ledger/index.ts'
import type { Deed, WishDeed } from '../intents.ts'
import type { Moment } from './admission.ts'
import type { NameModel } from './names.ts'
import type { NodeModel } from './nodes.ts'
import type { TermModel } from './terms.ts'
import { VoteModel } from './votes.ts'

type DeedOf<Kind extends Deed['kind']> = Extract<Deed, { kind: Kind }>

const LEAST_NOTICE = 60
const MOST_NOTICE = 1_051_200
const DAY_MS = 86_400_000
const MOST_WISHES = 64

interface OpenWish {
  readonly text: string
  readonly until: number
}

export interface NextRules {
  readonly height: number
  readonly policy: NamePolicy
}

export interface NameVoteParts {
  readonly names: NameModel
  readonly terms: TermModel
  readonly nodes: NodeModel
  /** What is voted on, by its number. */
  readonly policies: readonly NamePolicy[]
}

export class NameVoteModel {
  /** That waits for its height. */
  next: NextRules | undefined
  readonly #isRoot: boolean
  readonly #parts: NameVoteParts
  readonly #onNames = new VoteModel()
  readonly #onTitles = new VoteModel()
  #wishes: readonly OpenWish[] = []
  #won: string[] = []

  constructor(chainName: string, parts: NameVoteParts) {
    this.#isRoot = chainName === 'root'
    this.#parts = parts
  }

  setPolicy(by: string, { height, which, inFavour }: DeedOf<'setPolicy'>, moment: Moment): boolean {
    const { nodes, policies } = this.#parts
    const voice = nodes.voiceOf(by)
    const ahead = height - moment.height
    if (this.#isRoot || voice === undefined || ahead < LEAST_NOTICE || ahead > MOST_NOTICE) return false
    if (this.#onNames.cast(`policy ${which} from ${height}`, voice, inFavour, moment.time, nodes.voters))
      this.next = { height, policy: policies[which]! }
    return true
  }

  keep(by: string, { label, isKept, owner, inFavour }: DeedOf<'keep'>, { time }: Moment): boolean {
    const { names, nodes } = this.#parts
    const voice = nodes.voiceOf(by)
    if (names.policy === undefined || voice === undefined) return false
    if (!this.#onNames.cast(`${label} ${isKept} ${owner}`, voice, inFavour, time, nodes.voters)) return true
    if (isKept) names.keep(label, owner)
    else names.free(label)
    this.#won.push(isKept ? 'kept' : 'freed')
    return true
  }

  settle({ label }: DeedOf<'settle'>, { time }: Moment): boolean {
    return this.#parts.names.settleOld(label, time)
  }

  wish(deed: DeedOf<'wish'>, { time }: Moment): boolean {
    const open = this.#openAt(time)
    const text = textOf(deed)
    if (!this.#isElsewhere(deed) || open.some((one) => one.text === text) || open.length >= MOST_WISHES) return false
    this.#wishes = [...open, { text, until: time + DAY_MS }]
    return true
  }

  title(by: string, deed: DeedOf<'title'>, { time }: Moment): boolean {
    const { names, nodes } = this.#parts
    const voice = nodes.voiceOf(by)
    const open = this.#openAt(time)
    const text = textOf(deed)
    if (!this.#isElsewhere(deed) || voice === undefined || !open.some((one) => one.text === text)) return false
    if (!this.#onTitles.cast(text, voice, deed.inFavour, time, nodes.voters)) return true
    this.#wishes = open.filter((one) => one.text !== text)
    names.titles.set(deed.label, { owner: deed.owner, until: time + 7 * DAY_MS })
    this.#won.push('title')
    return true
  }

  /** After all else that a block brings: rules that were voted for hold from the next one on. */
  endBlock({ height, time }: Moment): void {
    if (this.next === undefined || height + 1 < this.next.height) return
    const { names, terms } = this.#parts
    const { policy } = this.next
    this.#won.push(names.policy === undefined ? 'terms' : 'other terms')
    if (names.policy?.useMs !== policy.useMs) terms.useFrom = time + policy.useMs
    names.ruleBy(policy, time)
    this.next = undefined
  }

  /** What was decided since this was called last. */
  takeWon(): readonly string[] {
    const won = this.#won
    this.#won = []
    return won
  }

  #openAt(time: number): readonly OpenWish[] {
    return this.#wishes.filter(({ until }) => until > time)
  }

  #isElsewhere({ tld }: WishDeed): boolean {
    return this.#parts.names.policy?.elsewhere?.includes(tld) === true
  }
}

function textOf({ label, tld, owner }: WishDeed): string {
  return `${label} ${tld} ${owner}`
}
