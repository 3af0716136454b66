/**
 * What of a reply may be believed: only what the zone asked may state, only what has to do with the question, and only as much as
 * an honest server needs to send. All else is dropped before anybody stores it or follows it.
 */
import type { Name, RRset } from '../dns/index.ts'
import { addressText, cnameTarget, type Delegation, isSubdomain, nameFromWire, nsName, Type } from '../dns/index.ts'
import { familyOf } from './addresses.ts'
import { dnameTarget } from './dname.ts'
import { limits } from './limits.ts'
import type { Asked } from './types.ts'

/** One step from the asked name towards the answer. */
export interface AliasStep {
  /** The name this step starts from. */
  readonly owner: Name
  readonly rrset: RRset
}

/**
 * The chain from the asked name through the answer section, as far as the zone asked has authority: at a name outside its
 * bailiwick, or below a known cut, the chain ends, and what the server says about it is not even looked at.
 */
export function chainOf(answers: readonly RRset[], asked: Asked): { links: AliasStep[]; end: Name } {
  const { question } = asked
  const links: AliasStep[] = []
  const seen = new Set<string>()
  let at = question.name
  // The asked name itself is exempt from `isBelowCut`: a cut learnt since then does not make the reply a lie.
  while (links.length < limits.MAX_CHAIN_LINKS && !seen.has(at.key) && (seen.size === 0 || mayState(at, asked))) {
    seen.add(at.key)
    const dname = answers.find((rrset) => isDnameAbove(rrset, at) && mayState(rrset.name, asked))
    const direct = find(answers, at, question.type)
    // The CNAME that a DNAME makes bears no signature (RFC 6672 section 3.1): whoever asks for it is shown the DNAME.
    if (direct !== undefined && (dname === undefined || question.type !== Type.CNAME)) {
      links.push({ owner: at, rrset: bounded(direct) })
      return { links, end: at }
    }
    const cname = find(answers, at, Type.CNAME)
    const link = dname ?? cname
    if (link === undefined) break
    const rdata = link.rdatas[0]
    // More than one CNAME or DNAME at a name is an error of the zone (RFC 1034 3.6.2, RFC 6672 2.4): the first counts.
    if (rdata === undefined) break
    links.push({ owner: at, rrset: bounded({ ...link, rdatas: [rdata] }) })
    const next = dname === undefined ? cnameTarget(rdata) : dnameTarget(at, dname.name, rdata)
    if (next === undefined) break
    at = next
  }
  return { links, end: at }
}

/** True when the zone asked may say something of `name`: it lies in the bailiwick, and not below a known cut. */
export function mayState(name: Name, asked: Asked): boolean {
  return isSubdomain(name, asked.zone) && asked.isBelowCut?.(name) !== true
}

/**
 * The zone cut that the authority section points down to: NS of a zone strictly below the one asked and at or above the asked
 * name. Glue only for those names, and only where the zone asked may state it: at or below itself.
 */
export function referralOf(
  authorities: readonly RRset[],
  additionals: readonly RRset[],
  asked: Asked,
): Delegation | undefined {
  const cuts = authorities.filter((rrset) => rrset.type === Type.NS && isDownward(rrset.name, asked))
  const deepest = cuts.reduce<RRset | undefined>(
    (best, rrset) => (best === undefined || rrset.name.labels > best.name.labels ? rrset : best),
    undefined,
  )
  if (deepest === undefined) return undefined
  const nameServers = distinct(deepest.rdatas.map(nsName)).slice(0, limits.MAX_NS_KEPT)
  const ds = find(authorities, deepest.name, Type.DS)
  const glueTtl = glueTtlOf(nameServers, additionals)
  return {
    zone: deepest.name,
    nameServers,
    addresses: glueOf(nameServers, additionals, asked.zone),
    ds: ds === undefined ? undefined : bounded(ds),
    proofs: proofsOf(authorities, asked.zone),
    ttl: deepest.ttl,
    ...(glueTtl < deepest.ttl && { glueTtl }),
  }
}

