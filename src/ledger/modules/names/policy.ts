/**
 * What a TLD says of the life of its names: terms, prices, delays, names that are kept back. It stands in the genesis of its chain; a chain
 * without one gives names out for ever and for nothing, as the first release did.
 */
import { equalBytes, fromLatin1, latin1 } from '../../../base/index.ts'
import { type CborField, type CborValue, encodeCanonical } from '../../../crypto/index.ts'
import { moduleKey } from '../../draft.ts'
import { limits as ledgerLimits } from '../../limits.ts'
import { badGenesis, ledgerReader, malformed } from '../../refusal.ts'
import type { Draft, StateReader } from '../../types.ts'
import { type KeptRoot, keptRootFromValue, keptRootOf, keptRootToValue, writeKeptRoot } from './kept-pages.ts'
import { NAMES } from './kinds.ts'
import { isNameLabel, keyIn, Part } from './label.ts'
import { limits } from './limits.ts'

const { readCbor, readMap, readRow, readList, readInteger, readBytes, readHash } = ledgerReader

const SCHEMA = 1
/** With pages of kept names: in a genesis only. Releases that do not know it refuse the chain. */
const PAGED = 2
const POLICY = keyIn(Part.POLICY, new Uint8Array())

/** Under which key of a chain's state the policy stands. */
export const policyStateKey = moduleKey(NAMES, POLICY)

/** All times in ms of block time, all prices in the smallest unit of the chain's accounts. */
export interface NamePolicy {
  /** How long a name is had for one fee. */
  readonly termMs: number
  /** So many terms at most from now to the end. */
  readonly mostTerms: number
  /** After the end: it resolves, and anybody may renew it. */
  readonly graceMs: number
  /** After that: it does not resolve, and its owner may restore it. */
  readonly redemptionMs: number
  /** After that nobody may do anything, so that all know when it comes free. */
  readonly pendingMs: number
  /** What a released name costs at once besides its fee; halved each `halvingMs`, nothing after `halvings`. */
  readonly premium: number
  readonly halvingMs: number
  readonly halvings: number
  /** Of a restored name, besides its fee. */
  readonly restorePrice: number
  /** Of one term, by the number of letters: the first for one letter, the last for all that are longer. */
  readonly prices: readonly number[]
  /** From a transfer, a release or the end of a lock to the time when it takes effect. */
  readonly transferMs: number
  /** After a name was registered or has changed hands it is not passed on for so long, unless its owner says otherwise when registering it. */
  readonly lockMs: number
  /** Of a freeze. The next one may come as long after its end. */
  readonly freezeMs: number
  /** Guardians wait at least so long before a name is theirs to give. */
  readonly guardMs: number
  /** Before other keys of an owner or of guardians count. */
  readonly holdMs: number
  /** So long a name has to be served at all, before nodes may say that it is not used; and so long once they were wrong. */
  readonly useMs: number
  /** Names that one account registers in a day of block time. */
  readonly registrationsADay: number
  /** Who is paid: an account. */
  readonly payee: Uint8Array
  /** Names that are given to nobody, or to one owner only (B9). */
  readonly kept: readonly KeptName[]
  /** Names that wait for whoever claims them, in any number: in a genesis only. */
  readonly pages?: KeptRoot | undefined
  /** A name is given only to whoever has the same in one of these TLDs, by their chains (B9). In lower case. Undefined: to anybody. */
  readonly elsewhere?: readonly string[] | undefined
}

export interface KeptName {
  readonly label: Uint8Array
  /** The one who may register it; undefined: nobody. */
  readonly owner: Uint8Array | undefined
}

const DAY = 24 * 60 * 60 * 1_000

/** For whom nothing else is known: a year at a time, the delays of ICANN and ENS, short names dear. */
export const defaultPolicy: Omit<NamePolicy, 'payee'> = {
  termMs: 365 * DAY,
  mostTerms: 10,
  graceMs: 30 * DAY,
  redemptionMs: 30 * DAY,
  pendingMs: 5 * DAY,
  premium: 1_000_000,
  halvingMs: DAY,
  halvings: 21,
  restorePrice: 100,
  prices: [2_560, 1_280, 640, 160, 10],
  transferMs: 2 * DAY,
  lockMs: 60 * DAY,
  freezeMs: 14 * DAY,
  guardMs: 7 * DAY,
  holdMs: 30 * DAY,
  // A TLD has to want it: a name that serves mail alone, or nobody yet, is a name.
  useMs: 0,
  registrationsADay: 50,
  kept: [],
}

