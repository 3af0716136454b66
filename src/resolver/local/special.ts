/** Names that never leave this node: special-use names (RFC 6761, 6762, 7686, 8375, 9462, 9476) and locally served zones (RFC 6303). */
import { isSubdomain, type Name, parseName, type Question, Rcode, type ResourceRecord, Type } from '../../dns/index.ts'
import { absent, found, type LocalAnswer, localSoa } from './answer.ts'

const LOCAL_TTL_SECONDS = 10_800

/** Zones that this node answers as empty: NXDOMAIN below, NODATA at the apex. */
const EMPTY_ZONES: readonly Name[] = [
  // RFC 6761 6.2 and 6.4, RFC 7686, RFC 6762 22.1, RFC 9476, and "internal" as reserved by ICANN in 2024.
  'test',
  'invalid',
  'onion',
  'local',
  'alt',
  'internal',
  // RFC 8375, RFC 9462 section 6.4 and RFC 9665: only a local network can know what is below.
  'home.arpa',
  'resolver.arpa',
  'service.arpa',
  // RFC 6303 section 4.1 and 4.2: private and reserved IPv4 space.
  '10.in-addr.arpa',
  ...Array.from({ length: 16 }, (_, i) => `${16 + i}.172.in-addr.arpa`),
  '168.192.in-addr.arpa',
  '0.in-addr.arpa',
  '127.in-addr.arpa',
  '254.169.in-addr.arpa',
  '2.0.192.in-addr.arpa',
  '100.51.198.in-addr.arpa',
  '113.0.203.in-addr.arpa',
  '255.255.255.255.in-addr.arpa',
  // RFC 7793: 100.64.0.0/10.
  ...Array.from({ length: 64 }, (_, i) => `${64 + i}.100.in-addr.arpa`),
  // RFC 6303 section 4.3 to 4.6: IPv6 unspecified, unique local, link local, documentation.
  `${'0.'.repeat(32)}ip6.arpa`,
  'd.f.ip6.arpa',
  '8.e.f.ip6.arpa',
  '9.e.f.ip6.arpa',
  'a.e.f.ip6.arpa',
  'b.e.f.ip6.arpa',
  '8.b.d.0.1.0.0.2.ip6.arpa',
].map((text) => parseName(text))

const EMPTY_BY_KEY = new Map(EMPTY_ZONES.map((zone) => [zone.key, zone]))
const ARPA = parseName('arpa')
/** RFC 9462 section 6.4: nothing below is ever "no such name", since a client asks for what its own resolver offers. */
const RESOLVER = parseName('resolver.arpa')
const LOCALHOST = parseName('localhost')
const LOOPBACK_V4 = parseName('1.0.0.127.in-addr.arpa')
const LOOPBACK_V6 = parseName(`1.${'0.'.repeat(31)}ip6.arpa`)

/** The local answer to `question`, or undefined when it is one for the world. */
export function specialAnswer(question: Question): LocalAnswer | undefined {
  const { name } = question
  if (isSubdomain(name, LOCALHOST)) return localhost(question)
  if (name.key === LOOPBACK_V4.key || name.key === LOOPBACK_V6.key) return loopbackPointer(question)
  const zone = enclosingEmptyZone(name)
  // Those in arpa are delegated without a DS set: stubs that validate ask for the proof (RFC 8375 section 4, RFC 6303 section 4).
  if (zone === undefined || (question.type === Type.DS && name.key === zone.key && isSubdomain(zone, ARPA)))
    return undefined
  return empty(question, zone)
}

/** True for every name that `specialAnswer` would answer: such names are never told to a peer. */
export function isSpecialUse(name: Name): boolean {
  return isSubdomain(name, LOCALHOST) || name.key === LOOPBACK_V6.key || enclosingEmptyZone(name) !== undefined
}

/** The zone that is answered as empty and that the name is in, or is. */
export function enclosingEmptyZone(name: Name): Name | undefined {
  // Walks the suffixes: label lengths are in the wire form, and keys are aligned with it.
  for (let offset = 0; offset < name.wire.length - 1; offset += name.wire[offset]! + 1) {
    const zone = EMPTY_BY_KEY.get(name.key.slice(offset))
    if (zone !== undefined) return zone
  }
  return undefined
}

/** RFC 6761 section 6.3: every name below localhost is the loopback address, and has nothing else. */
function localhost(question: Question): LocalAnswer {
  const record = (rdata: Uint8Array): ResourceRecord => ({ ...question, ttl: LOCAL_TTL_SECONDS, rdata })
  if (question.type === Type.A) return found([record(Uint8Array.of(127, 0, 0, 1))], 'localhost')
  if (question.type === Type.AAAA) {
    const loopback = new Uint8Array(16)
    loopback[15] = 1
    return found([record(loopback)], 'localhost')
  }
  return absent(Rcode.NOERROR, soa(LOCALHOST), 'localhost')
}

function loopbackPointer(question: Question): LocalAnswer {
  if (question.type === Type.PTR)
    return found([{ ...question, ttl: LOCAL_TTL_SECONDS, rdata: LOCALHOST.wire }], 'loopback address')
  return absent(Rcode.NOERROR, soa(question.name), 'loopback address')
}

function empty(question: Question, zone: Name): LocalAnswer {
  const atApex = question.name.key === zone.key
  const detail = 'special-use or locally served zone'
  if (atApex && question.type === Type.SOA) return found([soa(zone)], detail)
  if (atApex && question.type === Type.NS)
    return found([{ ...question, ttl: LOCAL_TTL_SECONDS, rdata: LOCALHOST.wire }], detail)
  const exists = atApex || zone.key === RESOLVER.key
  return absent(exists ? Rcode.NOERROR : Rcode.NXDOMAIN, soa(zone), detail)
}

function soa(zone: Name): ResourceRecord {
  return localSoa(zone, LOCAL_TTL_SECONDS)
}
