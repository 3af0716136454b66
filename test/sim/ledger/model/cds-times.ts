/** From when on CDS sets count, once an owner or its keys have changed. */
import { encodeCanonical } from '../../../../src/crypto/index.ts'
import type { NameRecord, NameSettings } from '../../../../src/ledger/index.ts'

/** After the owner has changed the keys, older CDS sets count no more. */
export function withSettings<R extends NameRecord>(record: R, settings: NameSettings, time: number): R {
  const isSame = String(encodeCanonical([...settings.ds])) === String(encodeCanonical([...record.settings!.ds]))
  return { ...record, settings, newestCds: isSame ? record.newestCds : oldestCds(record, time) }
}

/** What was signed up to two hours before the owner or its keys changed still counts. */
export function oldestCds({ newestCds }: Pick<NameRecord, 'newestCds'>, time: number): number {
  return Math.max(newestCds, Math.floor(time / 1_000) - 7_200, 0)
}
