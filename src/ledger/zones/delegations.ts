/** What a record of a ledger is in the zone above it. */
import { phaseOf, settled } from '../modules/names/life.ts'
import type { NamePolicy } from '../modules/names/policy.ts'
import { decodeRecord } from '../modules/names/record.ts'
import type { NameServer } from '../modules/names/settings.ts'
import { decodeTld } from '../modules/registries/registries.ts'

export interface ZoneDelegation {
  readonly label: Uint8Array
  /** RDATA. */
  readonly ds: readonly Uint8Array[]
  readonly servers: readonly NameServer[]
}

/**
 * Undefined for a name that nobody has, or that does not resolve at this time: past its grace, or not used. A frozen one resolves. `now`: unix ms, of the
 * header that has the state. Throws LEDGER_MALFORMED.
 */
export function nameDelegation(
  label: Uint8Array,
  value: Uint8Array,
  policy: NamePolicy | undefined,
  now: number,
): ZoneDelegation | undefined {
  const stored = decodeRecord(value)
  // What is due has happened, though no block has written it yet.
  const record = policy === undefined || stored.life === undefined ? stored : settled(stored, policy, now)
  const { settings } = record
  if (record.owner === undefined || settings === undefined) return undefined
  if (policy !== undefined && record.life !== undefined) {
    const phase = phaseOf(record, policy, now)
    if (phase !== 'registered' && phase !== 'grace') return undefined
  }
  return { label, ds: settings.ds, servers: settings.servers }
}

/** Undefined for a TLD whose registry has not said its servers. Throws LEDGER_MALFORMED. */
export function tldDelegation(label: Uint8Array, value: Uint8Array): ZoneDelegation | undefined {
  const { zone } = decodeTld(value)
  return zone && { label, ds: zone.ds, servers: zone.servers }
}
