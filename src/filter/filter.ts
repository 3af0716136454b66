/** The filter of one node: the sets and settings that are in force, and what they make of a question. */
import type { Clock } from '../base/index.ts'
import { Class, type Name, type Question } from '../dns/index.ts'
import { blocked, rewritten } from './deciding/answers.ts'
import { type ClientGroups, clientGroups, DEFAULT_GROUP } from './deciding/clients.ts'
import { type FilterQuestion, type Profile, type Weighed, weigh } from './deciding/decide.ts'
import { compileOwn } from './deciding/own-rules.ts'
import { holdsAt } from './deciding/schedule.ts'
import { Matcher, type RuleMatch } from './set/matcher.ts'
import type { PackedSet } from './set/packed-set.ts'
import type {
  AnswerMode,
  ClientIdentity,
  FilterAnswer,
  GroupOptions,
  Judgement,
  OwnRules,
  Pause,
  QuestionFilter,
} from './types.ts'

/** What the configuration says of blocking, beside the lists. */
export interface FilterOptions {
  readonly groups: readonly GroupOptions[]
  readonly mode: AnswerMode
  /** Seconds that clients may remember what they were told. */
  readonly ttl: number
  readonly own: OwnRules
  /** The groups of lists that say for whom they are: for these they hold whatever `GroupOptions.lists` says, and for no others. Left out: none says. */
  readonly listGroups?: ReadonlyMap<string, readonly string[]>
}

export interface FilterDeps {
  readonly clock: Pick<Clock, 'now'>
  /** 16 random bytes. */
  readonly seed: Uint8Array
  /** Who a client is beside its address; undefined: nothing is known of it. */
  readonly identify: (address: string) => ClientIdentity | undefined
}

/** What the filter makes of a question, with the rules. */
export interface Looked {
  readonly verdict: 'pass' | 'allowed' | 'blocked' | 'rewritten' | 'paused'
  readonly group: string
  readonly by: RuleMatch | undefined
  /** Name of the list of a rule. */
  readonly listOf: (match: RuleMatch) => string
  readonly matches: readonly RuleMatch[]
}

/** In the words that clients are told: no list is called so. */
export const OWN_RULES = 'own rules'
const PASS: Judgement = { answer: undefined, isForAll: true }

/** A group as it is now. */
interface Now extends Profile {
  readonly mode: AnswerMode
  readonly isPaused: boolean
}

export class Filter implements QuestionFilter {
  readonly #deps: FilterDeps
  #options: FilterOptions
  #listed: Matcher | undefined
  #mine: Matcher
  #made: OwnRules = { all: [], groups: {} }
  #pauses: readonly Pause[] = []
  #clients: ClientGroups
  #groups: ReadonlyMap<string, Now> = new Map()
  /** Whether a name without any rule may be blocked. */
  #hasEverything = false
  #state = ''

  /** Throws FILTER_RULE. */
  constructor(deps: FilterDeps, options: FilterOptions) {
    this.#deps = deps
    this.#options = options
    this.#clients = clientGroups(options.groups)
    this.#mine = this.#compileMine(options, this.#made)
    this.refresh()
  }

  /** All but the lists and what was made while the node runs. Throws FILTER_RULE, and then changes nothing. */
  configure(options: FilterOptions): void {
    const mine = this.#compileMine(options, this.#made)
    this.#options = options
    this.#mine = mine
    this.#clients = clientGroups(options.groups)
    this.refresh()
  }

  /** Undefined: there are no lists. */
  setLists(set: PackedSet | undefined): void {
    this.#listed = set && new Matcher(set)
    this.refresh()
  }

  /** Rules that were made while the node runs. Throws FILTER_RULE, and then changes nothing. */
  setOwn(own: OwnRules): void {
    this.#mine = this.#compileMine(this.#options, own)
    this.#made = own
    this.refresh()
  }

  setPauses(pauses: readonly Pause[]): void {
    const now = this.#deps.clock.now()
    this.#pauses = pauses.filter(({ until }) => until > now)
    this.refresh()
  }

  own(): OwnRules {
    return this.#made
  }

  pauses(): readonly Pause[] {
    const now = this.#deps.clock.now()
    return this.#pauses.filter(({ until }) => until > now)
  }

