/** What of the rules that speak of a name holds for a client. Pure, and the only place where they are weighed. */

import type { Rule } from '../rules.ts'
import type { RuleMatch } from '../set/matcher.ts'
import type { ClientIdentity } from '../types.ts'
import { isNamed } from './clients.ts'

/** A group as it is now. */
export interface Profile {
  readonly group: string
  /** By the number of a list: whether it holds. */
  readonly lists: readonly boolean[]
  /** The same of the household's own rules. */
  readonly own: readonly boolean[]
  /** No name is answered but those that are allowed. */
  readonly everything: boolean
}

export interface FilterQuestion {
  /** `Name.key`. */
  readonly key: string
  readonly type: number
  readonly client: string
  readonly identity: ClientIdentity | undefined
}

export interface Weighed {
  readonly verdict: 'pass' | 'allow' | 'block' | 'rewrite'
  /** All of the deciding ones with `rewrite`: each may have a record. Empty with `pass`, and where a schedule blocks everything. */
  readonly by: readonly RuleMatch[]
  readonly isOwn: boolean
}

const PASS: Weighed = { verdict: 'pass', by: [], isOwn: false }
const EVERYTHING: Weighed = { verdict: 'block', by: [], isOwn: true }

/** Own rules first; then what is important; rewriting stands before allowing, and allowing before blocking. */
export function weigh(
  listed: readonly RuleMatch[],
  own: readonly RuleMatch[],
  profile: Profile,
  asked: FilterQuestion,
): Weighed {
  const mine = own.filter(({ rule }) => profile.own[rule.list] === true && holds(rule, asked))
  const decided = weighAmong(mine, true)
  if (decided !== undefined) return decided
  const theirs = listed.filter(({ rule }) => profile.lists[rule.list] === true && holds(rule, asked))
  const verdict = weighAmong(theirs, false)
  if (verdict?.verdict === 'allow' || !profile.everything) return verdict ?? PASS
  return EVERYTHING
}

function weighAmong(matches: readonly RuleMatch[], isOwn: boolean): Weighed | undefined {
  if (matches.length === 0) return undefined
  const of = (action: Rule['action'], isImportant?: boolean) =>
    matches.filter(
      ({ rule }) => rule.action === action && (isImportant === undefined || rule.isImportant === isImportant),
    )
  const verdict = (word: Weighed['verdict'], by: readonly RuleMatch[]): Weighed | undefined =>
    by.length === 0 ? undefined : { verdict: word, by, isOwn }
  const rewrites = of('keep').length > 0 ? [] : deepest(of('rewrite'))
  return (
    verdict('allow', of('allow', true)) ??
    verdict('block', of('block', true)) ??
    verdict('rewrite', rewrites) ??
    verdict('allow', of('allow')) ??
    verdict('block', of('block'))
  )
}

/** Of several names the deepest; of several lists the first. */
function deepest(matches: readonly RuleMatch[]): readonly RuleMatch[] {
  const [first] = matches
  return first === undefined
    ? []
    : matches.filter(({ rule, labels }) => labels === first.labels && rule.list === first.rule.list)
}

function holds({ when }: Rule, { key, type, client, identity }: FilterQuestion): boolean {
  if (when === undefined) return true
  const { types, clients, except } = when
  if (types !== undefined && types.values.includes(type) === types.not) return false
  if (except?.some((above) => isAtOrBelow(key, above)) === true) return false
  if (clients === undefined) return true
  if (isNamed(clients.not, client, identity)) return false
  return clients.only.length === 0 || isNamed(clients.only, client, identity)
}

/** Keys are wire forms: what they end with begins at a label. */
function isAtOrBelow(key: string, above: string): boolean {
  if (!key.endsWith(above)) return false
  let at = 0
  while (at < key.length - above.length) at += key.charCodeAt(at) + 1
  return at === key.length - above.length
}
