/** The life of a name, by its record and the time alone: where it stands, what is due, and what time makes of it. */
import { changedSettings, newestCdsAt } from './changes.ts'
import type { NameLife, PendingAct } from './life-record.ts'
import { type NamePolicy, premiumAt } from './policy.ts'
import type { NameRecord } from './record.ts'

/** A record of a name that somebody has, where names have a policy. */
export type Living = NameRecord & { readonly life: NameLife }

/**
 * `registered` and `grace` resolve; in `grace` anybody may still renew it. In `redemption` only its owner may bring it back, in `ending` nobody; `free`: who
 * registers it has it.
 */
export type LifePhase = 'registered' | 'grace' | 'redemption' | 'ending' | 'free'

/** `now` in unix ms, of the block or of a reader's clock. */
export function phaseOf({ owner, expires, life }: NameRecord, policy: PhaseTerms, now: number): LifePhase {
  if (owner === undefined) return 'free'
  if (life === undefined || now < Math.min(expires, life.resolves)) return 'registered'
  if (now < life.resolves) return 'grace'
  if (now < life.resolves + policy.redemptionMs) return 'redemption'
  return now < freeAt(life, policy) ? 'ending' : 'free'
}

type PhaseTerms = Pick<NamePolicy, 'redemptionMs' | 'pendingMs'>

/** When it comes free by itself. */
export function freeAt({ resolves }: NameLife, { redemptionMs, pendingMs }: PhaseTerms): number {
  return resolves + redemptionMs + pendingMs
}

/** When time changes the record next; undefined: never. */
export function dueAt({ owner, life }: NameRecord, policy: NamePolicy): number | undefined {
  if (owner === undefined || life === undefined) return undefined
  const free = freeAt(life, policy)
  return life.pending === undefined ? free : Math.min(life.pending.at, free)
}

/** What is left of a record at a time: all that was due has happened, each at its own time, however late somebody looks. */
export function settled(record: NameRecord, policy: NamePolicy, now: number): NameRecord {
  let at = record
  for (;;) {
    const due = dueAt(at, policy)
    if (due === undefined || due > now) return at
    const living = at as Living
    const { pending } = living.life
    at =
      pending?.at === due && due < freeAt(living.life, policy) ? applied(living, pending, policy) : freed(living, due)
  }
}

/** Nobody has it any more. What stays says which generation comes next, and that statements of its owners are used up. */
export function freed({ life, ...record }: Living, at: number): NameRecord {
  return { ...record, owner: undefined, settings: undefined, life: { ...bornAt(at), freed: at, round: life.round } }
}

/** A life in which nothing has happened yet. */
export function bornAt(at: number): NameLife {
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

/** With what was under way done. */
function applied(record: Living, act: PendingAct, policy: NamePolicy): NameRecord {
  const life = { ...record.life, pending: undefined }
  switch (act.kind) {
    case 'transfer':
      return handedOver(record, { ...act, life: { ...life, guardians: undefined } }, policy)
    case 'recovery':
      return handedOver(record, { ...act, settings: undefined, life }, policy)
    case 'roll':
      return { ...record, owner: act.to, life }
    case 'guardians':
      return { ...record, life: { ...life, guardians: act.guardians } }
    case 'unlock':
      return { ...record, life: { ...life, isLocked: false } }
    case 'release':
      return freed(record, act.at)
  }
}

interface HandOver extends Pick<PendingAct & { kind: 'transfer' }, 'at' | 'to' | 'settings'> {
  readonly life: NameLife
}

function handedOver(record: Living, { at, to, settings, life }: HandOver, { lockMs }: NamePolicy): NameRecord {
  // Whoever held the zone key before must not choose the keys of the new owner.
  const next = settings ?? (record.settings && { ...record.settings, updateByCds: false })
  return {
    ...(next === undefined ? record : changedSettings(record, next, at)),
    newestCds: newestCdsAt(record, at),
    owner: to,
    generation: record.generation + 1,
    life: { ...life, isLocked: false, lockedUntil: at + lockMs, frozenUntil: 0 },
  }
}

/** What a name costs besides its fee, by when it came free last; nothing for one that never did. */
export function premiumOf(record: NameRecord | undefined, policy: NamePolicy, now: number): number {
  const freedAt = record?.life?.freed ?? 0
  return freedAt === 0 ? 0 : premiumAt(policy, freedAt, now)
}
