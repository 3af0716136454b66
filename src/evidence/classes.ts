/**
 * What observations that differ still agree on: the addresses of sets that rotate, and the address prefixes of names whose answer
 * depends on where one asks. Pure arithmetic over observations that count: signed, by replicas of the set, in time.
 */
import { compareBytes, equalBytes, latin1 } from '../base/index.ts'
import { type Question, Type } from '../dns/index.ts'
import { limits } from './limits.ts'
import type { Observation, Prefix, SeenSet } from './types.ts'

/** Sets by the digest (latin1) that an observation of them carries. */
export type Sets = ReadonlyMap<string, SeenSet>

/** Signers that it takes: more than half of all seats, and never one alone. */
export function quorum(n: number): number {
  return Math.max(limits.MIN_SIGNERS, Math.floor(n / 2) + 1)
}

/** The `nth` largest value, or the least when there are fewer. */
export function nthLargest(values: readonly number[], nth: number): number {
  const sorted = [...values].sort((a, b) => b - a)
  return sorted[Math.min(nth, sorted.length) - 1]!
}

/** Observations by their observer, in the order given. */
export function byObserver(observations: readonly Observation[]): Observation[][] {
  const groups = new Map<string, Observation[]>()
  for (const one of observations) {
    const observer = latin1(one.observer)
    const found = groups.get(observer)
    if (found === undefined) groups.set(observer, [one])
    else found.push(one)
  }
  return [...groups.values()]
}

/**
 * The addresses that more than n/2 saw, if they are at least half of what each of more than n/2 saw; `members` are the
 * observations of those. Undefined when the sets do not rotate through a common pool, or was not observed often enough.
 */
export function rotation(
  counted: readonly Observation[],
  sets: Sets,
  question: Question,
  n: number,
): { readonly kept: readonly Uint8Array[]; readonly members: readonly Observation[] } | undefined {
  if (question.type !== Type.A && question.type !== Type.AAAA) return undefined
  const observers = byObserver(counted).map((observations) => ({
    observations,
    saw: rdatasSeen(observations, sets, question),
  }))
  const kept = countEach(observers.map(({ saw }) => saw)).filter(({ count }) => count >= quorum(n))
  const keys = new Set(kept.map(({ value }) => latin1(value)))
  const members = observers.filter(({ saw }) => saw.length > 0 && 2 * shared(saw, keys) >= saw.length)
  if (kept.length === 0 || kept.length > limits.MAX_RRSET_RECORDS || members.length < quorum(n)) return undefined
  return { kept: kept.map(({ value }) => value), members: members.flatMap(({ observations }) => observations) }
}

/**
 * Whether it is proven that no majority saw the same for long enough: more than n/2 observed, and neither the largest group of
 * equal answers nor the longest TTLs could become a majority if all those who are not heard joined it. Who builds a certificate
 * chooses whom it leaves out; leaving out must not make an agreed name look divergent.
 */
export function diverges(counted: readonly Observation[], n: number): boolean {
  const latest = byObserver(counted).map((own) => own.reduce((a, b) => (b.when > a.when ? b : a)))
  if (latest.length < quorum(n)) return false
  const missing = Math.max(0, n - latest.length)
  const groups = new Map<string, number>()
  for (const { digest } of latest) groups.set(latin1(digest), (groups.get(latin1(digest)) ?? 0) + 1)
  const differ = Math.max(...groups.values()) + missing < quorum(n)
  const ttls = [...latest.map((one) => one.ttl), ...new Array<number>(missing).fill(Number.POSITIVE_INFINITY)]
  return differ || nthLargest(ttls, quorum(n)) < limits.MIN_AGREED_SECONDS
}

