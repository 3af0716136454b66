/** The file in which a TLD says how long its names are had, and at which price: for `chordns ledger init --names`. */
import { z } from 'zod'
import { ChordnsError, fromHex, fromLatin1, toHex } from '../../base/index.ts'
import { defaultPolicy, KEPT_FOR_CLAIMS, type KeptRoot, type NamePolicy } from '../../ledger/index.ts'
import { durationMs } from './domain-life.ts'

const duration = z.string().regex(/^\d+(\.\d+)?[smhdy]$/, { error: 'must be as 30d: a number with s, m, h, d or y' })
const units = z
  .int()
  .min(0)
  .max(2 ** 40)
const key = z.string().regex(/^[0-9a-f]{64}$/, { error: 'must be a public key: 64 hex digits in lower case' })
/** What is left out is as `defaultPolicy` has it. */
const schema = z
  .strictObject({
    term: duration,
    mostTerms: z.int().min(1).max(1_000),
    grace: duration,
    redemption: duration,
    pendingDelete: duration,
    premium: units,
    premiumHalving: duration,
    premiumHalvings: z.int().min(0).max(1_000),
    restorePrice: units,
    /** By the number of letters; the last for all longer ones. */
    prices: z.array(units).min(1).max(63),
    transferDelay: duration,
    lock: duration,
    freeze: duration,
    leastGuardianDelay: duration,
    holdDown: duration,
    /** 0s: names need not be used. */
    mustBeUsedWithin: duration,
    registrationsADay: z.int().min(1).max(1_000),
    /** An account; left out: that of the first endorser. */
    payee: key,
    /** Labels that nobody gets (null), or one owner only, or whoever claims the domain that he has in the DNS ("claim"). */
    kept: z.record(z.string(), key.or(z.literal('claim')).nullable()),
    /** Names that wait for whoever claims them, on pages in a file of their own: as `domain import --out` writes it. */
    keptPages: z.strictObject({ bits: z.int(), names: z.int(), seed: key, root: key }),
    /** A name is given only to whoever has the same in one of these TLDs, by their chains. */
    elsewhere: z.array(z.string().regex(/^[a-z0-9-]{1,63}$/, { error: 'must be a TLD in lower case' })).max(8),
  })
  .partial()

const TIMES = {
  term: 'termMs',
  grace: 'graceMs',
  redemption: 'redemptionMs',
  pendingDelete: 'pendingMs',
  premiumHalving: 'halvingMs',
  transferDelay: 'transferMs',
  lock: 'lockMs',
  freeze: 'freezeMs',
  leastGuardianDelay: 'guardMs',
  holdDown: 'holdMs',
  mustBeUsedWithin: 'useMs',
} as const

/** `payee`: whoever is paid where the file says nobody. Throws LEDGER_GENESIS. */
export function parseNamePolicy(file: string, text: string, payee: Uint8Array): NamePolicy {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw bad(`${file} is not JSON`)
  }
  const parsed = schema.safeParse(json)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw bad(`${file}: ${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'malformed'}`)
  }
  const { premiumHalvings, payee: named, kept = {}, keptPages, ...given } = parsed.data
  const times = Object.entries(TIMES).map(([word, name]) => {
    const value = given[word as keyof typeof TIMES]
    return [name, value === undefined ? defaultPolicy[name] : durationMs(word, value)]
  })
  return {
    ...defaultPolicy,
    ...(Object.fromEntries(times) as Pick<NamePolicy, (typeof TIMES)[keyof typeof TIMES]>),
    mostTerms: given.mostTerms ?? defaultPolicy.mostTerms,
    premium: given.premium ?? defaultPolicy.premium,
    restorePrice: given.restorePrice ?? defaultPolicy.restorePrice,
    prices: given.prices ?? defaultPolicy.prices,
    registrationsADay: given.registrationsADay ?? defaultPolicy.registrationsADay,
    halvings: premiumHalvings ?? defaultPolicy.halvings,
    ...(keptPages !== undefined && {
      pages: { ...keptPages, seed: fromHex(keptPages.seed), root: fromHex(keptPages.root) },
    }),
    ...(given.elsewhere !== undefined && { elsewhere: given.elsewhere }),
    payee: named === undefined ? payee : fromHex(named),
    kept: Object.entries(kept).map(([label, owner]) => ({
      label: fromLatin1(label),
      owner: owner === null ? undefined : owner === 'claim' ? KEPT_FOR_CLAIMS : fromHex(owner),
    })),
  }
}

/** What such a file would say, without the kept names: they stand on the chain one by one. */
export function namePolicyFields(policy: NamePolicy): Readonly<Record<string, unknown>> {
  const times = Object.entries(TIMES).map(([word, name]) => [word, durationText(policy[name])])
  const { mostTerms, premium, restorePrice, prices, registrationsADay, halvings, payee, elsewhere } = policy
  const numbers = { mostTerms, premium, restorePrice, prices, registrationsADay, premiumHalvings: halvings }
  return { ...Object.fromEntries(times), ...numbers, payee: toHex(payee), ...(elsewhere && { elsewhere }) }
}

export function keptRootFields({ bits, names, seed, root }: KeptRoot) {
  return { bits, names, seed: toHex(seed), root: toHex(root) }
}

function durationText(ms: number): string {
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
  ] as const
  const [letter, size] = units.find(([, size]) => ms > 0 && ms % size === 0) ?? ['s', 1_000]
  return `${ms / size}${letter}`
}

function bad(what: string) {
  return new ChordnsError('LEDGER_GENESIS', `a genesis of no use: ${what}`, { what })
}