/** Numbers of the policy in the order in which they are encoded. */
const NUMBERS = [
  'termMs',
  'mostTerms',
  'graceMs',
  'redemptionMs',
  'pendingMs',
  'premium',
  'halvingMs',
  'halvings',
  'restorePrice',
  'transferMs',
  'lockMs',
  'freezeMs',
  'guardMs',
  'holdMs',
  'useMs',
  'registrationsADay',
] as const
/** Nothing comes of these when they are 0. */
const POSITIVE: ReadonlySet<string> = new Set(['termMs', 'mostTerms', 'halvingMs', 'freezeMs', 'registrationsADay'])

/**
 * {0: 1, 1: [numbers], 2: [prices], 3: payee, 4: [[label, owner or null], ...], 5: [TLDs]}; without 5 where names are for anybody. With pages of kept
 * names, in a genesis: 0: 2, and 6: their root.
 */
export function policyToValue(policy: NamePolicy): CborValue {
  return new Map<number, CborValue>([
    [0, policy.pages === undefined ? SCHEMA : PAGED],
    [1, NUMBERS.map((name) => policy[name])],
    [2, [...policy.prices]],
    [3, policy.payee],
    [4, policy.kept.map(({ label, owner }) => [label, owner ?? null])],
    ...(policy.elsewhere === undefined ? [] : [[5, policy.elsewhere.map(fromLatin1)] as const]),
    ...(policy.pages === undefined ? [] : [[6, keptRootToValue(policy.pages)] as const]),
  ])
}

/** Of a genesis: it may have pages of kept names. Throws LEDGER_MALFORMED. */
export function policyFromGenesis(value: CborField): NamePolicy {
  const fields = readMap(value, 'policy of names')
  if (fields.get(0) !== PAGED) return policyFromValue(value)
  const pages = keptRootFromValue(fields.get(6))
  return { ...policyFromValue(new Map([...fields, [0, SCHEMA]])), pages }
}

/** Throws LEDGER_MALFORMED. */
export function policyFromValue(value: CborField): NamePolicy {
  const fields = readMap(value, 'policy of names')
  readInteger(fields.get(0), SCHEMA, SCHEMA, 'schema')
  const row = readRow(fields.get(1), NUMBERS.length, 'numbers')
  const numbers = Object.fromEntries(
    NUMBERS.map((name, at) => [name, readInteger(row[at], POSITIVE.has(name) ? 1 : 0, mostOf(name), name)]),
  ) as unknown as Pick<NamePolicy, (typeof NUMBERS)[number]>
  const prices = readList(fields.get(2), limits.MAX_PRICES, 'prices', (one) =>
    readInteger(one, 0, limits.MOST_UNITS, 'price'),
  )
  if (prices.length === 0) throw badGenesis('a policy of names without a price')
  return {
    ...numbers,
    prices,
    payee: readHash(fields.get(3), 'payee'),
    kept: readList(fields.get(4), limits.MAX_KEPT, 'kept names', (one) => {
      const [label, owner] = readRow(one, 2, 'kept name')
      return {
        label: readBytes(label, 1, 63, 'label'),
        owner: owner === null ? undefined : readHash(owner, 'owner'),
      }
    }),
    ...(fields.has(5) && { elsewhere: readList(fields.get(5), limits.MAX_ELSEWHERE, 'elsewhere', tldFrom) }),
  }
}

export function tldFrom(field: CborField): string {
  const label = readBytes(field, 1, 63, 'TLD')
  if (!isNameLabel(label)) throw malformed('TLD')
  return latin1(label)
}

function mostOf(name: (typeof NUMBERS)[number]): number {
  if (name.endsWith('Ms')) return limits.MOST_TERM_MS
  return name === 'premium' || name === 'restorePrice' ? limits.MOST_UNITS : limits.MOST_COUNT
}

