/** What becomes of a record when its keys or servers change. */
import { equalBytes } from '../../../base/index.ts'
import { limits } from './limits.ts'
import type { NameRecord } from './record.ts'
import type { NameSettings } from './settings.ts'

/** The record with other settings: after the owner has changed the keys, older CDS sets count no more. `time`: unix ms. */
export function changedSettings(record: NameRecord, settings: NameSettings, time: number): NameRecord {
  const before = record.settings?.ds ?? []
  const sameKeys = settings.ds.length === before.length && settings.ds.every((one, at) => equalBytes(one, before[at]!))
  return { ...record, settings, newestCds: sameKeys ? record.newestCds : newestCdsAt(record, time) }
}

/**
 * What CDS sets must be newer than, unix seconds, once an owner has set keys or the name is another's: sets that were signed before count no
 * more, though the key that signed them stays or comes back. `time`: unix ms.
 */
export function newestCdsAt({ newestCds }: Pick<NameRecord, 'newestCds'>, time: number): number {
  return Math.max(newestCds, seconds(time) - limits.DATED_BACK_S, 0)
}

export function seconds(ms: number): number {
  return Math.floor(ms / 1_000)
}
