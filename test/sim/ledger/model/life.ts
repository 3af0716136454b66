/** The life of a name by docs/protocol.md: where it stands, what time makes of it, what it costs. Written anew, so that no mistake of the module is here. */
import type { NamePolicy, NameRecord, NameSettings } from '../../../../src/ledger/index.ts'
import { oldestCds, withSettings } from './cds-times.ts'

export type Life = NonNullable<NameRecord['life']>
export type LifeRecord = NameRecord & { readonly life: Life }
type Terms = Pick<NamePolicy, 'redemptionMs' | 'pendingMs' | 'lockMs'>

export type Phase = 'registered' | 'grace' | 'redemption' | 'ending' | 'free'

export function born(at: number): Life {
  return {
    resolves: at,
    freed: 0,
    isLocked: false,
    lockedUntil: 0,
    frozenUntil: 0,
    guardians: undefined,
    round: 0,
    judgedFrom: at,
    pending: undefined,
  }
}

/** Of a record as time has made it. */
export function phaseAt({ owner, expires, life }: LifeRecord, { redemptionMs }: Terms, now: number): Phase {
  if (owner === undefined) return 'free'
  if (now >= life.resolves) return now >= life.resolves + redemptionMs ? 'ending' : 'redemption'
  return now >= expires ? 'grace' : 'registered'
}

/** Each thing at its own time, however late somebody looks. */
export function settledAt(record: LifeRecord, terms: Terms, now: number): LifeRecord {
  let after = record
  while (after.owner !== undefined) {
    const { pending, resolves } = after.life
    const free = resolves + terms.redemptionMs + terms.pendingMs
    const isFirst = pending !== undefined && pending.at < free
    if ((isFirst ? pending.at : free) > now) break
    after = isFirst ? afterwards(after, pending, terms) : freedAt(after, free)
  }
  return after
}

function freedAt(record: LifeRecord, at: number): LifeRecord {
  const { round } = record.life
  return { ...record, owner: undefined, settings: undefined, life: { ...born(at), freed: at, round } }
}

function afterwards(record: LifeRecord, act: NonNullable<Life['pending']>, terms: Terms): LifeRecord {
  const life = { ...record.life, pending: undefined }
  switch (act.kind) {
    case 'unlock':
      return { ...record, life: { ...life, isLocked: false } }
    case 'guardians':
      return { ...record, life: { ...life, guardians: act.guardians } }
    case 'roll':
      return { ...record, life, owner: act.to }
    case 'release':
      return freedAt(record, act.at)
    // Guardians of the old owner are not those of the new one; who was recovered keeps them.
    case 'transfer':
      return handed({ ...record, life: { ...life, guardians: undefined } }, act.to, act.settings, act.at, terms)
    case 'recovery':
      return handed({ ...record, life }, act.to, undefined, act.at, terms)
  }
}

function handed(
  record: LifeRecord,
  to: Uint8Array,
  settings: NameSettings | undefined,
  at: number,
  { lockMs }: Terms,
): LifeRecord {
  return {
    ...withSettings(record, settings ?? { ...record.settings!, updateByCds: false }, at),
    newestCds: oldestCds(record, at),
    owner: to,
    generation: record.generation + 1,
    life: { ...record.life, isLocked: false, lockedUntil: at + lockMs, frozenUntil: 0 },
  }
}

/** Whether what the owner signs counts now: the name resolves, and its key is not disputed. */
export function mayAct(record: LifeRecord, terms: Terms, now: number): boolean {
  const phase = phaseAt(record, terms, now)
  const { frozenUntil, pending } = record.life
  return (phase === 'registered' || phase === 'grace') && frozenUntil <= now && pending?.kind !== 'recovery'
}

export function feeOf({ prices }: Pick<NamePolicy, 'prices'>, letters: number, terms: number): number {
  return terms * (prices[letters - 1] ?? prices.at(-1)!)
}

/** Halved each halving since it came free, in a straight line between; what has fallen is rounded down. */
export function premiumAt({ premium, halvingMs, halvings }: NamePolicy, freed: number, now: number): number {
  const times = Math.floor((now - freed) / halvingMs)
  if (freed === 0 || times >= halvings) return 0
  let from = premium
  for (let i = 0; i < times; i++) from = Math.floor(from / 2)
  const since = now - freed - times * halvingMs
  return from - Math.floor(((from - Math.floor(from / 2)) * since) / halvingMs)
}
