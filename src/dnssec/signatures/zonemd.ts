/** The digest of a whole zone (RFC 8976): what a copy of the root that came by some other way is checked by. */
import { compareBytes, concatBytes, equalBytes } from '../../base/index.ts'
import { dsDigest } from '../../crypto/index.ts'
import {
  canonicalName,
  canonicalRdata,
  compareNames,
  coveredType,
  isSubdomain,
  type Name,
  type ResourceRecord,
  sameName,
  soaView,
  Type,
  viewRdata,
} from '../../dns/index.ts'

const SCHEME_SIMPLE = 1
const HASH_SHA384 = 1
/** The digest type of DS records that is SHA-384. */
const DS_SHA384 = 4

export type ZonemdResult = { readonly ok: true } | { readonly ok: false; readonly reason: string }

/**
 * True when the apex ZONEMD record (scheme SIMPLE, SHA-384) fits the records and the serial of the SOA. That the ZONEMD
 * record is the zone's own word is for the caller to see to, by its signature.
 */
export function checkZonemd(records: readonly ResourceRecord[], apex: Name): ZonemdResult {
  const atApex = (type: number) => records.filter((one) => one.type === type && sameName(one.name, apex))
  const soa = atApex(Type.SOA)[0]
  if (soa === undefined) return { ok: false, reason: 'the zone has no SOA record' }
  const { serial } = soaView(soa.rdata)
  const usable = atApex(Type.ZONEMD)
    .map(({ rdata }) => viewRdata(Type.ZONEMD, rdata))
    .filter((view) => view.scheme === SCHEME_SIMPLE && view.hashAlgorithm === HASH_SHA384)
  // RFC 8976 section 2.2: two digests of one scheme and hash say nothing.
  const [zonemd] = usable
  if (zonemd === undefined || usable.length > 1)
    return { ok: false, reason: 'the zone has no ZONEMD record of scheme 1 and SHA-384' }
  if (zonemd.serial !== serial)
    return { ok: false, reason: `ZONEMD is for serial ${zonemd.serial}, the zone has ${serial}` }
  if (!equalBytes(zonemd.digest, simpleDigest(records, apex)))
    return { ok: false, reason: 'the ZONEMD digest does not fit the zone' }
  return { ok: true }
}

/** RFC 8976 section 3.3.1: SHA-384 over all records in canonical order, the apex ZONEMD and its signatures left out. */
export function simpleDigest(records: readonly ResourceRecord[], apex: Name): Uint8Array {
  const rows = records
    .filter((record) => isSubdomain(record.name, apex) && !isZonemd(record, apex))
    .map((record) => ({ record, rdata: canonicalRdata(record.type, record.rdata) }))
    .sort(
      (a, b) =>
        compareNames(a.record.name, b.record.name) || a.record.type - b.record.type || compareBytes(a.rdata, b.rdata),
    )
  const parts: Uint8Array[] = []
  for (const [i, { record, rdata }] of rows.entries()) {
    const before = rows[i - 1]
    const isCopy =
      before?.record.type === record.type &&
      sameName(before.record.name, record.name) &&
      equalBytes(before.rdata, rdata)
    if (!isCopy) parts.push(canonicalName(record.name).wire, fixedFields(record, rdata.length), rdata)
  }
  return dsDigest(DS_SHA384, concatBytes(...parts))!
}

function isZonemd({ name, type, rdata }: ResourceRecord, apex: Name): boolean {
  return sameName(name, apex) && (type === Type.ZONEMD || (type === Type.RRSIG && coveredType(rdata) === Type.ZONEMD))
}

function fixedFields(record: ResourceRecord, length: number): Uint8Array {
  const bytes = new Uint8Array(10)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, record.type)
  view.setUint16(2, record.class)
  view.setUint32(4, record.ttl)
  view.setUint16(8, length)
  return bytes
}
