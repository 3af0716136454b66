/** What a line of a list says, as data that can go from one thread to another. */

/** Which names a rule is about: its own alone, those below it, or both. */
export const Scope = { NAME: 1, BELOW: 2, BOTH: 3 } as const
export type Scope = (typeof Scope)[keyof typeof Scope]

export interface Rewrite {
  /** NOERROR where there are records or an alias. */
  readonly rcode: number
  readonly records: readonly { readonly type: number; readonly rdata: Uint8Array }[]
  /** Wire form of the name that this one stands for. */
  readonly alias: Uint8Array | undefined
}

/** When a rule holds; all that is given must be so. */
export interface Conditions {
  /** Types of records that it holds for; `not`: for all others. */
  readonly types: { readonly values: readonly number[]; readonly not: boolean } | undefined
  /** Addresses, prefixes, MAC addresses and names of devices, in lower case. One of `only`, if there are any, and none of `not`. */
  readonly clients: { readonly only: readonly string[]; readonly not: readonly string[] } | undefined
  /** Keys of names (`Name.key`) that it does not hold for, nor for those below them. */
  readonly except: readonly string[] | undefined
  /** A pattern with stars that the name must match; see `matchesPattern`. */
  readonly pattern: string | undefined
}

export interface Rule {
  /** Its place among the lists of its set. */
  readonly list: number
  readonly scope: Scope
  /** `keep`: no other rule rewrites the name. */
  readonly action: 'block' | 'allow' | 'rewrite' | 'keep'
  readonly isImportant: boolean
  /** Of the rules of its list, only those of the deepest name hold (RPZ). */
  readonly isClosest: boolean
  readonly when: Conditions | undefined
  readonly rewrite: Rewrite | undefined
}

/** Why a line is passed over. */
export type Skip =
  | 'bad name'
  | 'address'
  | 'regular expression'
  | 'pattern'
  | 'modifier'
  | 'cosmetic'
  | 'too wide'
  | 'rewrite'
  | 'trigger'
  | 'too long'
  | 'too many'
  | 'syntax'

/** What a reader of lists hands on. Names are in wire form and lower case in `wire[0..length)`, and valid until the next one. */
export interface RuleSink {
  /** The frequent case: a name, blocked or allowed for everybody. */
  plain(wire: Uint8Array, length: number, scope: Scope, action: 'block' | 'allow', isImportant: boolean): void
  /** `name`: what the rule is found by; the root for a pattern that may match anywhere. */
  special(name: Uint8Array, rule: Omit<Rule, 'list'>): void
  /** The line is passed over. */
  skip(why: Skip): void
}
