/**
 * Whether a CDS set may change the keys of a name (RFC 7344, RFC 8078, as `dnssec-cds` does it): signed by a key that is anchored now, at
 * the time of the block; and the new keys sign the zone as well.
 */
import { Budget, compareBytes, equalBytes } from '../../../base/index.ts'
import { Class, type Name, type RRset, Type } from '../../../dns/index.ts'
import { dsOf, validateDnskeySet, verifyRRset, type ZoneKey } from '../../../dnssec/index.ts'
import { NameCode } from './kinds.ts'
import { limits } from './limits.ts'
import type { NameRecord } from './record.ts'
import { isAnchorDs } from './settings.ts'
import type { CdsEvidence } from './statements.ts'

/** ECDSA P-256 and P-384, Ed25519. Not RSA: libraries differ in which keys and signatures they take, and validators must not. */
const ALGORITHMS: ReadonlySet<number> = new Set([13, 14, 15])
const DIGESTS: ReadonlySet<number> = new Set([2, 4])

export interface AnchoredKeys {
  readonly zone: Name
  readonly ds: readonly Uint8Array[]
}

export type CdsVerdict =
  | {
      readonly ok: true
      /** RDATA, ascending. */
      readonly ds: readonly Uint8Array[]
      /** When the newest good signature of the set begins to count, unix seconds. */
      readonly inception: number
    }
  | { readonly ok: false; readonly code: number; readonly word: string }

/** `now`: unix seconds. */
export function cdsVerdict(evidence: CdsEvidence, { zone, ds }: AnchoredKeys, now: number): CdsVerdict {
  const rules = { algorithms: ALGORITHMS, digests: DIGESTS, now }
  const keysBy = (trusted: readonly Uint8Array[]) => {
    const set = rrsetOf(zone, Type.DNSKEY, evidence.dnskeys, evidence.dnskeySignatures)
    const link = validateDnskeySet(zone, set, { ds: trusted, keys: [] }, Number.MAX_SAFE_INTEGER, rules, checks())
    return link.status === 'secure' ? link.keys.filter((key) => isNamed(zone, key, trusted)) : []
  }
  const keys = keysBy(ds)
  if (keys.length === 0) return refused(NameCode.CDS_UNPROVEN, 'the DNSKEY set is not signed by an anchored key')
  const inception = newestInception(evidence, zone, keys, now)
  if (inception === undefined) return refused(NameCode.CDS_UNPROVEN, 'the CDS set is not signed by an anchored key')
  const next = [...evidence.cds].sort(compareBytes)
  if (!isNewSet(next, ds)) return refused(NameCode.CDS_OF_NO_USE, 'the CDS set names no other keys')
  if (keysBy(next).length === 0) return refused(NameCode.CDS_OF_NO_USE, 'the new keys do not sign the zone')
  return { ok: true, ds: next, inception }
}

/**
 * Why a transaction with these sets would do nothing to a name; undefined: it would change its keys. For whoever thinks of sending one.
 * `now`: unix seconds.
 */
export function cdsRefusal(
  evidence: CdsEvidence,
  { owner, settings, newestCds }: Pick<NameRecord, 'owner' | 'settings' | 'newestCds'>,
  zone: Name,
  now: number,
): string | undefined {
  if (owner === undefined || settings === undefined) return 'nobody has the name'
  if (!settings.updateByCds) return 'switched off by the owner'
  const { cds, cdsSignatures, dnskeys, dnskeySignatures } = evidence
  const most = [
    [cds, limits.MAX_DS],
    [cdsSignatures, limits.MAX_SIGNATURES],
    [dnskeys, limits.MAX_DNSKEYS],
    [dnskeySignatures, limits.MAX_SIGNATURES],
  ] as const
  if (most.some(([set, bound]) => set.length > bound)) return 'the sets are larger than a transaction may have them'
  const verdict = cdsVerdict(evidence, { zone, ds: settings.ds }, now)
  if (!verdict.ok) return verdict.word
  return isNewerCds(verdict.inception, newestCds) ? undefined : 'the CDS set is not newer than the last'
}

/** Whether a set that was signed at `inception` counts after one of `newest`, unix seconds: who has an old one cannot bring it back. */
export function isNewerCds(inception: number, newest: number): boolean {
  return inception > newest
}

/** When the newest signature of the set by one of the keys begins to count; undefined when none is right. */
function newestInception(
  { cds, cdsSignatures }: CdsEvidence,
  zone: Name,
  keys: readonly ZoneKey[],
  now: number,
): number | undefined {
  let newest: number | undefined
  for (const signature of cdsSignatures) {
    const rrset = rrsetOf(zone, Type.CDS, cds, [signature])
    if (!verifyRRset({ rrset, zone, keys, now, budget: checks() }).ok) continue
    const inception = inceptionOf(signature, now)
    if (newest === undefined || inception > newest) newest = inception
  }
  return newest
}

/** Serial arithmetic around now (RFC 4034 section 3.1.5). */
function inceptionOf(rrsig: Uint8Array, now: number): number {
  const inception = new DataView(rrsig.buffer, rrsig.byteOffset).getUint32(12)
  return now + ((inception - now) | 0)
}

function isNamed(zone: Name, key: ZoneKey, trusted: readonly Uint8Array[]): boolean {
  return trusted.some((ds) => {
    const own = dsOf(zone, key.rdata, ds[3]!)
    return own !== undefined && equalBytes(own, ds)
  })
}

function isNewSet(next: readonly Uint8Array[], ds: readonly Uint8Array[]): boolean {
  const fits = next.length > 0 && next.length <= limits.MAX_DS && next.every(isAnchorDs)
  const distinct = next.every((one, index) => index === 0 || !equalBytes(one, next[index - 1]!))
  const same = next.length === ds.length && next.every((one, index) => equalBytes(one, ds[index]!))
  return fits && distinct && !same
}

function rrsetOf(name: Name, type: number, rdatas: readonly Uint8Array[], signatures: readonly Uint8Array[]): RRset {
  return { name, type, class: Class.IN, ttl: 0, rdatas, signatures }
}

/** The bounds of the payload are what limits the work. */
function checks(): Budget {
  const most = limits.MOST_CHECKS
  return new Budget({ queries: 0, bytes: 0, timeMs: most, signatures: most, hashes: most }, () => 0)
}

function refused(code: number, word: string): CdsVerdict {
  return { ok: false, code, word }
}