  /** Looks at the clock. Owes whether a schedule or a pause has begun or ended, so that answers of before do not hold. */
  refresh(): boolean {
    const now = this.#deps.clock.now()
    const { groups } = this.#options
    const all = groups.some(({ name }) => name === DEFAULT_GROUP) ? groups : [...groups, DEFAULT]
    this.#groups = new Map(all.map((group, i) => [group.name, this.#at(group, i, now)]))
    this.#hasEverything = [...this.#groups.values()].some(({ everything, isPaused }) => everything && !isPaused)
    const state = JSON.stringify([...this.#groups.values()])
    const isChanged = state !== this.#state
    this.#state = state
    return isChanged
  }

  judge(question: Question, client: string): Judgement {
    const { name } = question
    if (question.class !== Class.IN) return PASS
    const listed = this.#listed?.matches(name) ?? []
    const mine = this.#mine.matches(name)
    if (listed.length === 0 && mine.length === 0 && !this.#hasEverything) return PASS
    const identity = this.#deps.identify(client)
    const group = this.#groupOf(client, identity)
    if (group === undefined) return PASS
    const asked = { key: name.key, type: question.type, client, identity }
    const weighed = weighNow(group, listed, mine, asked)
    const isForAll = this.#isForAll({ group, weighed }, listed, mine, asked)
    return { answer: this.#answer(question, group, weighed), isForAll }
  }

  /** Undefined client: as the group `default` is treated. */
  look(name: Name, type: number, client: string | undefined): Looked {
    const listed = this.#listed?.matches(name) ?? []
    const mine = this.#mine.matches(name)
    const identity = client === undefined ? undefined : this.#deps.identify(client)
    const group = (client && this.#groupOf(client, identity)) || this.#groups.get(DEFAULT_GROUP)!
    const asked = { key: name.key, type, client: client ?? '', identity }
    const { verdict, by } = weigh(listed, mine, group, asked)
    const words = { pass: 'pass', allow: 'allowed', block: 'blocked', rewrite: 'rewritten' } as const
    return {
      verdict: group.isPaused ? 'paused' : words[verdict],
      group: group.group,
      by: group.isPaused ? undefined : by[0],
      listOf: (match) => (mine.includes(match) ? 'own' : this.#listed!.set.lists[match.rule.list]!),
      matches: [...mine, ...listed],
    }
  }

  #answer(question: Question, { mode }: Now, { verdict, by, isOwn }: Weighed): FilterAnswer | undefined {
    const { ttl } = this.#options
    const [first] = by
    const list = isOwn || first === undefined ? OWN_RULES : this.#listed!.set.lists[first.rule.list]!
    if (verdict === 'block') return blocked(question, mode, ttl, list)
    if (verdict !== 'rewrite') return undefined
    const rewrites = by.flatMap(({ rule }) => (rule.rewrite === undefined ? [] : [rule.rewrite]))
    return rewritten(question, rewrites, ttl, list)
  }

  /** Whether whoever asks gets the same: only then may an answer be given without looking here. */
  #isForAll(
    { group, weighed }: { readonly group: Now; readonly weighed: Weighed },
    listed: readonly RuleMatch[],
    mine: readonly RuleMatch[],
    asked: FilterQuestion,
  ): boolean {
    if ([...listed, ...mine].some(({ rule }) => rule.when?.clients !== undefined)) return false
    for (const other of this.#groups.values()) {
      if (other === group) continue
      const theirs = weighNow(other, listed, mine, asked)
      if (isPassing(weighed) && isPassing(theirs)) continue
      if (theirs.verdict !== weighed.verdict || theirs.by[0]?.rule !== weighed.by[0]?.rule) return false
      if (other.mode !== group.mode) return false
    }
    return true
  }

  #groupOf(client: string, identity: ClientIdentity | undefined): Now | undefined {
    const name = this.#clients.of(client, identity)
    return name === undefined ? undefined : this.#groups.get(name)
  }

  #at({ name, lists, schedules, mode }: GroupOptions, place: number, now: number): Now {
    const holding = schedules.filter((schedule) => holdsAt(schedule, now))
    const added = new Set(holding.flatMap((schedule) => (schedule.lists === 'everything' ? [] : schedule.lists)))
    const { listGroups } = this.#options
    const isNamed = (list: string) =>
      added.has(list) || (listGroups?.get(list)?.includes(name) ?? (lists === undefined || lists.includes(list)))
    const own = this.#mine.set.lists.map((_, i) => i === 0 || i === place + 1)
    return {
      group: name,
      lists: (this.#listed?.set.lists ?? []).map(isNamed),
      own,
      everything: holding.some((schedule) => schedule.lists === 'everything'),
      mode: mode ?? this.#options.mode,
      isPaused: this.#pauses.some((pause) => (pause.group ?? name) === name && pause.until > now),
    }
  }

  #compileMine({ groups, own }: FilterOptions, made: OwnRules): Matcher {
    const names = groups.map(({ name }) => name)
    const all = names.includes(DEFAULT_GROUP) ? names : [...names, DEFAULT_GROUP]
    return new Matcher(compileOwn([own, made], all, this.#deps.seed))
  }
}

const DEFAULT: GroupOptions = { name: DEFAULT_GROUP, clients: [], lists: undefined, schedules: [], mode: undefined }
const RESTS: Weighed = { verdict: 'pass', by: [], isOwn: false }

function weighNow(
  group: Now,
  listed: readonly RuleMatch[],
  mine: readonly RuleMatch[],
  asked: FilterQuestion,
): Weighed {
  return group.isPaused ? RESTS : weigh(listed, mine, group, asked)
}

function isPassing({ verdict }: Weighed): boolean {
  return verdict === 'pass' || verdict === 'allow'
}
