/** Names: first come, first served by commit and reveal, then what the owner says (D28-D36). With terms: `TermModel`. */
import { fromHex, toHex } from '../../../../src/base/index.ts'
import { KEPT_FOR_CLAIMS, type NamePolicy, type NameRecord, type NameSettings } from '../../../../src/ledger/index.ts'
import type { Deed, Place } from '../intents.ts'
import type { Moment } from './admission.ts'
import { oldestCds, withSettings } from './cds-times.ts'
import { born, type Life, type LifeRecord, mayAct, settledAt } from './life.ts'

/** The key of names that are kept for claims; nobody has it. */
const FOR_CLAIMS = toHex(KEPT_FOR_CLAIMS)

interface CommitRow extends Moment {
  readonly number: number
}

/** Times that all names have which are from before there were terms. */
interface Adopted {
  readonly since: number
  readonly expires: number
  readonly resolves: number
  readonly judgedFrom: number
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

export class NameModel {
  /** As the last block left them. */
  readonly records = new Map<string, NameRecord>()
  /** By label: who has the same name elsewhere, and until when that counts. */
  readonly titles = new Map<string, { readonly owner: string; readonly until: number }>()
  #policy: NamePolicy | undefined
  /** Names that were had for ever until then have a life like this one. */
  #adopted: Adopted | undefined
  /** Of which a vote has said that anybody may have them, whatever a page says. */
  readonly #freed = new Set<string>()
  /** Owners that names are kept for: undefined is nobody, and `KEPT_FOR_CLAIMS` whoever claims it first. */
  readonly #kept: Map<string, string | undefined>
  /** Hex; undefined: no name is kept by pages, or no longer. */
  #paged: ReadonlySet<string> | undefined
  readonly #isRoot: boolean
  readonly #commits = new Map<string, CommitRow>()
  #next = 1

  constructor(chainName: string, policy: NamePolicy | undefined, paged: readonly string[]) {
    this.#isRoot = chainName === 'root'
    this.#policy = this.#isRoot ? undefined : policy
    const isPaged = this.#policy !== undefined && paged.length > 0
    this.#paged = isPaged ? new Set(paged.map((label) => toHex(new TextEncoder().encode(label)))) : undefined
    const kept = this.policy?.kept ?? []
    this.#kept = new Map(kept.map(({ label, owner }) => [toHex(label), owner && toHex(owner)]))
  }

  /** Undefined: names are had for ever. */
  get policy(): NamePolicy | undefined {
    return this.#policy
  }

  /** Other rules, from the next block on. What stands in a record stays. */
  ruleBy(policy: NamePolicy, time: number): void {
    if (this.#policy === undefined) {
      const { termMs, graceMs, useMs } = policy
      this.#adopted = {
        since: time,
        expires: time + termMs,
        resolves: time + termMs + graceMs,
        judgedFrom: time + useMs,
      }
    }
    this.#policy = policy
  }

  keep(label: string, owner: string | undefined): void {
    this.#freed.delete(label)
    this.#kept.set(label, owner)
  }

  free(label: string): void {
    this.#kept.delete(label)
    if (this.isPaged) this.#freed.add(label)
    else this.#freed.delete(label)
  }

