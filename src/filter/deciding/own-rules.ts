/** The household's own rules as a set: few, changed often, and in force at once. */
import { ChordnsError } from '../../base/index.ts'
import { limits } from '../limits.ts'
import { compileLists, type ListText } from '../set/compile.ts'
import type { PackedSet } from '../set/packed-set.ts'
import type { OwnRules } from '../types.ts'

/** Place 0 of the set's lists is for all groups, and behind it those of `groups`. Throws FILTER_RULE with detail {rule, why}. */
export function compileOwn(own: readonly OwnRules[], groups: readonly string[], seed: Uint8Array): PackedSet {
  const lists = ['', ...groups].map((group) =>
    own.flatMap((rules) => (group === '' ? rules.all : (rules.groups[group] ?? []))),
  )
  const count = lists.reduce((sum, rules) => sum + rules.length, 0)
  if (count > limits.MAX_OWN_RULES)
    throw new ChordnsError('FILTER_RULE', `at most ${limits.MAX_OWN_RULES} rules of your own, not ${count}`, {})
  for (const rule of lists.flat()) checkRule(rule)
  return compileLists(
    lists.map((rules, i) => textOf(rules, i === 0 ? 'own' : groups[i - 1]!)),
    seed,
  ).set
}

/** Throws FILTER_RULE. */
export function checkRule(rule: string): void {
  const refused = (why: string) =>
    new ChordnsError('FILTER_RULE', `the rule "${rule}" cannot be used: ${why}`, { rule, why })
  if (rule.includes('\n') || rule.length > limits.MAX_LINE_BYTES) throw refused('it is no line')
  const [count] = compileLists([textOf([rule], 'own')], new Uint8Array(16)).counts
  const why = count?.problems[0]?.why
  if (why !== undefined) throw refused(why)
  if (count?.entries === 0 && !rule.includes('badfilter')) throw refused('it says nothing')
}

function textOf(rules: readonly string[], name: string): ListText {
  return {
    options: { name, kind: 'block', format: 'auto', rewrites: true },
    bytes: new TextEncoder().encode(rules.join('\n')),
  }
}

/** The rule that blocks or allows a name and all below it. `name`: as a person writes it. */
export function ruleFor(action: 'block' | 'allow', name: string): string {
  return `${action === 'allow' ? '@@' : ''}||${name.replace(/\.$/, '').toLowerCase()}^`
}
