/** Which lines of a list speak of a name: the list is read once more, since the set has no texts. */
import type { Name } from '../../dns/index.ts'
import { textOf } from '../reading/bytes.ts'
import { matchesPattern } from '../reading/patterns.ts'
import { readList } from '../reading/read-list.ts'
import { type Rule, Scope } from '../rules.ts'
import type { ListOptions } from '../types.ts'
import { textOfKey } from './matcher.ts'

export interface RuleLine {
  readonly line: number
  readonly text: string
  readonly action: Rule['action']
  /** The rule's name, without a dot at the end. */
  readonly matched: string
}

/** At most `most`, from the top of the list. */
export function explain(bytes: Uint8Array, options: ListOptions, { key }: Name, most: number): readonly RuleLine[] {
  const found: RuleLine[] = []
  const name = Uint8Array.from(key, (unit) => unit.charCodeAt(0))
  let [line, from, to] = [0, 0, 0]
  const add = (rule: Uint8Array, action: Rule['action']) => {
    if (found.length >= most) return
    const matched = textOfKey(String.fromCharCode(...rule))
    found.push({ line, text: textOf(bytes, from, to).trim(), action, matched })
  }
  readList(bytes, options, {
    line(number, start, end) {
      line = number
      from = start
      to = end
    },
    plain(wire, length, scope, action) {
      if (speaksOf(name, wire, length, scope)) add(wire.slice(0, length), action)
    },
    special(wire, { scope, action, when }) {
      const pattern = when?.pattern
      const isAbout =
        pattern === undefined ? speaksOf(name, wire, wire.length, scope) : matchesPattern(pattern, textOfKey(key))
      if (isAbout) add(wire, action)
    },
    skip() {},
  })
  return found
}

/** Compared from the end, where most names differ soon. */
function speaksOf(name: Uint8Array, wire: Uint8Array, length: number, scope: Scope): boolean {
  const above = name.length - length
  if (above < 0 || (scope & (above === 0 ? Scope.NAME : Scope.BELOW)) === 0) return false
  for (let i = length - 1; i >= 0; i--) if (name[above + i] !== wire[i]) return false
  let at = 0
  while (at < above) at += name[at]! + 1
  return at === above
}
