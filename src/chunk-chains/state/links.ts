/**
 * Links of chains of trust on a chain: DS and DNSKEY sets, written so that one set has one form. The first transaction that needs a
 * link carries it; those after it name it by its hash, since the keys of the root and of the top-level domains are the same for all.
 * Pure.
 */
import { compareBytes, equalBytes, isChordnsError, toHex } from '../../base/index.ts'
import { encodeCanonical, sha256 } from '../../crypto/index.ts'
import { Class, canonicalName, type RRset, sameName, Type } from '../../dns/index.ts'
import { decodeOutcome, encodeOutcome, evidenceLimits, type ProofLink } from '../../evidence/index.ts'
import { limits } from '../limits.ts'
import { malformed, readBytes, readCbor, readInteger, readName, readRow } from './reading.ts'

/** Bytes of a link, or of its hash: a link is always longer. */
export const HASH_BYTES = 32

/** Undefined for what leads no chain of trust on: a denial, or a set of another type. */
export function encodeLink({ question, outcome }: ProofLink): Uint8Array | undefined {
  const { type } = question
  if (outcome.kind !== 'rrset' || (type !== Type.DS && type !== Type.DNSKEY)) return undefined
  if (outcome.rrset.type !== type || !sameName(outcome.rrset.name, question.name)) return undefined
  const name = canonicalName(question.name)
  const rrset = canonicalSet({ ...outcome.rrset, name })
  return encodeCanonical([type, name.wire, encodeOutcome({ kind: 'rrset', rrset, apex: name, proofs: [] })])
}

/** Throws CHUNK_MALFORMED. Nothing is verified here. */
export function decodeLink(bytes: Uint8Array): ProofLink {
  const [type, wire, content] = readRow(readCbor(bytes, limits.MAX_LINK_BYTES, 'link'), 3, 'link')
  const name = readName(wire)
  const kind = readInteger(type, 1, 0xffff, 'type of link')
  try {
    const outcome = decodeOutcome(readBytes(content, 1, evidenceLimits.MAX_OUTCOME_BYTES, 'link'))
    const link: ProofLink = { question: { name, type: kind, class: Class.IN }, outcome }
    const again = encodeLink(link)
    if (again === undefined || !equalBytes(again, bytes)) throw malformed('a link in another form')
    return link
  } catch (cause) {
    if (isChordnsError(cause, 'EVIDENCE_MALFORMED')) throw malformed(cause.message, cause)
    throw cause
  }
}

export function linkHash(link: Uint8Array): Uint8Array {
  return sha256(link)
}

/** TTLs count down on the way and servers turn their records about; what is signed is neither. */
function canonicalSet(rrset: RRset): RRset {
  return { ...rrset, ttl: signedTtl(rrset), rdatas: sorted(rrset.rdatas), signatures: sorted(rrset.signatures) }
}

/** RFC 4034 section 3.1: the TTL as it was signed stands four octets after the start. */
function signedTtl({ signatures, ttl }: RRset): number {
  const ttls = signatures.flatMap((rdata) =>
    rdata.length < 8 ? [] : [new DataView(rdata.buffer, rdata.byteOffset).getUint32(4)],
  )
  return ttls.length === 0 ? ttl : Math.min(...ttls, evidenceLimits.MAX_TTL)
}

function sorted(rdatas: readonly Uint8Array[]): Uint8Array[] {
  const byText = new Map(rdatas.map((rdata) => [toHex(rdata), rdata]))
  return [...byText.values()].sort(compareBytes)
}
