/** Lists -> one packed set. It takes seconds for millions of lines: it is called in a thread of its own. */
import { limits } from '../limits.ts'
import { NEWLINE, textOf } from '../reading/bytes.ts'
import { badfiltersOf, readList } from '../reading/read-list.ts'
import type { Rule, RuleSink, Scope, Skip } from '../rules.ts'
import type { ListOptions } from '../types.ts'
import { type PackedSet, SetBuilder } from './packed-set.ts'

export interface ListText {
  readonly options: ListOptions
  readonly bytes: Uint8Array
}

export interface ListCount {
  readonly entries: number
  readonly skipped: number
  /** The first ones: line and reason. */
  readonly problems: readonly { readonly line: number; readonly why: Skip; readonly text: string }[]
}

export interface Compiled {
  readonly set: PackedSet
  /** In the order of the lists. */
  readonly counts: readonly ListCount[]
}

/** `seed`: 16 random bytes. */
export function compileLists(texts: readonly ListText[], seed: Uint8Array): Compiled {
  const disabled = new Set(texts.flatMap(({ bytes, options }) => (isPlain(options) ? [] : badfiltersOf(bytes))))
  const expected = texts.reduce((sum, { bytes }) => sum + linesOf(bytes), 0)
  const names = texts.map(({ options }) => options.name)
  const builder = new SetBuilder(seed, names, expected)
  const counts = texts.map(({ options, bytes }, list) => {
    const counting = new CountingSink(builder, list, bytes)
    readList(bytes, options, counting, disabled)
    return counting.count()
  })
  return { set: builder.finish(), counts }
}

function isPlain({ format }: ListOptions): boolean {
  return format === 'hosts' || format === 'domains' || format === 'wildcard' || format === 'rpz'
}

function linesOf(bytes: Uint8Array): number {
  let lines = 1
  for (let at = 0; at < bytes.length; at++) if (bytes[at] === NEWLINE) lines++
  return lines
}

class CountingSink implements RuleSink {
  readonly #builder: SetBuilder
  readonly #list: number
  readonly #bytes: Uint8Array
  readonly #problems: { line: number; why: Skip; text: string }[] = []
  #entries = 0
  #skipped = 0
  #loose = 0
  #line = 0
  #from = 0
  #to = 0
  /** The rules of a list that differ in nothing: made once. */
  readonly #plain: Rule[] = []

  constructor(builder: SetBuilder, list: number, bytes: Uint8Array) {
    this.#builder = builder
    this.#list = list
    this.#bytes = bytes
  }

  line(number: number, from: number, to: number): void {
    this.#line = number
    this.#from = from
    this.#to = to
  }

  plain(wire: Uint8Array, length: number, scope: Scope, action: 'block' | 'allow', isImportant: boolean): void {
    this.#add(wire, length, this.#plainRule(scope, action, isImportant))
  }

  special(name: Uint8Array, rule: Omit<Rule, 'list'>): void {
    if (name.length === 1 && ++this.#loose > limits.MAX_LOOSE_PATTERNS) this.skip('too many')
    else this.#add(name, name.length, { ...rule, list: this.#list })
  }

  skip(why: Skip): void {
    this.#skipped++
    if (this.#problems.length >= limits.MAX_SHOWN_PROBLEMS) return
    const end = Math.min(this.#to, this.#from + limits.MAX_SHOWN_BYTES)
    this.#problems.push({ line: this.#line, why, text: textOf(this.#bytes, this.#from, end) })
  }

  count(): ListCount {
    return { entries: this.#entries, skipped: this.#skipped, problems: this.#problems }
  }

  #add(name: Uint8Array, length: number, rule: Rule): void {
    if (this.#builder.add(name, length, rule)) this.#entries++
    else this.skip('too many')
  }

  #plainRule(scope: Scope, action: 'block' | 'allow', isImportant: boolean): Rule {
    const place = scope * 4 + (action === 'allow' ? 2 : 0) + (isImportant ? 1 : 0)
    const known = this.#plain[place]
    if (known !== undefined) return known
    const common = { isClosest: false, when: undefined, rewrite: undefined }
    const rule: Rule = { list: this.#list, scope, action, isImportant, ...common }
    this.#plain[place] = rule
    return rule
  }
}
