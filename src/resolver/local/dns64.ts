/**
 * DNS64 (RFC 6147): AAAA answers made of A answers for networks that reach IPv4 through a NAT64. Addresses are formed as
 * RFC 6052 has it; ipv4only.arpa, by which hosts find the prefix, is answered here (RFC 7050, RFC 8880).
 */
import { equalBytes } from '../../base/index.ts'
import {
  addressRdata,
  Class,
  coveredType,
  isSubdomain,
  type Name,
  parseName,
  type Question,
  Rcode,
  type ResourceRecord,
  soaView,
  Type,
} from '../../dns/index.ts'
import { weakest, weakestSecurity } from '../../evidence/index.ts'
import type { Resolution, ResolveRequest } from '../types.ts'
import { absent, found, type LocalAnswer, localSoa } from './answer.ts'
import { type AddressRange, isPrivateAddress, matchesPrefix, parsePrefix } from './prefixes.ts'
import { addressOfReverse, reverseName } from './reverse.ts'

export interface Dns64Options {
  /** An IPv6 prefix of 32, 40, 48, 56, 64 or 96 bits. */
  readonly prefix: AddressRange
  /** AAAA records in these count as not there (RFC 6147 section 5.1.4). */
  readonly exclude: readonly AddressRange[]
}

const PREFIX_LENGTHS: readonly number[] = [32, 40, 48, 56, 64, 96]
/** RFC 6052 section 2.2: bits 64 to 71 are zero. */
const RESERVED_OCTET = 8
/** RFC 6147 section 5.1.7: for an empty answer that does not say how long it holds. */
const TTL_WITHOUT_SOA = 600
const LOCAL_TTL_SECONDS = 3_600

const WELL_KNOWN = parsePrefix('64:ff9b::/96')
const IPV4ONLY = parseName('ipv4only.arpa')
const IPV4ONLY_ADDRESSES = ['192.0.0.170', '192.0.0.171'].map((text) => addressRdata(text).rdata)
const IPV4ONLY_POINTERS = new Set(IPV4ONLY_ADDRESSES.map((rdata) => reverseName(rdata).key))
const IPV6_REVERSE = parseName('ip6.arpa')

/** Throws DNS_BAD_TEXT for what is no prefix that RFC 6052 section 2.2 allows. */
export function parseDns64Prefix(text: string): AddressRange {
  const prefix = parsePrefix(text)
  const fits = prefix.octets.length === 16 && PREFIX_LENGTHS.includes(prefix.bits)
  if (!fits || (prefix.bits === 96 && prefix.octets[RESERVED_OCTET] !== 0))
    throw new RangeError('must be an IPv6 prefix of 32, 40, 48, 56, 64 or 96 bits, bits 64 to 71 zero')
  return prefix
}

/** What this node answers itself because it is a DNS64: ipv4only.arpa, and PTR names of the prefix (RFC 6147 section 5.3.1). */
export function dns64Answer(options: Dns64Options, question: Question): LocalAnswer | undefined {
  const { name, type } = question
  const record = (rdata: Uint8Array): ResourceRecord => ({ ...question, ttl: LOCAL_TTL_SECONDS, rdata })
  const detail = 'DNS64'
  if (isSubdomain(name, IPV4ONLY)) {
    if (type === Type.DS && name.key === IPV4ONLY.key) return undefined
    if (name.key !== IPV4ONLY.key) return absent(Rcode.NXDOMAIN, localSoa(IPV4ONLY, LOCAL_TTL_SECONDS), detail)
    if (type === Type.A) return found(IPV4ONLY_ADDRESSES.map(record), detail)
    if (type === Type.AAAA)
      return found(
        IPV4ONLY_ADDRESSES.map((rdata) => record(embed(options.prefix, rdata))),
        detail,
      )
    return absent(Rcode.NOERROR, localSoa(IPV4ONLY, LOCAL_TTL_SECONDS), detail)
  }
  if (type !== Type.PTR) return undefined
  if (IPV4ONLY_POINTERS.has(name.key)) return found([record(IPV4ONLY.wire)], detail)
  const target = pointerTarget(options.prefix, name)
  return target === undefined ? undefined : found([{ ...record(target.wire), type: Type.CNAME }], detail)
}

/**
 * The answer without the excluded addresses. Not for whoever validates for himself (CD and DO, RFC 6147 section 5.5): what he
 * gets is what was signed.
 */
