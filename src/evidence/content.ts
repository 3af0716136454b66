import { compareBytes, concatBytes } from '../base/index.ts'
import { type CborValue, encodeCanonical, sha256 } from '../crypto/index.ts'
import { canonicalName, canonicalRRset, type Name, type Question } from '../dns/index.ts'
import type { Outcome } from './types.ts'

const TAG = new TextEncoder().encode('chordns/content/1\0')

/**
 * SHA-256 over what an answer says, in the form in which two honest fetches of the same data are equal: owner lower-cased,
 * RDATA canonical and sorted (RFC 4034 6.2 and 6.3), TTL and RRSIGs left out; for A and AAAA that is the sorted addresses.
 * Absence is rcode and apex only: SOA serials differ between secondaries of one zone. The question is part of it, so that a
 * digest says nothing about another question.
 */
export function contentDigest(question: Question, outcome: Outcome): Uint8Array {
  const asked: CborValue[] = [lower(question.name), question.type, question.class]
  const said: CborValue =
    outcome.kind === 'rrset'
      ? [
          1,
          lower(outcome.rrset.name),
          outcome.rrset.type,
          outcome.rrset.class,
          sortedUnique(canonicalRRset(outcome.rrset)),
        ]
      : [0, outcome.rcode, lower(outcome.apex)]
  return sha256(concatBytes(TAG, encodeCanonical([asked, said])))
}

function lower(name: Name): Uint8Array {
  return canonicalName(name).wire
}

/** RFC 4034 6.3 asks for it; sorting sorted data is cheap, and a digest must not hang on another room's promise. */
function sortedUnique(rdatas: readonly Uint8Array[]): Uint8Array[] {
  const sorted = [...rdatas].sort(compareBytes)
  return sorted.filter((rdata, i) => i === 0 || compareBytes(rdata, sorted[i - 1]!) !== 0)
}
