/** What a record of a ledger is in the zone above it. */
import { adopted } from '../modules/names/adopted.ts'
import { phaseOf, settled } from '../modules/names/life.ts'
import type { NamePolicy } from '../modules/names/policy.ts'
import { decodeRecord, type NameRecord } from '../modules/names/record.ts'
import type { NameServer } from '../modules/names/settings.ts'
import { decodeTld } from '../modules/registries/registries.ts'

export interface ZoneDelegation {
  readonly label: Uint8Array
  /** RDATA. */
  readonly ds: readonly Uint8Array[]
  readonly servers: readonly NameServer[]
}

/** What a chain says of all its names. */
export interface NameTerms {
  readonly policy: NamePolicy
  /** Of names from before it: the value of the state. */
  readonly adopted: Uint8Array | undefined
}

/**
 * Undefined for a name that nobody has, or that does not resolve at this time: past its grace, or not used. A frozen one resolves. `now`: unix ms, of the
 * header that has the state. Throws LEDGER_MALFORMED.
 */
export function nameDelegation(
  label: Uint8Array,
  value: Uint8Array,
  terms: NameTerms | undefined,
  now: number,
): ZoneDelegation | undefined {
  const record = recordAt(decodeRecord(value), terms, now)
  const { settings } = record
  if (record.owner === undefined || settings === undefined) return undefined
  if (terms !== undefined) {
    const phase = phaseOf(record, terms.policy, now)
    if (phase !== 'registered' && phase !== 'grace') return undefined
  }
  return { label, ds: settings.ds, servers: settings.servers }
}

/** What is due has happened, though no block has written it yet. */
function recordAt(stored: NameRecord, terms: NameTerms | undefined, now: number): NameRecord {
  if (terms === undefined) return stored
  const { adopted: since } = terms
  if (stored.life !== undefined) return settled(stored, terms.policy, now)
  return since === undefined ? stored : settled(adopted({ get: () => since }, stored), terms.policy, now)
}

/** Undefined for a TLD whose registry has not said its servers. Throws LEDGER_MALFORMED. */
export function tldDelegation(label: Uint8Array, value: Uint8Array): ZoneDelegation | undefined {
  const { zone } = decodeTld(value)
  return zone && { label, ds: zone.ds, servers: zone.servers }
}
