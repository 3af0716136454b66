/** Where chains of trust begin: the built-in root keys, and files of DS or DNSKEY lines. */
import { ChordnsError, errorText, fromHex } from '../../base/index.ts'
import { DNSSEC_ALGORITHMS, DS_DIGESTS } from '../../crypto/index.ts'
import { type Name, nameToText, parseZone, type ResourceRecord, ROOT, Type, typeToText } from '../../dns/index.ts'
import { limits } from '../limits.ts'
import { isRevoked, keyTag, readDs, readKey } from '../signatures/keys.ts'
import type { TrustAnchor, TrustPoint } from '../types.ts'

/** The root's key signing keys of 2017 and 2024 as IANA publishes them: data.iana.org/root-anchors/root-anchors.xml. */
export const ROOT_ANCHORS: readonly TrustAnchor[] = [
  {
    zone: ROOT,
    ds: [
      rootDs(20326, 'E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D'),
      rootDs(38696, '683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16'),
    ],
    keys: [],
  },
]

/**
 * Reads zone-file lines of DS and DNSKEY records, any number for each zone.
 * Throws DNSSEC_BAD_ANCHOR for anything else, and for keys that cannot sign: a configuration error should show at once.
 */
export function parseTrustAnchors(text: string): TrustAnchor[] {
  const zones = new Map<string, { zone: Name; ds: Uint8Array[]; keys: Uint8Array[] }>()
  const records = readLines(text)
  if (records.length > limits.MAX_ANCHORS) throw badAnchor(`more than ${limits.MAX_ANCHORS} records`)
  for (const { name, type, rdata } of records) {
    const anchor = zones.get(name.key) ?? { zone: name, ds: [], keys: [] }
    zones.set(name.key, anchor)
    if (type === Type.DS) anchor.ds.push(checkedDs(name, rdata))
    else if (type === Type.DNSKEY) anchor.keys.push(checkedKey(name, rdata))
    else throw badAnchor(`${nameToText(name)} ${typeToText(type)}: only DS and DNSKEY records are trust anchors`)
  }
  if (zones.size === 0) throw badAnchor('no DS or DNSKEY record')
  return [...zones.values()]
}

/** Tags of the keys that an anchor trusts, without repetition: what the root key sentinel asks about. */
export function anchorTags({ ds, keys }: TrustPoint): number[] {
  return [...new Set([...ds.flatMap((rdata) => readDs(rdata)?.tag ?? []), ...keys.map(keyTag)])]
}

/** The algorithms to validate. `sha1: 'insecure'` treats RSA/SHA-1 as unknown (RFC 9905). */
export function supportedAlgorithms(options: { readonly sha1: 'validate' | 'insecure' }): ReadonlySet<number> {
  if (options.sha1 === 'validate') return DNSSEC_ALGORITHMS
  return new Set([...DNSSEC_ALGORITHMS].filter((algorithm) => algorithm !== 5 && algorithm !== 7))
}

/** The DS digests to follow. `sha1: 'insecure'` treats digest 1 as unknown (RFC 9905). */
export function supportedDigests(options: { readonly sha1: 'validate' | 'insecure' }): ReadonlySet<number> {
  return options.sha1 === 'validate' ? DS_DIGESTS : new Set([...DS_DIGESTS].filter((digest) => digest !== 1))
}

function rootDs(tag: number, sha256: string): Uint8Array {
  return Uint8Array.of(tag >> 8, tag & 0xff, 8, 2, ...fromHex(sha256))
}

function readLines(text: string): ResourceRecord[] {
  try {
    return parseZone(text, { origin: ROOT, defaultTtl: 86_400 })
  } catch (error) {
    throw badAnchor(errorText(error), error)
  }
}

function checkedDs(zone: Name, rdata: Uint8Array): Uint8Array {
  const length = { 1: 20, 2: 32, 4: 48 }[rdata[3] ?? 0]
  if (length !== undefined && rdata.length !== 4 + length) {
    throw badAnchor(`${nameToText(zone)} DS: the digest has ${rdata.length - 4} octets instead of ${length}`)
  }
  return rdata
}

function checkedKey(zone: Name, rdata: Uint8Array): Uint8Array {
  const key = readKey(rdata)
  if (key === undefined || (key.flags & 0x0100) === 0 || key.protocol !== 3) {
    throw badAnchor(`${nameToText(zone)} DNSKEY: not a zone key`)
  }
  if (isRevoked(key)) throw badAnchor(`${nameToText(zone)} DNSKEY ${key.tag}: the key is revoked`)
  return rdata
}

function badAnchor(what: string, cause?: unknown): ChordnsError<'DNSSEC_BAD_ANCHOR', { what: string }> {
  return new ChordnsError('DNSSEC_BAD_ANCHOR', `bad trust anchor: ${what}`, { what }, { cause })
}
