/** Names: first come, first served by commit and reveal, then what the owner says (D28-D36). */
import { fromHex, toHex } from '../../../../src/base/index.ts'
import { encodeCanonical } from '../../../../src/crypto/index.ts'
import type { NameRecord, NameSettings } from '../../../../src/ledger/index.ts'
import type { Deed, Place } from '../intents.ts'
import type { Moment } from './admission.ts'

interface CommitRow extends Moment {
  readonly number: number
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

export class NameModel {
  readonly records = new Map<string, NameRecord>()
  readonly #isRoot: boolean
  readonly #commits = new Map<string, CommitRow>()
  #next = 1

  constructor(chainName: string) {
    this.#isRoot = chainName === 'root'
  }

  commit(hash: string, { height, time }: Moment): boolean {
    if (this.#waiting(hash, time) !== undefined) return false
    this.#commits.set(hash, { number: this.#next++, height, time })
    return true
  }

  register(deed: Extract<Deed, { kind: 'register' }>, { height, time }: Moment): boolean {
    const { label, hash, owner, settings, isTrue } = deed
    const commit = this.#waiting(hash, time)
    if (this.#isRoot || !isTrue || commit === undefined || height - commit.height < 2) return false
    const before = this.records.get(label)
    const isEarlier = before !== undefined && commit.number < before.commit && time - commit.time <= HOUR_MS
    if (before?.owner !== undefined && !isEarlier) return false
    this.#commits.delete(hash)
    this.records.set(label, {
      owner: fromHex(owner),
      settings,
      generation: (before?.generation ?? 0) + 1,
      sequence: before?.sequence ?? 0,
      registered: time,
      commit: commit.number,
      committed: commit.time,
      newestCds: before === undefined ? 0 : oldestCds(before, time),
      expires: 0,
    })
    return true
  }

  update({ place, settings }: Extract<Deed, { kind: 'update' }>, { time }: Moment): boolean {
    const record = this.#ownedBy(place)
    if (record === undefined) return false
    this.records.set(place.label, { ...changed(record, settings, time), sequence: record.sequence + 1 })
    return true
  }

  transfer({ place, to, settings }: Extract<Deed, { kind: 'transferName' }>, { time }: Moment): boolean {
    const record = this.#ownedBy(place)
    if (record === undefined || to === place.by || time - record.committed <= HOUR_MS) return false
    const next = settings ?? { ...record.settings!, updateByCds: false }
    this.records.set(place.label, {
      ...changed(record, next, time),
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
    const record = this.records.get(label)
    if (this.#isRoot || record?.settings?.updateByCds !== true) return false
    const { settings, newestCds } = record
    const has = (set: readonly Uint8Array[], ds: Uint8Array) => set.some((one) => toHex(one) === toHex(ds))
    const now = Math.floor(time / 1_000)
    const isSigned = isTrue && from <= now && now <= until && has(settings.ds, by) && has(keys, by)
    const isOfUse = !has(settings.ds, next) && has(keys, next)
    if (!isSigned || !isOfUse || from <= newestCds) return false
    this.records.set(label, { ...record, settings: { ...settings, ds: [next] }, newestCds: from })
    return true
  }

  release(place: Place): boolean {
    const record = this.#ownedBy(place)
    if (record === undefined) return false
    this.records.set(place.label, {
      ...record,
      owner: undefined,
      settings: undefined,
      sequence: record.sequence + 1,
    })
    return true
  }

  #waiting(hash: string, time: number): CommitRow | undefined {
    const commit = this.#commits.get(hash)
    return commit === undefined || time - commit.time > DAY_MS ? undefined : commit
  }

  /** The record that the statement is about, if its owner has signed it and none came before. */
  #ownedBy({ label, generation, sequence, by }: Place): NameRecord | undefined {
    const record = this.records.get(label)
    if (this.#isRoot || record?.owner === undefined) return undefined
    const isTrue =
      record.owner.every((byte, i) => byte === fromHex(by)[i]) &&
      record.generation === generation &&
      record.sequence === sequence
    return isTrue ? record : undefined
  }
}

/** After the owner has changed the keys, older CDS sets count no more. */
function changed(record: NameRecord, settings: NameSettings, time: number): NameRecord {
  const isSame = String(encodeCanonical([...settings.ds])) === String(encodeCanonical([...record.settings!.ds]))
  return { ...record, settings, newestCds: isSame ? record.newestCds : oldestCds(record, time) }
}

/** What was signed up to two hours before the owner or its keys changed still counts. */
function oldestCds({ newestCds }: NameRecord, time: number): number {
  return Math.max(newestCds, Math.floor(time / 1_000) - 7_200, 0)
}