export function withoutExcluded(
  { exclude }: Dns64Options,
  request: ResolveRequest,
  resolution: Resolution,
): Resolution {
  if (request.checkingDisabled && request.dnssecOk) return resolution
  const isExcluded = ({ type, rdata }: ResourceRecord) =>
    type === Type.AAAA && exclude.some((prefix) => matchesPrefix(rdata, prefix))
  if (!resolution.answers.some(isExcluded)) return resolution
  const answers = resolution.answers.filter(
    (record) => !isExcluded(record) && !(record.type === Type.RRSIG && coveredType(record.rdata) === Type.AAAA),
  )
  return { ...resolution, answers, security: 'insecure' }
}

/** Whether the A records of the name are to be asked for (RFC 6147 sections 5.1.1 to 5.1.6 and 5.5). */
export function wantsSynthesis(request: ResolveRequest, resolution: Resolution, isBogus: boolean): boolean {
  const { question, recursionDesired, checkingDisabled, dnssecOk } = request
  if (question.type !== Type.AAAA || question.class !== Class.IN || !recursionDesired) return false
  if (checkingDisabled && dnssecOk) return false
  // What the operator wrote is what he means.
  if (resolution.provenance === 'local' || resolution.findings.at(-1)?.evidence.provenance === 'local') return false
  if (resolution.rcode === Rcode.NOERROR) return !resolution.answers.some(({ type }) => type === Type.AAAA)
  // A server that fails for AAAA is the ordinary case of a broken one; but a bogus denial may hide a true AAAA record.
  return resolution.rcode === Rcode.SERVFAIL && !isBogus
}

/** Makes the answer out of what came for AAAA and for A; undefined when there is nothing to make it of. */
export function synthesise(options: Dns64Options, aaaa: Resolution, a: Resolution): Resolution | undefined {
  if (a.rcode !== Rcode.NOERROR) return undefined
  const ttl = emptyTtl(aaaa)
  const answers = a.answers.flatMap((record): ResourceRecord[] => {
    if (record.type === Type.RRSIG && coveredType(record.rdata) === Type.A) return []
    if (record.type !== Type.A) return [record]
    if (!isRepresentable(options, record.rdata)) return []
    const rdata = embed(options.prefix, record.rdata)
    return [{ ...record, type: Type.AAAA, ttl: Math.min(record.ttl, ttl), rdata }]
  })
  if (!answers.some((record) => record.type === Type.AAAA)) return undefined
  return {
    ...a,
    answers,
    authorities: [],
    authoritative: aaaa.authoritative && a.authoritative,
    // Section 5.5: AD only when the absence of AAAA has been proven, too.
    security: weakestSecurity([aaaa.security, a.security]),
    provenance: weakest([aaaa.provenance, a.provenance].filter((one) => one !== undefined)),
  }
}

/** RFC 6052 section 2.2. */
export function embed({ octets, bits }: AddressRange, ipv4: Uint8Array): Uint8Array {
  const address = octets.slice()
  let at = bits / 8
  for (const octet of ipv4) {
    if (at === RESERVED_OCTET) at++
    address[at++] = octet
  }
  return address
}

/** The IPv4 address in an address of the prefix; undefined if it is not one. */
export function extract(prefix: AddressRange, address: Uint8Array): Uint8Array | undefined {
  if (!matchesPrefix(address, prefix)) return undefined
  const ipv4 = new Uint8Array(4)
  let at = prefix.bits / 8
  for (let i = 0; i < 4; i++) {
    if (at === RESERVED_OCTET) at++
    ipv4[i] = address[at++]!
  }
  return equalBytes(embed(prefix, ipv4), address) ? ipv4 : undefined
}

function pointerTarget(prefix: AddressRange, name: Name): Name | undefined {
  if (!isSubdomain(name, IPV6_REVERSE)) return undefined
  const address = addressOfReverse(name)
  const ipv4 = address && extract(prefix, address)
  return ipv4 && reverseName(ipv4)
}

/** RFC 6052 section 3.1: the well-known prefix is for global addresses only. */
function isRepresentable({ prefix }: Dns64Options, ipv4: Uint8Array): boolean {
  const wellKnown = prefix.bits === WELL_KNOWN.bits && equalBytes(prefix.octets, WELL_KNOWN.octets)
  return !(wellKnown && isPrivateAddress(ipv4))
}

/** RFC 6147 section 5.1.7: no longer than the word that there is no AAAA. */
function emptyTtl({ authorities }: Resolution): number {
  const soa = authorities.find((record) => record.type === Type.SOA)
  return soa === undefined ? TTL_WITHOUT_SOA : Math.min(soa.ttl, soaView(soa.rdata).minimum)
}
