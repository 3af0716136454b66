/** Which rules of a set speak of a name. */
import type { Name } from '../../dns/index.ts'
import { matchesPattern } from '../reading/patterns.ts'
import { type Rule, Scope } from '../rules.ts'
import { NameHash } from './name-hash.ts'
import { type PackedSet, slotOf } from './packed-set.ts'

export interface RuleMatch {
  readonly rule: Rule
  /** Labels of the name that the rule stands at. */
  readonly labels: number
}

/** RFC 1035 section 2.3.4. */
const MAX_NAME_BYTES = 255
const NONE: readonly RuleMatch[] = []

export class Matcher {
  readonly set: PackedSet
  readonly #hash: NameHash
  /** The name from its place on: hashed as far as it goes. */
  readonly #name = new Uint8Array(MAX_NAME_BYTES)

  constructor(set: PackedSet) {
    this.set = set
    this.#hash = new NameHash(set.seed)
  }

  /** The deepest first. Conditions on type and client are not looked at. */
  matches({ key, labels }: Name): readonly RuleMatch[] {
    const { slots, names } = this.set
    if (names === 0) return NONE
    let found: RuleMatch[] | undefined
    let left = labels
    for (let at = 0; at < key.length; at += key.charCodeAt(at) + 1) {
      const length = key.length - at
      for (let i = 0; i < length; i++) this.#name[i] = key.charCodeAt(at + i)
      const slot = slotOf(slots, this.#hash.high(this.#name, length), this.#hash.low(this.#name, length))
      const number = slots[slot + 2]!
      if (number !== 0) found = this.#collect(number, key, left, at === 0, found)
      left--
    }
    return found ?? NONE
  }

  #collect(number: number, key: string, labels: number, isName: boolean, before: RuleMatch[] | undefined) {
    const { starts, members, rules } = this.set
    let found = before
    for (let i = starts[number]!; i < starts[number + 1]!; i++) {
      const rule = rules[members[i]!]!
      const pattern = rule.when?.pattern
      const isAbout =
        pattern === undefined
          ? (rule.scope & (isName ? Scope.NAME : Scope.BELOW)) !== 0
          : matchesPattern(pattern, textOfKey(key))
      if (!isAbout || (rule.isClosest && found?.some((one) => isDeeperOf(one, rule, labels)))) continue
      found = [...(found ?? []), { rule, labels }]
    }
    return found
  }
}

function isDeeperOf(match: RuleMatch, rule: Rule, labels: number): boolean {
  return match.rule.list === rule.list && match.labels > labels
}

/** In lower case, without a dot at the end. Octets that stand in no pattern need no escapes. */
export function textOfKey(key: string): string {
  let text = ''
  for (let at = 0; at < key.length - 1; ) {
    const end = at + 1 + key.charCodeAt(at)
    text += (text === '' ? '' : '.') + key.slice(at + 1, end)
    at = end
  }
  return text
}
