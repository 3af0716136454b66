/**
 * A local copy of the root zone (RFC 8806): its delegations, checked as a whole, so that no root server learns which top-level
 * domains are asked for here.
 */
import { Budget, ChordnsError } from '../../base/index.ts'
import {
  addressText,
  type Delegation,
  groupRRsets,
  type Name,
  nsName,
  parseZone,
  ROOT,
  type RRset,
  rrsetKey,
  Type,
} from '../../dns/index.ts'
import { checkZonemd, nearestAnchor, validateDnskeySet, verifyRRset } from '../../dnssec/index.ts'
import type { ValidationOptions } from '../job/options.ts'
import { limits } from '../limits.ts'

/** Checking one zone: a few keys and one signature. */
const CHECK_BUDGET = { queries: 0, bytes: 0, timeMs: 60_000, signatures: 32, hashes: 0 } as const

/**
 * The top-level delegations in the text of a root zone. With validation on, the zone's keys must be trusted, its ZONEMD record
 * signed by them, and the digest must fit (RFC 8976). Throws LOCAL_ROOT_BAD with the reason, or DNS_BAD_TEXT.
 */
export function readRootZone(text: string, validation: ValidationOptions | undefined): readonly Delegation[] {
  const records = parseZone(text, { origin: ROOT })
  const sets = new Map(groupRRsets(records).map((set) => [rrsetKey(set.name, set.type), set]))
  if (validation !== undefined) {
    checkSignature(sets, validation)
    const zonemd = checkZonemd(records, ROOT)
    if (!zonemd.ok) throw bad(zonemd.reason)
  }
  const cuts = [...sets.values()].filter(({ name, type }) => type === Type.NS && name.labels === 1)
  if (cuts.length === 0) throw bad('it delegates nothing')
  return cuts.map((ns) => delegationOf(ns, sets))
}

function checkSignature(sets: ReadonlyMap<string, RRset>, validation: ValidationOptions): void {
  const anchor = nearestAnchor(ROOT, validation.anchors())
  if (anchor === undefined) throw bad('there is no trust anchor for the root')
  const now = validation.now()
  const budget = new Budget(CHECK_BUDGET, () => 0)
  const rules = { algorithms: validation.algorithms, digests: validation.digests, now }
  const keys = validateDnskeySet(
    ROOT,
    sets.get(rrsetKey(ROOT, Type.DNSKEY)),
    anchor,
    now + limits.LOCAL_ROOT_SECONDS,
    rules,
    budget,
  )
  if (keys.status !== 'secure')
    throw bad('ede' in keys && keys.ede?.text !== undefined ? keys.ede.text : 'its keys are not trusted')
  const zonemd = sets.get(rrsetKey(ROOT, Type.ZONEMD))
  if (zonemd === undefined) throw bad('it has no ZONEMD record')
  const signed = verifyRRset({ rrset: zonemd, zone: ROOT, keys: keys.keys, now, budget })
  if (!signed.ok) throw bad(signed.ede.text ?? 'its ZONEMD record is not signed')
}

function delegationOf(ns: RRset, sets: ReadonlyMap<string, RRset>): Delegation {
  const nameServers = ns.rdatas.map(nsName)
  const addresses = new Map<string, readonly string[]>()
  for (const server of nameServers) {
    const known = [...addressesOf(server, Type.A, sets), ...addressesOf(server, Type.AAAA, sets)]
    if (known.length > 0) addresses.set(server.key, known)
  }
  const ds = sets.get(rrsetKey(ns.name, Type.DS))
  const nsec = sets.get(rrsetKey(ns.name, Type.NSEC))
  return {
    zone: ns.name,
    nameServers,
    addresses,
    ds,
    proofs: ds === undefined && nsec !== undefined ? [nsec] : [],
    ttl: ns.ttl,
  }
}

function addressesOf(server: Name, type: number, sets: ReadonlyMap<string, RRset>): string[] {
  return (sets.get(rrsetKey(server, type))?.rdatas ?? []).map(addressText)
}

function bad(reason: string) {
  return new ChordnsError('LOCAL_ROOT_BAD', `the local copy of the root zone cannot be used: ${reason}`, { reason })
}
