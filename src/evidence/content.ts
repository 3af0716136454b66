import { compareBytes, concatBytes } from '../base/index.ts'
import { type CborValue, encodeCanonical, sha256 } from '../crypto/index.ts'
import { canonicalName, canonicalRRset, isSubdomain, type Name, type Question, type RRset } from '../dns/index.ts'
import type { Content, Delegated, SeenSet } from './types.ts'

const TAG = new TextEncoder().encode('chordns/content/1\0')

/**
 * SHA-256 over what an answer says, in the form in which two honest fetches of the same data are equal: owner lower-cased,
 * RDATA canonical and sorted (RFC 4034 6.2 and 6.3), TTL and RRSIGs left out; for A and AAAA that is the sorted addresses.
 * Absence is rcode and apex only: SOA serials differ between secondaries of one zone. A delegation is the names of its servers,
 * its DS set, and the glue of servers inside the zone, without which it cannot be reached. The question is part of it, so that
 * a digest says nothing about another question. A marker of divergence is never signed: its digest matches nothing.
 */
export function contentDigest(question: Question, content: Content): Uint8Array {
  const asked: CborValue[] = [lower(question.name), question.type, question.class]
  return sha256(concatBytes(TAG, encodeCanonical([asked, said(content)])))
}

/** The digest that an observation of this set at the question's own name has. */
export function seenDigest(question: Question, { type, rdatas }: SeenSet): Uint8Array {
  const rrset = { name: question.name, type, class: question.class, ttl: 0, rdatas, signatures: [] }
  return contentDigest(question, { kind: 'rrset', rrset, apex: question.name, proofs: [] })
}

/** The set in canonical form, each RDATA once. */
export function seenSet({ name, type, class: klass, ttl, rdatas }: Omit<RRset, 'signatures'>): SeenSet {
  return { type, rdatas: sortedUnique(canonicalRRset({ name, type, class: klass, ttl, rdatas, signatures: [] })) }
}

function said(content: Content): CborValue {
  switch (content.kind) {
    case 'rrset': {
      const { name, type, class: klass } = content.rrset
      return [1, lower(name), type, klass, sortedUnique(canonicalRRset(content.rrset))]
    }
    case 'absent':
      return [0, content.rcode, lower(content.apex)]
    case 'delegation':
      return [
        2,
        sortedUnique(content.nameServers.map(lower)),
        content.ds === undefined ? [] : sortedUnique(canonicalRRset(content.ds)),
        innerGlue(content).map(({ name, addresses }) => [lower(name), sortedUnique(addresses)]),
      ]
    case 'divergent':
      return [3]
  }
}

/** Glue of servers inside the zone, by name: RFC 9471 has parents send all of it. What else came is one server's courtesy. */
function innerGlue({ zone, glue }: Delegated) {
  const inner = glue.filter(({ name, addresses }) => isSubdomain(name, zone) && addresses.length > 0)
  return inner.sort((a, b) => compareBytes(lower(a.name), lower(b.name)))
}

function lower(name: Name): Uint8Array {
  return canonicalName(name).wire
}

/** RFC 4034 6.3 asks for it; sorting sorted data is cheap, and a digest must not depend on another room's promise. */
function sortedUnique(rdatas: readonly Uint8Array[]): Uint8Array[] {
  const sorted = [...rdatas].sort(compareBytes)
  return sorted.filter((rdata, i) => i === 0 || compareBytes(rdata, sorted[i - 1]!) !== 0)
}