/** Puts the policy where operations find it; each kept name has a key of its own. Throws LEDGER_MALFORMED, LEDGER_GENESIS. */
export function beginPolicy(own: Draft, genesis: CborField): void {
  const policy = policyFromGenesis(genesis)
  for (const { label, owner } of policy.kept) {
    if (!isNameLabel(label)) throw badGenesis('a kept name that no chain has')
    keepName(own, label, { owner })
  }
  if (policy.pages !== undefined) writeKeptRoot(own, policy.pages)
  replacePolicy(own, policy)
}

/** Without the kept names; undefined: names have no end here. */
export function policyOf(own: StateReader): NamePolicy | undefined {
  const value = own.get(POLICY)
  return value === undefined ? undefined : policyFromBytes(value)
}

/** From the block after this one on. The kept names stay as they are. */
export function replacePolicy(own: Draft, policy: NamePolicy): void {
  own.set(POLICY, encodeCanonical(policyToValue({ ...policy, kept: [], pages: undefined })))
}

/** A policy that was voted for, and from which height on. */
export interface NextPolicy {
  readonly height: number
  readonly policy: NamePolicy
}

const NEXT = keyIn(Part.NEXT_POLICY, new Uint8Array())

/** Under which key of a chain's state it stands. */
export const nextPolicyStateKey = moduleKey(NAMES, NEXT)

export function nextPolicyOf(own: StateReader): NextPolicy | undefined {
  const value = own.get(NEXT)
  return value === undefined ? undefined : nextPolicyFromBytes(value)
}

/** Throws LEDGER_MALFORMED. */
export function nextPolicyFromBytes(value: Uint8Array): NextPolicy {
  const [height, policy] = readRow(readCbor(value, ledgerLimits.MAX_VALUE_BYTES, 'next policy'), 2, 'next policy')
  return { height: readInteger(height, 1, ledgerLimits.MAX_AMOUNT, 'height'), policy: policyFromValue(policy) }
}

/** Undefined: none waits any more. */
export function writeNextPolicy(own: Draft, next: NextPolicy | undefined): void {
  if (next === undefined) own.delete(NEXT)
  else own.set(NEXT, encodeCanonical([next.height, policyToValue(next.policy)]))
}

/** Throws LEDGER_MALFORMED. */
export function policyFromBytes(value: Uint8Array): NamePolicy {
  return policyFromValue(readCbor(value, ledgerLimits.MAX_VALUE_BYTES, 'policy of names'))
}

/** By what is said of this one name. Undefined: everybody may have it; null: nobody; else the one who may. */
export function keptFor(own: StateReader, label: Uint8Array): Uint8Array | null | undefined {
  const value = own.get(keyIn(Part.KEPT, label))
  if (value === undefined || equalBytes(value, FREED)) return undefined
  const owner = readCbor(value, 64, 'kept name')
  return owner === null ? null : readHash(owner, 'owner')
}

/** A vote has freed it, whatever the pages of kept names say. */
export function isFreed(own: StateReader, label: Uint8Array): boolean {
  const value = own.get(keyIn(Part.KEPT, label))
  return value !== undefined && equalBytes(value, FREED)
}

const FREED = encodeCanonical(false)

/** `rule` undefined: everybody may have it; `owner` undefined: nobody. Whoever has the name goes on having it. */
export function keepName(own: Draft, label: Uint8Array, rule: Pick<KeptName, 'owner'> | undefined): void {
  const key = keyIn(Part.KEPT, label)
  if (rule !== undefined) own.set(key, encodeCanonical(rule.owner ?? null))
  else if (keptRootOf(own) !== undefined) own.set(key, FREED)
  else own.delete(key)
}

/** Of so many terms. */
export function feeOf({ prices }: NamePolicy, label: Uint8Array, terms: number): number {
  return prices[Math.min(label.length, prices.length) - 1]! * terms
}

/** Of a name that came free at `freed`: it falls in a straight line from one halving to the next. */
export function premiumAt({ premium, halvingMs, halvings }: NamePolicy, freed: number, now: number): number {
  const since = now - freed
  const step = Math.floor(since / halvingMs)
  if (step >= halvings) return 0
  const [from, to] = [Math.floor(premium / 2 ** step), Math.floor(premium / 2 ** (step + 1))]
  // A price times ms is no safe integer.
  return from - Number((BigInt(from - to) * BigInt(since - step * halvingMs)) / BigInt(halvingMs))
}