/** Prefixes by how many observers saw them, the most seen first. `lengths`: their bytes by type. */
export function seenPrefixes(
  observations: readonly Observation[],
  sets: Sets,
  lengths: PrefixLengths = PLACE_BYTES,
): { readonly prefix: Prefix; readonly count: number }[] {
  const seen = byObserver(observations).map((rounds) => {
    const prefixes = rounds.flatMap((one) => prefixesOf(sets.get(latin1(one.digest)), lengths))
    return distinct(prefixes.map(({ type, bytes }) => Uint8Array.of(type >> 8, type & 0xff, ...bytes)))
  })
  return countEach(seen)
    .sort((a, b) => b.count - a.count)
    .map(({ value, count }) => ({ prefix: { type: (value[0]! << 8) | value[1]!, bytes: value.slice(2) }, count }))
}

/**
 * Prefixes that more than n/2 saw, the most seen first: fewer could be those whom the same hijacker stands before. Where a name is
 * another one in each region, those of its operator's network, which all regions share.
 */
export function agreedPrefixes(counted: readonly Observation[], sets: Sets, n: number): readonly Prefix[] {
  const agreed = (lengths: PrefixLengths) =>
    seenPrefixes(counted, sets, lengths)
      .filter(({ count }) => count >= quorum(n))
      .map(({ prefix }) => prefix)
  const places = agreed(PLACE_BYTES)
  const networks = agreed(NETWORK_BYTES).filter(({ type }) => !places.some((place) => place.type === type))
  return [...places, ...networks].slice(0, limits.MAX_PREFIXES)
}

/** The first bytes of each address; an alias as it is. Others have none. */
function prefixesOf(set: SeenSet | undefined, lengths: PrefixLengths): Prefix[] {
  const bytes = set === undefined ? undefined : lengths.get(set.type)
  if (set === undefined || bytes === undefined) return []
  return set.rdatas.map((rdata) => ({ type: set.type, bytes: rdata.slice(0, bytes) }))
}

/** Whether all that an own fetch brought lies within what was agreed. `set`: in canonical form. */
export function withinPrefixes(set: SeenSet, prefixes: readonly Prefix[]): boolean {
  const isAgreed = (rdata: Uint8Array) =>
    prefixes.some(({ type, bytes }) => type === set.type && startsWith(rdata, bytes, set.type === Type.CNAME))
  return set.rdatas.length > 0 && set.rdatas.every(isAgreed)
}

function startsWith(rdata: Uint8Array, bytes: Uint8Array, isWhole: boolean): boolean {
  return isWhole ? equalBytes(rdata, bytes) : equalBytes(rdata.subarray(0, bytes.length), bytes)
}

type PrefixLengths = ReadonlyMap<number, number>

/** One place: the first 24 bits of an IPv4, the first 48 of an IPv6 address. */
const PLACE_BYTES: PrefixLengths = new Map([
  [Type.A, 3],
  [Type.AAAA, 6],
  [Type.CNAME, 255],
])

/** One operator's network: 16 and 32 bits, what registries give out as a whole. */
const NETWORK_BYTES: PrefixLengths = new Map([
  [Type.A, 2],
  [Type.AAAA, 4],
])

function rdatasSeen(observations: readonly Observation[], sets: Sets, question: Question): Uint8Array[] {
  const found = observations.map((one) => sets.get(latin1(one.digest)))
  return distinct(found.flatMap((set) => (set?.type === question.type ? set.rdatas : [])))
}

function distinct(values: readonly Uint8Array[]): Uint8Array[] {
  return [...new Map(values.map((value) => [latin1(value), value])).values()]
}

/** How many of the lists hold each value; by value. No list holds one twice. */
function countEach(lists: readonly (readonly Uint8Array[])[]): { value: Uint8Array; count: number }[] {
  const counts = new Map<string, { value: Uint8Array; count: number }>()
  for (const value of lists.flat()) {
    const found = counts.get(latin1(value))
    if (found === undefined) counts.set(latin1(value), { value, count: 1 })
    else found.count++
  }
  return [...counts.values()].sort((a, b) => compareBytes(a.value, b.value))
}

function shared(values: readonly Uint8Array[], keys: ReadonlySet<string>): number {
  return values.filter((value) => keys.has(latin1(value))).length
}
