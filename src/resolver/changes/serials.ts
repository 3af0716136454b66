/** Serials of zones: what a reply says of them, and which of two is the newer one (RFC 1982). Pure. */
import { type Name, soaView, Type } from '../../dns/index.ts'
import type { Outcome } from '../../evidence/index.ts'

export interface ZoneSerial {
  readonly zone: Name
  readonly serial: number
}

/** Of the SOA that was asked for, or that came with an absence. Undefined when there is none. */
export function serialIn(outcome: Outcome): ZoneSerial | undefined {
  const set = outcome.kind === 'rrset' ? outcome.rrset : outcome.soa
  const rdata = set?.type === Type.SOA ? set.rdatas[0] : undefined
  return set === undefined || rdata === undefined ? undefined : { zone: set.name, serial: soaView(rdata).serial }
}

/** RFC 1982 section 3.2. Two that lie half of the numbers apart cannot be told: then neither is newer. */
export function isNewer(serial: number, than: number): boolean {
  const ahead = (serial - than) >>> 0
  return ahead !== 0 && ahead < 0x8000_0000
}