/** The least TTL of the servers' addresses; infinite when there are none. */
function glueTtlOf(nameServers: readonly Name[], additionals: readonly RRset[]): number {
  const keys = new Set(nameServers.map((server) => server.key))
  const glue = additionals.filter(({ name, type }) => (type === Type.A || type === Type.AAAA) && keys.has(name.key))
  return Math.min(...glue.map((rrset) => rrset.ttl))
}

/** Addresses by server name, from A and AAAA records in the bailiwick of `zone`. */
export function glueOf(
  nameServers: readonly Name[],
  additionals: readonly RRset[],
  zone: Name,
): ReadonlyMap<string, readonly string[]> {
  const glue = new Map<string, string[]>()
  for (const server of nameServers) {
    if (!isSubdomain(server, zone)) continue
    const addresses = [Type.A, Type.AAAA].flatMap((type) => addressesOf(find(additionals, server, type)))
    if (addresses.length > 0) glue.set(server.key, addresses)
  }
  return glue
}

/** The address texts of an A or AAAA set, malformed ones left out, at most six. */
export function addressesOf(rrset: RRset | undefined): string[] {
  if (rrset === undefined) return []
  const length = rrset.type === Type.A ? 4 : 16
  const texts = rrset.rdatas.filter((rdata) => rdata.length === length).map((rdata) => addressText(rdata))
  return [...new Set(texts)].filter((text) => familyOf(text) !== undefined).slice(0, limits.MAX_ADDRESSES_PER_NS)
}

/** NSEC and NSEC3 sets with owners inside `zone`; a proof about another zone proves nothing here. */
export function proofsOf(rrsets: readonly RRset[], zone: Name): RRset[] {
  return rrsets
    .filter((rrset) => (rrset.type === Type.NSEC || rrset.type === Type.NSEC3) && isSubdomain(rrset.name, zone))
    .slice(0, limits.MAX_PROOFS)
    .map(bounded)
}

/** The signer of an RRset by its RRSIGs: the apex of its zone, if it may be. */
export function signerOf(rrset: RRset, zone: Name): Name | undefined {
  for (const signature of rrset.signatures) {
    const signer = signerName(signature)
    if (signer !== undefined && isSubdomain(signer, zone) && isSubdomain(rrset.name, signer)) return signer
  }
  return undefined
}

/** True when the RRSIG says that the set was expanded from a wildcard (RFC 4035 section 5.3.4). */
export function isWildcardExpansion(rrset: RRset): boolean {
  return rrset.signatures.some((signature) => (signature[3] ?? 255) < rrset.name.labels)
}

export function find(rrsets: readonly RRset[], name: Name, type: number): RRset | undefined {
  return rrsets.find((rrset) => rrset.type === type && rrset.name.key === name.key)
}

/** With fewer signatures, if there are too many: any one will do. The records stay whole: a part of a set is another set. */
export function bounded(rrset: RRset): RRset {
  const { signatures } = rrset
  return signatures.length <= limits.MAX_SIGNATURES
    ? rrset
    : { ...rrset, signatures: signatures.slice(0, limits.MAX_SIGNATURES) }
}

function isDownward(cut: Name, asked: Asked): boolean {
  return cut.labels > asked.zone.labels && isSubdomain(cut, asked.zone) && isSubdomain(asked.question.name, cut)
}

function isDnameAbove(rrset: RRset, name: Name): boolean {
  return rrset.type === Type.DNAME && name.labels > rrset.name.labels && isSubdomain(name, rrset.name)
}

function distinct(names: readonly Name[]): Name[] {
  return [...new Map(names.map((name) => [name.key, name])).values()]
}

/** RRSIG RDATA: 18 fixed bytes, then the signer's name, never compressed (RFC 4034 section 3.1). */
function signerName(signature: Uint8Array): Name | undefined {
  let end = 18
  while (end < signature.length && signature[end] !== 0) {
    if (signature[end]! > 63) return undefined
    end += signature[end]! + 1
  }
  return end < signature.length && end - 18 < 255 ? nameFromWire(signature.subarray(18, end + 1)) : undefined
}
