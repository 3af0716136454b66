/**
 * A set of names with rules, in flat memory that threads share: 64 bits of a keyed hash and a number for each name, in open addressing. The names themselves are
 * not in it: that a name meets one of a million others has a probability of 2^-44. Names with the same rules have the same number.
 */
import { limits } from '../limits.ts'
import type { Rule } from '../rules.ts'
import { NameHash } from './name-hash.ts'

export interface PackedSet {
  /** 16 bytes, that names are hashed with. */
  readonly seed: Uint8Array
  /** Three words a slot: high and low word of the hash, and which rules; 0: the slot is free. */
  readonly slots: Uint32Array
  readonly names: number
  readonly rules: readonly Rule[]
  /** For each number of rules where they begin in `members`; one more at the end. */
  readonly starts: Uint32Array
  readonly members: Uint32Array
  /** What the rules' `list` counts. */
  readonly lists: readonly string[]
}

const WORDS = 3
const LEAST_SLOTS = 16
const TWO_TO_32 = 2 ** 32

/** The slot where the hash is, or the free one where it would be. */
export function slotOf(slots: Uint32Array, high: number, low: number): number {
  const count = slots.length / WORDS
  let slot = Math.floor((high * count) / TWO_TO_32)
  for (;;) {
    const at = slot * WORDS
    if (slots[at + 2] === 0 || (slots[at] === high && slots[at + 1] === low)) return at
    slot = slot + 1 === count ? 0 : slot + 1
  }
}

export class SetBuilder {
  readonly #seed: Uint8Array
  readonly #hash: NameHash
  readonly #lists: readonly string[]
  #slots: Uint32Array
  #names = 0
  readonly #rules: Rule[] = []
  readonly #ruleNumbers = new Map<string, number>()
  /** Of a million names most have the rule of the name before. */
  #last: { readonly rule: Rule; readonly number: number } | undefined
  /** For each rule the number that stands for it alone. */
  readonly #alone: number[] = []
  /** Which rules a number stands for; 0 is none. */
  readonly #sets: (readonly number[])[] = [[]]
  /** A number and a rule more -> the number of both. */
  readonly #next = new Map<number, number>()
  #special = 0

  /** `expected`: how many names there may be. */
  constructor(seed: Uint8Array, lists: readonly string[], expected: number) {
    this.#seed = seed
    this.#hash = new NameHash(seed)
    this.#lists = lists
    this.#slots = new Uint32Array(slotsFor(expected) * WORDS)
  }

  /** False when there are too many rules with conditions of their own. */
  add(name: Uint8Array, length: number, rule: Rule): boolean {
    const number = this.#last?.rule === rule ? this.#last.number : this.#numberOf(rule)
    if (number === -1) return false
    const [high, low] = [this.#hash.high(name, length), this.#hash.low(name, length)]
    let at = slotOf(this.#slots, high, low)
    if (this.#slots[at + 2] === 0) {
      if ((this.#names + 1) * WORDS > this.#slots.length * limits.MOST_FILLED) {
        this.#slots = copied(this.#slots, new Uint32Array(slotsFor(this.#names * 2) * WORDS))
        at = slotOf(this.#slots, high, low)
      }
      this.#slots[at] = high
      this.#slots[at + 1] = low
      this.#names++
    }
    this.#slots[at + 2] = this.#with(this.#slots[at + 2]!, number)
    return true
  }

  /** What was added, in as little memory as it needs. */
  finish(): PackedSet {
    const bytes = new SharedArrayBuffer(slotsFor(this.#names) * WORDS * Uint32Array.BYTES_PER_ELEMENT)
    const starts = new Uint32Array(this.#sets.length + 1)
    const members = new Uint32Array(this.#sets.reduce((sum, set) => sum + set.length, 0))
    let at = 0
    for (const [i, set] of this.#sets.entries()) {
      starts[i] = at
      members.set(set, at)
      at += set.length
    }
    starts[this.#sets.length] = at
    return {
      seed: this.#seed,
      slots: copied(this.#slots, new Uint32Array(bytes)),
      names: this.#names,
      rules: this.#rules,
      starts,
      members,
      lists: this.#lists,
    }
  }

  #with(set: number, rule: number): number {
    if (set !== 0) return this.#more(set, rule)
    const known = this.#alone[rule]
    if (known !== undefined) return known
    const alone = this.#more(0, rule)
    this.#alone[rule] = alone
    return alone
  }

  #more(set: number, rule: number): number {
    const key = set * limits.MAX_SPECIAL_RULES * 2 + rule
    const known = this.#next.get(key)
    if (known !== undefined) return known
    const members = this.#sets[set]!
    const next = members.includes(rule) ? set : this.#sets.push([...members, rule]) - 1
    this.#next.set(key, next)
    return next
  }

  /** Rules without conditions are the same for many names. */
  #numberOf(rule: Rule): number {
    const { list, scope, action, isImportant, isClosest, when, rewrite } = rule
    const isOwn =
      when !== undefined || (rewrite !== undefined && (rewrite.alias !== undefined || rewrite.records.length > 0))
    if (isOwn) return this.#special++ >= limits.MAX_SPECIAL_RULES ? -1 : this.#rules.push(rule) - 1
    const key = `${list} ${scope} ${action} ${isImportant} ${isClosest} ${rewrite?.rcode}`
    const number = this.#ruleNumbers.get(key) ?? this.#rules.push(rule) - 1
    this.#ruleNumbers.set(key, number)
    this.#last = { rule, number }
    return number
  }
}

function slotsFor(names: number): number {
  return Math.max(LEAST_SLOTS, Math.ceil(names / limits.MOST_FILLED) + 1)
}

function copied(from: Uint32Array, to: Uint32Array): Uint32Array {
  for (let at = 0; at < from.length; at += WORDS) {
    if (from[at + 2] === 0) continue
    const target = slotOf(to, from[at]!, from[at + 1]!)
    to[target] = from[at]!
    to[target + 1] = from[at + 1]!
    to[target + 2] = from[at + 2]!
  }
  return to
}

/** Bytes of the names; rules with conditions come to that. */
export function bytesOf({ slots, starts, members }: PackedSet): number {
  return slots.byteLength + starts.byteLength + members.byteLength
}
