/** Outcomes as bytes, and the structural checks that an outcome must pass before anybody counts it. */
import type { CborValue } from '../crypto/index.ts'
import { encodeCanonical } from '../crypto/index.ts'
import { isSubdomain, type Question, type RRset, sameName, Type, viewRdata } from '../dns/index.ts'
import { limits } from './limits.ts'
import { malformed, readBytes, readCbor, readInteger, readList, readName, readRow } from './reading.ts'
import type { Outcome } from './types.ts'

/** Wire-exact: owner case, RDATA bytes and order are kept. Throws EVIDENCE_MALFORMED when it is larger than peers take. */
export function encodeOutcome(outcome: Outcome): Uint8Array {
  const bytes = encodeCanonical(
    outcome.kind === 'rrset'
      ? [1, rrsetValue(outcome.rrset), outcome.apex.wire, outcome.proofs.map(rrsetValue)]
      : [
          0,
          outcome.rcode,
          outcome.apex.wire,
          outcome.soa === undefined ? null : rrsetValue(outcome.soa),
          outcome.proofs.map(rrsetValue),
        ],
  )
  if (bytes.length > limits.MAX_OUTCOME_BYTES) throw malformed('outcome too large')
  return bytes
}

/** Throws EVIDENCE_MALFORMED. Every RDATA is well-formed for its type (unknown types: any bytes, RFC 3597). */
export function decodeOutcome(bytes: Uint8Array): Outcome {
  const value = readCbor(bytes, limits.MAX_OUTCOME_BYTES, 'outcome')
  const present = Array.isArray(value) && value[0] === 1
  const row = readRow(value, present ? 4 : 5, 'outcome')
  if (present) {
    return { kind: 'rrset', rrset: readRRset(row[1]), apex: readName(row[2], 'apex'), proofs: readProofs(row[3]) }
  }
  readInteger(row[0], 0, 0, 'kind of outcome')
  const rcode = readInteger(row[1], 0, 3, 'rcode')
  if (rcode !== 0 && rcode !== 3) throw malformed('rcode')
  return {
    kind: 'absent',
    rcode,
    apex: readName(row[2], 'apex'),
    soa: row[3] === null ? undefined : readSoa(row[3]),
    proofs: readProofs(row[4]),
  }
}

/**
 * P10: whether an outcome can be an answer to the question at all. Undefined when it can, else what is wrong with it.
 * Says nothing about truth.
 */
export function misfit(question: Question, outcome: Outcome): string | undefined {
  if (!isSubdomain(question.name, outcome.apex)) return 'apex is not above the name'
  if (outcome.kind === 'absent') {
    if (outcome.soa !== undefined && !isSubdomain(question.name, outcome.soa.name)) return 'SOA of another zone'
    return undefined
  }
  const { rrset } = outcome
  if (rrset.class !== question.class) return 'class differs'
  if (rrset.rdatas.length === 0) return 'empty RRset'
  if (!isSubdomain(rrset.name, outcome.apex)) return 'owner is outside the zone'
  if (rrset.type === question.type) return sameName(rrset.name, question.name) ? undefined : 'owner differs'
  if (rrset.type === Type.CNAME) {
    if (!sameName(rrset.name, question.name)) return 'alias of another name'
    // RFC 2181 section 10.1: a name has one canonical name.
    return rrset.rdatas.length === 1 ? undefined : 'several aliases'
  }
  if (rrset.type === Type.DNAME) {
    const above = isSubdomain(question.name, rrset.name) && !sameName(question.name, rrset.name)
    if (!above) return 'DNAME is not above the name'
    return rrset.rdatas.length === 1 ? undefined : 'several aliases'
  }
  return 'type differs'
}

/**
 * Seconds that the outcome may be kept by its authority's word. Absence: min(SOA TTL, SOA minimum) (RFC 2308 section 5);
 * 0 without a SOA, since then nothing says how long.
 */
export function outcomeTtl(outcome: Outcome): number {
  if (outcome.kind === 'rrset') return outcome.rrset.ttl
  const rdata = outcome.soa?.rdatas[0]
  if (outcome.soa === undefined || rdata === undefined || rdata.length < 22) return 0
  const minimum = new DataView(rdata.buffer, rdata.byteOffset, rdata.byteLength).getUint32(rdata.length - 4)
  return Math.min(outcome.soa.ttl, minimum)
}

function rrsetValue(rrset: RRset): CborValue {
  return [rrset.name.wire, rrset.type, rrset.class, rrset.ttl, [...rrset.rdatas], [...rrset.signatures]]
}

function readRRset(value: CborValue | undefined): RRset {
  const row = readRow(value, 6, 'RRset')
  const type = readInteger(row[1], 1, 0xffff, 'type')
  const rdatas = readList(row[4], limits.MAX_RRSET_RECORDS, 'records', (one) =>
    wellFormed(type, readBytes(one, 0, 0xffff, 'RDATA')),
  )
  if (rdatas.length === 0) throw malformed('RRset without records')
  return {
    name: readName(row[0], 'owner'),
    type,
    class: readInteger(row[2], 1, 0xffff, 'class'),
    ttl: readInteger(row[3], 0, limits.MAX_TTL, 'TTL'),
    rdatas,
    signatures: readList(row[5], limits.MAX_SIGNATURES, 'signatures', (one) =>
      wellFormed(Type.RRSIG, readBytes(one, 18, 0xffff, 'RRSIG')),
    ),
  }
}

function readSoa(value: CborValue | undefined): RRset {
  const soa = readRRset(value)
  if (soa.type !== Type.SOA || soa.rdatas.length !== 1) throw malformed('SOA')
  return soa
}

function readProofs(value: CborValue | undefined): RRset[] {
  return readList(value, limits.MAX_PROOFS, 'proofs', (one) => {
    const proof = readRRset(one)
    if (proof.type !== Type.NSEC && proof.type !== Type.NSEC3) throw malformed('proof of another type')
    return proof
  })
}

function wellFormed(type: number, rdata: Uint8Array): Uint8Array {
  try {
    viewRdata(type, rdata)
  } catch (error) {
    throw malformed(`RDATA of type ${type}`, error)
  }
  return rdata
}
