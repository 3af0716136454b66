/** What the filter decided, with the lines that say so. */
import { errorText } from '../../base/index.ts'
import type { Name } from '../../dns/index.ts'
import { explainList, type FilterDecision, type Looked, type RuleLine, type RuleView } from '../../filter/index.ts'
import { limits } from '../limits.ts'

export interface WhySources {
  /** Own rules that hold for the group. */
  readonly own: readonly string[]
  readonly linesOf: (list: string) => Promise<readonly RuleLine[]>
}

const OWN = 'own'

export async function decisionOf(looked: Looked, name: Name, { own, linesOf }: WhySources): Promise<FilterDecision> {
  const { verdict, group, by, matches, listOf } = looked
  const lists = [...new Set(matches.map(listOf))]
  const rules: RuleView[] = []
  for (const list of lists) {
    const lines = list === OWN ? ownLines(own, name) : await linesOf(list).catch((error: unknown) => unread(error))
    rules.push(...lines.map((line) => viewOf(list, line)))
  }
  const deciding = by && rules.find((rule) => rule.list === listOf(by) && rule.action === actionOf(by.rule.action))
  return { verdict, group, by: deciding, rules: rules.slice(0, limits.MAX_RULES_SHOWN) }
}

function ownLines(own: readonly string[], name: Name): readonly RuleLine[] {
  const options = { name: OWN, kind: 'block', format: 'auto', rewrites: true } as const
  return explainList(new TextEncoder().encode(own.join('\n')), options, name, limits.MAX_RULES_SHOWN)
}

/** The list is gone since: what it said is not known any more. */
function unread(error: unknown): readonly RuleLine[] {
  return [{ line: 0, text: errorText(error), action: 'block', matched: '' }]
}

function viewOf(list: string, { line, text, action, matched }: RuleLine): RuleView {
  return { list, action: actionOf(action), text, line: list === OWN ? undefined : line, matched }
}

function actionOf(action: RuleLine['action']): RuleView['action'] {
  return action === 'keep' ? 'allow' : action
}
