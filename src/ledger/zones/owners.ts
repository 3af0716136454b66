/** Delegations as a zone has them, in canonical order; and what stands at its apex. */
import { compareBytes, equalBytes } from '../../base/index.ts'
import {
  buildRdata,
  Class,
  compareNames,
  isSubdomain,
  type Name,
  nameToText,
  parseName,
  prependLabel,
  type RRset,
  sameName,
  Type,
} from '../../dns/index.ts'
import type { OwnerSets } from '../../dnssec/index.ts'
import type { NameServer } from '../modules/names/settings.ts'
import type { ZoneDelegation } from './delegations.ts'
import { limits } from './limits.ts'

/**
 * The owners below the apex. `delegations`: by label, ascending; `servers`: of the zone itself. A name gives addresses for servers at and below itself only:
 * where others are, their own zones say. `hosts`: addresses that stand in the zone besides.
 */
export function zoneOwners(
  zone: Name,
  delegations: Iterable<ZoneDelegation>,
  servers: readonly NameServer[],
  hosts: readonly NameServer[] = [],
): Iterable<OwnerSets> {
  const own = [...servers, ...hosts].filter(({ name }) => isSubdomain(name, zone) && !sameName(name, zone))
  return merged(delegated(zone, delegations), hostOwners(own))
}

/** `serial`: RFC 1982, so that who has an older one knows that it is older. */
export function apexOf(zone: Name, servers: readonly NameServer[], serial: number): OwnerSets {
  const [first] = servers
  const rdata = buildRdata({
    type: Type.SOA,
    mname: first!.name,
    rname: parseName('hostmaster', zone),
    serial,
    refresh: limits.REFRESH,
    retry: limits.RETRY,
    expire: limits.EXPIRE,
    minimum: limits.NEGATIVE_TTL,
  })
  const at = servers.filter(({ name }) => sameName(name, zone))
  const addresses = at.flatMap(({ addresses }) => addresses)
  const sets = [setOf(zone, Type.SOA, [rdata]), nsSet(zone, servers), ...addressSets(zone, addresses)]
  return { name: zone, sets: ordered(sets) }
}

/** The height of the state, which grows by one with each block; after 2^32 of them it begins anew, as serials do. */
export function serialOf(height: number): number {
  return height % 2 ** 32
}

/**
 * Servers of TLDs whose own TLD is not in the Root: their addresses have no other place to stand. Where two TLDs give the same server different addresses
 * none of them stands there, and the server is named in `disputed`.
 */
export function hostsOfRoot(
  tlds: readonly ZoneDelegation[],
  isDelegated: (server: Name) => boolean,
): { readonly hosts: readonly NameServer[]; readonly disputed: readonly string[] } {
  const found = new Map<string, NameServer>()
  const disputed = new Set<string>()
  for (const { servers } of tlds)
    for (const { name, addresses } of servers) {
      if (addresses.length === 0 || isDelegated(name)) continue
      const sorted = [...addresses].sort(compareBytes)
      const known = found.get(name.key)
      const isSame =
        known === undefined ||
        (known.addresses.length === sorted.length && known.addresses.every((one, at) => equalBytes(one, sorted[at]!)))
      if (!isSame) disputed.add(nameToText(name))
      found.set(name.key, { name, addresses: sorted })
    }
  const hosts = [...found.values()].filter(({ name }) => !disputed.has(nameToText(name)))
  return { hosts, disputed: [...disputed].sort() }
}

function* delegated(zone: Name, delegations: Iterable<ZoneDelegation>): Iterable<OwnerSets> {
  for (const { label, ds, servers } of delegations) {
    const cut = prependLabel(label, zone)
    const inside = servers.filter(({ name }) => isSubdomain(name, cut))
    const at = inside.filter(({ name }) => sameName(name, cut)).flatMap(({ addresses }) => addresses)
    yield { name: cut, sets: ordered([nsSet(cut, servers), setOf(cut, Type.DS, ds), ...addressSets(cut, at)]) }
    yield* hostOwners(inside.filter(({ name }) => !sameName(name, cut)))
  }
}

function hostOwners(servers: readonly NameServer[]): OwnerSets[] {
  const owners = new Map<string, OwnerSets>()
  for (const { name, addresses } of servers) {
    if (addresses.length === 0) continue
    const known = owners.get(name.key)
    const one = { name, sets: ordered(addressSets(name, addresses)) }
    owners.set(name.key, known === undefined ? one : joined(known, one))
  }
  return [...owners.values()].sort((a, b) => compareNames(a.name, b.name))
}

function* merged(first: Iterable<OwnerSets>, second: readonly OwnerSets[]): Iterable<OwnerSets> {
  let at = 0
  for (const owner of first) {
    while (at < second.length && compareNames(second[at]!.name, owner.name) < 0) yield second[at++]!
    const isSame = at < second.length && sameName(second[at]!.name, owner.name)
    yield isSame ? joined(owner, second[at++]!) : owner
  }
  yield* second.slice(at)
}

function joined({ name, sets }: OwnerSets, other: OwnerSets): OwnerSets {
  const types = [...new Set([...sets, ...other.sets].map(({ type }) => type))]
  const of = (type: number) => [...sets, ...other.sets].filter((set) => set.type === type).flatMap((set) => set.rdatas)
  return { name, sets: ordered(types.map((type) => setOf(name, type, distinct(of(type))))) }
}

function addressSets(name: Name, addresses: readonly Uint8Array[]): RRset[] {
  const of = (length: number) => distinct(addresses.filter((address) => address.length === length))
  return [setOf(name, Type.A, of(4)), setOf(name, Type.AAAA, of(16))].filter(({ rdatas }) => rdatas.length > 0)
}

function nsSet(name: Name, servers: readonly NameServer[]): RRset {
  return setOf(name, Type.NS, distinct(servers.map((server) => server.name.wire)))
}

function setOf(name: Name, type: number, rdatas: readonly Uint8Array[]): RRset {
  return { name, type, class: Class.IN, ttl: limits.TTL, rdatas, signatures: [] }
}

function distinct(rdatas: readonly Uint8Array[]): Uint8Array[] {
  const sorted = [...rdatas].sort(compareBytes)
  return sorted.filter((one, at) => at === 0 || !equalBytes(one, sorted[at - 1]!))
}

function ordered(sets: readonly RRset[]): readonly RRset[] {
  return [...sets].sort((a, b) => a.type - b.type)
}