  /** What is said of this name alone: null, that nobody may have it; undefined: nothing. */
  keptOf(label: string): 'free' | string | null | undefined {
    if (this.#kept.has(label)) return this.#kept.get(label) ?? null
    return this.#freed.has(label) ? 'free' : undefined
  }

  /** Written down as it is by now, if it is from before names had terms. */
  settleOld(label: string, time: number): boolean {
    const record = this.records.get(label)
    if (this.#policy === undefined || record === undefined || record.life !== undefined) return false
    this.records.set(label, this.current(label, time)!)
    return true
  }

  commit(hash: string, { height, time }: Moment): boolean {
    if (this.#waiting(hash, time) !== undefined) return false
    this.#commits.set(hash, { number: this.#next++, height, time })
    return true
  }

  register(deed: Extract<Deed, { kind: 'register' }>, moment: Moment): boolean {
    const begun = this.policy === undefined ? this.begun(deed, moment) : undefined
    if (begun === undefined) return false
    this.records.set(deed.label, { ...begun, expires: 0 })
    return true
  }

  /** What whoever reveals a commit that counts begins with; the commit is used up. */
  begun(
    { label, hash, owner, settings, isTrue }: Omit<Extract<Deed, { kind: 'register' }>, 'kind'>,
    { height, time }: Moment,
  ): Omit<NameRecord, 'expires'> | undefined {
    const commit = this.#waiting(hash, time)
    if (this.#isRoot || !isTrue || commit === undefined || height - commit.height < 2) return undefined
    const before = this.current(label, time)
    const isEarlier = before !== undefined && commit.number < before.commit && time - commit.time <= HOUR_MS
    if (before?.owner !== undefined && !isEarlier) return undefined
    this.#commits.delete(hash)
    return {
      owner: fromHex(owner),
      settings,
      generation: (before?.generation ?? 0) + 1,
      sequence: before?.sequence ?? 0,
      registered: time,
      commit: commit.number,
      committed: commit.time,
      newestCds: before === undefined ? 0 : oldestCds(before, time),
    }
  }

  update({ place, settings }: Extract<Deed, { kind: 'update' }>, { time }: Moment): boolean {
    const record = this.ownedBy(place, time)
    if (record === undefined || !this.#mayAct(record, time)) return false
    this.records.set(place.label, { ...withSettings(record, settings, time), sequence: record.sequence + 1 })
    return true
  }

  transfer({ place, to, settings }: Extract<Deed, { kind: 'transferName' }>, { time }: Moment): boolean {
    const record = this.ownedBy(place, time)
    if (record === undefined || to === place.by || time - record.committed <= HOUR_MS) return false
    if (this.policy !== undefined) {
      const { isLocked, lockedUntil } = record.life!
      if (!this.#mayAct(record, time) || isLocked || lockedUntil > time) return false
      return this.wants(place.label, record, {
        kind: 'transfer',
        at: time + this.policy.transferMs,
        to: fromHex(to),
        settings,
      })
    }
    const next = settings ?? { ...record.settings!, updateByCds: false }
    this.records.set(place.label, {
      ...withSettings(record, next, time),
      newestCds: oldestCds(record, time),
      owner: fromHex(to),
      generation: record.generation + 1,
      sequence: record.sequence + 1,
    })
    return true
  }

  /** By whoever has the zone's keys; each set once, and none after a newer one (RFC 8078). */
  updateByCds(
    { label, next, by, keys, from, until, isTrue }: Extract<Deed, { kind: 'updateByCds' }>,
    { time }: Moment,
  ): boolean {
    const record = this.current(label, time)
    if (this.#isRoot || record?.settings?.updateByCds !== true || !this.#mayAct(record, time)) return false
    const { settings, newestCds } = record
    const has = (set: readonly Uint8Array[], ds: Uint8Array) => set.some((one) => toHex(one) === toHex(ds))
    const now = Math.floor(time / 1_000)
    const isSigned = isTrue && from <= now && now <= until && has(settings.ds, by) && has(keys, by)
    const isOfUse = !has(settings.ds, next) && has(keys, next)
    if (!isSigned || !isOfUse || from <= newestCds) return false
    this.records.set(label, { ...record, settings: { ...settings, ds: [next] }, newestCds: from })
    return true
  }

  release(place: Place, { time }: Moment): boolean {
    const record = this.ownedBy(place, time)
    if (record === undefined) return false
    if (this.policy !== undefined) {
      if (!this.#mayAct(record, time) || record.life!.isLocked) return false
      return this.wants(place.label, record, { kind: 'release', at: time + this.policy.transferMs })
    }
    this.records.set(place.label, {
      ...record,
      owner: undefined,
      settings: undefined,
      sequence: record.sequence + 1,
    })
    return true
  }

  mayHave(label: string, owner: string, time: number): boolean {
    if (this.#kept.has(label)) return this.#kept.get(label) === owner
    if (this.#policy?.elsewhere === undefined) return true
    const title = this.titles.get(label)
    return title?.owner === owner && title.until >= time
  }

  /** Names that nobody has had are on no page; what the genesis says of one alone comes before. */
  isShown(label: string, page: 'right' | 'other' | 'none'): boolean {
    if (this.#paged === undefined) return page === 'none'
    if (this.records.has(label) || this.#kept.has(label) || this.#freed.has(label)) return true
    return page === 'right' && !this.#paged.has(label)
  }

  get isPaged(): boolean {
    return this.#paged !== undefined
  }

  freePages(): void {
    this.#paged = undefined
  }

  mayClaim(label: string, owner: string): boolean {
    const only = this.#kept.get(label)
    return !this.#kept.has(label) || only === FOR_CLAIMS || only === owner
  }

  /** To whoever has claimed it, for one term; gives back its generation. */
  give(label: string, owner: string, settings: NameSettings, time: number): number {
    if (this.#kept.get(label) === FOR_CLAIMS) this.#kept.delete(label)
    const before = this.current(label, time)
    const generation = (before?.generation ?? 0) + 1
    const record = {
      owner: fromHex(owner),
      settings,
      generation,
      sequence: before?.sequence ?? 0,
      registered: time,
      commit: 0,
      committed: 0,
      newestCds: before === undefined ? 0 : oldestCds(before, time),
    }
    const { policy } = this
    const expires = policy === undefined ? 0 : time + policy.termMs
    const life = policy && {
      ...born(time),
      resolves: expires + policy.graceMs,
      freed: before?.life?.freed ?? 0,
      round: before?.life?.round ?? 0,
      lockedUntil: time + policy.lockMs,
      judgedFrom: time + policy.useMs,
    }
    this.records.set(label, { ...record, expires, ...(life !== undefined && { life }) })
    return generation
  }

  /** As time has made it by now. */
  current(label: string, time: number): NameRecord | undefined {
    const record = this.records.get(label)
    if (this.policy === undefined || record === undefined) return record
    const living = record.life === undefined ? adopted(record, this.#adopted!) : (record as LifeRecord)
    return settledAt(living, this.policy, time)
  }

  /** The record that the statement is about, if its owner has signed it and none came before. */
  ownedBy({ label, generation, sequence, by }: Place, time: number): NameRecord | undefined {
    const record = this.current(label, time)
    if (this.#isRoot || record?.owner === undefined) return undefined
    const isTrue = toHex(record.owner) === by && record.generation === generation && record.sequence === sequence
    return isTrue ? record : undefined
  }

  /** What the owner wants to come about at a time: one thing after the other. */
  wants(label: string, record: NameRecord, pending: NonNullable<Life['pending']>): boolean {
    if (record.life!.pending !== undefined) return false
    this.records.set(label, {
      ...record,
      sequence: record.sequence + 1,
      life: { ...record.life!, pending },
    })
    return true
  }

  #mayAct(record: NameRecord, time: number): boolean {
    return this.policy === undefined || mayAct(record as LifeRecord, this.policy, time)
  }

  #waiting(hash: string, time: number): CommitRow | undefined {
    const commit = this.#commits.get(hash)
    return commit === undefined || time - commit.time > DAY_MS ? undefined : commit
  }
}

function adopted(record: NameRecord, { since, expires, resolves, judgedFrom }: Adopted): LifeRecord {
  const life = born(since)
  return record.owner === undefined
    ? { ...record, life }
    : { ...record, expires, life: { ...life, resolves, judgedFrom } }
}
