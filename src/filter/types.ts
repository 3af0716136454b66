/** Words that the whole room shares: lists, groups, decisions, and what of them is changed while a node runs. */
import type { Name, Question, ResourceRecord } from '../dns/index.ts'

/** How the lines of a list are read. `auto`: line by line, by what each looks like; RPZ is never guessed. */
export type ListFormat = 'auto' | 'hosts' | 'domains' | 'wildcard' | 'adblock' | 'rpz'

/** What the names of a list are for. Lines of the adblock form say it themselves (`@@` allows). */
export type ListKind = 'block' | 'allow'

export interface ListOptions {
  /** What the operator calls it; clients are told it with what is blocked. */
  readonly name: string
  readonly kind: ListKind
  readonly format: ListFormat
  /** Whether its rules may answer with other addresses and names: whoever writes such a list can send a client anywhere. */
  readonly rewrites: boolean
}

/** What a client is told instead of an answer. `null`: 0.0.0.0 and ::, as hosts files have it. */
export type AnswerMode =
  | 'null'
  | 'nxdomain'
  | 'nodata'
  | 'refused'
  | { readonly ipv4: string | undefined; readonly ipv6: string | undefined }

/** A part of the week, in the machine's own time zone. One that ends before it begins goes on into the next day. */
export interface Schedule {
  /** 0: Sunday. */
  readonly days: readonly number[]
  /** Minutes since midnight. */
  readonly from: number
  readonly to: number
  /** In that time these lists hold, too; `everything`: no name is answered but those that are allowed. */
  readonly lists: readonly string[] | 'everything'
}

/** Clients that are treated alike. Whoever is in none is in the group `default`. */
export interface GroupOptions {
  readonly name: string
  /** Addresses, prefixes, MAC addresses, and names of devices. A device or MAC stands before a prefix, a longer prefix before a shorter one. */
  readonly clients: readonly string[]
  /** Names of lists; undefined: all. */
  readonly lists: readonly string[] | undefined
  readonly schedules: readonly Schedule[]
  /** Undefined: as for all. */
  readonly mode: AnswerMode | undefined
}

/** Rules of the household's own, in the adblock form (`||name^`, `@@||name^`); they stand before those of lists. */
export interface OwnRules {
  /** For all groups. */
  readonly all: readonly string[]
  /** By group. */
  readonly groups: Readonly<Record<string, readonly string[]>>
}

/** Until when a group's filter rests; ms of wall clock. */
export interface Pause {
  /** Undefined: all groups. */
  readonly group: string | undefined
  readonly until: number
}

/** Who a client is beside its address. */
export interface ClientIdentity {
  /** Lower case, with colons. */
  readonly mac: string | undefined
  /** Names of the device, in lower case. */
  readonly names: readonly string[]
}

/** A rule that speaks of a name. */
export interface RuleView {
  /** `own` for the household's own. */
  readonly list: string
  readonly action: 'block' | 'allow' | 'rewrite'
  /** As it stands in the list; undefined when the list could not be read again. */
  readonly text: string | undefined
  /** 1-based. */
  readonly line: number | undefined
  /** The name of the rule that the question's is, or is below. */
  readonly matched: string
}

/** What the filter makes of a question of a client, and why. */
export interface FilterDecision {
  readonly verdict: 'pass' | 'allowed' | 'blocked' | 'rewritten' | 'paused'
  readonly group: string
  /** The rule that decides; undefined with `pass`, `paused`, and a schedule that blocks everything. */
  readonly by: RuleView | undefined
  /** All rules that speak of the name, whether they hold for this group or not. */
  readonly rules: readonly RuleView[]
}

/** What answers a question in place of the world. */
export interface FilterAnswer {
  readonly rcode: number
  readonly answers: readonly ResourceRecord[]
  readonly authorities: readonly ResourceRecord[]
  /** Name of the list. */
  readonly list: string
  /** `blocked`: nothing of the whole answer is given. `rewritten`: these are the records of the name, and an alias among them is followed. */
  readonly verdict: 'blocked' | 'rewritten'
}

/** What is in force for a question: asked for each link of a chain of aliases. */
export interface Judgement {
  /** Undefined: the question is one for the world. */
  readonly answer: FilterAnswer | undefined
  /** Whether every client would get the same. */
  readonly isForAll: boolean
}

/** The filter as the resolver sees it. */
export interface QuestionFilter {
  /** `client`: an address; questions of this node itself (any other word) pass. */
  judge(question: Question, client: string): Judgement
}

/** How one list is. */
export interface ListState {
  readonly name: string
  readonly kind: ListKind
  readonly source: string
  /** Rules that are in force of it. */
  readonly entries: number
  /** Lines that say something this node does not do, or that are wrong. */
  readonly skipped: number
  /** Unix ms: when its text was last fetched or found unchanged; undefined: never. */
  readonly updatedAt: number | undefined
  /** Why the last try failed; undefined: it did not. */
  readonly trouble: string | undefined
  /** Unix ms: when that was. */
  readonly failedAt: number | undefined
}

/** What can be seen and changed of the filter while a node runs: for the status API, and for what boxes share. */
export interface FilterControl {
  why(name: Name, type: number, client: string | undefined): Promise<FilterDecision>
  lists(): readonly ListState[]
  groups(): readonly GroupOptions[]
  /** Rules that were made while the node runs; those of the configuration stand beside them. */
  own(): OwnRules
  /** Takes the place of all of them. Throws FILTER_RULE for one that cannot be read, and then changes nothing. */
  setOwn(rules: OwnRules): void
  pauses(): readonly Pause[]
  /** Takes the place of all of them; what is over is left out. */
  setPauses(pauses: readonly Pause[]): void
  /** Fetches lists now, those of files too; a name: that one. Resolves when they are in force. */
  update(list?: string): Promise<readonly ListState[]>
}
