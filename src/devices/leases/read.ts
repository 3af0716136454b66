/** A file of leases, whoever wrote it: its kind is seen by what stands in it. Pure. */
import type { FactsRead } from '../facts.ts'
import { readDnsmasq } from './dnsmasq.ts'
import { readIsc } from './isc.ts'
import { readKea } from './kea.ts'
import { readNetworkd } from './networkd.ts'

export const LEASE_KINDS = ['dnsmasq', 'kea', 'isc', 'networkd'] as const
export type LeaseKind = (typeof LEASE_KINDS)[number]

const READERS: Readonly<Record<LeaseKind, (text: string, now: number) => FactsRead>> = {
  dnsmasq: readDnsmasq,
  kea: readKea,
  isc: readIsc,
  networkd: readNetworkd,
}

/** Undefined: there is nothing in it to see it by. */
export function leaseKindOf(text: string): LeaseKind | undefined {
  const begin = text.slice(0, 65_536)
  if (/^\s*\{/.test(begin)) return 'networkd'
  if (/^address,/m.test(begin)) return 'kea'
  if (/^\s*lease\s+\S+\s*\{/m.test(begin) || /^# .*\bdhcpd?\.leases\b/m.test(begin)) return 'isc'
  return begin.trim() === '' ? undefined : 'dnsmasq'
}

/** `now`: Unix seconds; leases that are over are left out. */
export function readLeases(text: string, now: number): FactsRead {
  const kind = leaseKindOf(text)
  return kind === undefined ? { facts: [], faults: [] } : READERS[kind](text, now)
}
