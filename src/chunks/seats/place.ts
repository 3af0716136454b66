/** Where a question belongs, and whether it belongs into the ring at all. */
import { asChunkId, asRingId, type ChunkId, type RingId } from '../../base/index.ts'
import { sha256 } from '../../crypto/index.ts'
import { Class, canonicalName, type Name, parseName, type Question, Type } from '../../dns/index.ts'
import { type Content, isDelegation } from '../../evidence/index.ts'
import { isPrivateAddress } from './private-addresses.ts'

/** The first `chunkBits` (1 to 24) of SHA-256 over the lower-cased wire form. */
export function chunkOf(name: Name, chunkBits: number): ChunkId {
  const hash = sha256(canonicalName(name).wire)
  const first = ((hash[0]! << 16) | (hash[1]! << 8) | hash[2]!) >>> 0
  return asChunkId(first >>> (24 - chunkBits))
}

/** The chunk's place: its number at the top of the id space. The replicas are the successor of this and the next ones. */
export function keyOfChunk(chunk: ChunkId, chunkBits: number): RingId {
  const top = (chunk << (24 - chunkBits)) >>> 0
  return asRingId(top.toString(16).padStart(6, '0') + '0'.repeat(58))
}

/** The last chunk that is not above this id: the id is the successor of its key, and of the key of no chunk after it. */
export function lastChunkAt(id: string, chunkBits: number): number {
  return Number.parseInt(id.slice(0, 6), 16) >>> (24 - chunkBits)
}

/**
 * Whether a question may be told to a peer, asked of a peer, or taken from one. Never: classes other than IN, meta types and
 * RRSIG (RFC 6895 3.1, RFC 8482), the root and single labels, special-use names and private reverse zones. Delegations and keys
 * of top-level zones may: nobody asks for those but on the way to a longer name that may be shared.
 * `isPrivate` says what the configuration adds: local, stub and forward zones, negative trust anchors.
 */
export function mayShare(question: Question, isPrivate: (question: Question) => boolean): boolean {
  return (
    question.class === Class.IN &&
    (isDelegation(question) || isDataType(question.type)) &&
    question.name.labels >= leastLabels(question) &&
    !isSpecialName(question.name) &&
    !isPrivate(question)
  )
}

function leastLabels(question: Question): number {
  if (isDelegation(question)) return 1
  return question.type === Type.DNSKEY ? 0 : 2
}

/** True when the answer holds an address that means something else elsewhere: it must not leave this network. */
export function holdsPrivateAddress(outcome: Content): boolean {
  if (outcome.kind !== 'rrset') return false
  const { type, rdatas } = outcome.rrset
  return (type === Type.A || type === Type.AAAA) && rdatas.some(isPrivateAddress)
}

function isDataType(type: number): boolean {
  if (type === 0 || type === Type.OPT || type === Type.RRSIG) return false
  // RFC 6895 section 3.1: 128 to 255 are QTYPEs and meta types: NXNAME, TKEY, TSIG, IXFR, AXFR, MAILB, MAILA, ANY.
  return (type < 128 || type > 255) && type <= 0xffff
}

function isSpecialName(name: Name): boolean {
  // The key is aligned with the wire form, whose length bytes say where each suffix starts.
  for (let at = 0; at < name.wire.length - 1; at += name.wire[at]! + 1) if (SPECIAL.has(name.key.slice(at))) return true
  return false
}

const SPECIAL: ReadonlySet<string> = new Set(
  [
    // RFC 6761, RFC 6762 (local), RFC 7686 (onion), RFC 8375 (home.arpa), RFC 9476 (alt), RFC 9462 (resolver.arpa), ICANN 2024 (internal).
    'localhost',
    'local',
    'test',
    'invalid',
    'onion',
    'alt',
    'internal',
    'home.arpa',
    'resolver.arpa',
    // Not delegated and widely used inside: SAC062, RFC 6762 appendix G.
    ...['lan', 'home', 'corp', 'mail', 'intranet', 'private', 'localdomain'],
    // RFC 6303 section 4.1 and 4.2, RFC 7793, RFC 6761 6.1.
    ...['0', '10', '127', '254.169', '168.192', '2.0.192', '100.51.198', '113.0.203', '255.255.255.255'].map(inAddr),
    ...Array.from({ length: 16 }, (_, i) => inAddr(`${16 + i}.172`)),
    ...Array.from({ length: 64 }, (_, i) => inAddr(`${64 + i}.100`)),
    // RFC 6303 section 4.3 to 4.6: unspecified and loopback, unique local, link local, documentation.
    ...[
      `0.${'0.'.repeat(30)}0`,
      `1.${'0.'.repeat(30)}0`,
      'c.f',
      'd.f',
      '8.e.f',
      '9.e.f',
      'a.e.f',
      'b.e.f',
      '8.b.d.0.1.0.0.2',
    ].map((nibbles) => `${nibbles}.ip6.arpa`),
  ].map((text) => parseName(text).key),
)

function inAddr(octets: string): string {
  return `${octets}.in-addr.arpa`
}
