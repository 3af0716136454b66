/** Outcomes as bytes, and the structural checks that an outcome must pass before anybody counts it. */
import type { CborValue } from '../crypto/index.ts'
import { encodeCanonical } from '../crypto/index.ts'
import { isSubdomain, type Question, type RRset, sameName, Type } from '../dns/index.ts'
import { limits } from './limits.ts'
import { malformed, readBytes, readCbor, readInteger, readList, readName, readRow, wellFormed } from './reading.ts'
import { isDelegation } from './subject.ts'
import type { Content, Delegated, Glue, Outcome } from './types.ts'

/** Wire-exact: owner case, RDATA bytes and order are kept. Throws EVIDENCE_MALFORMED when it is larger than peers take. */
export function encodeOutcome(content: Content): Uint8Array {
  const bytes = encodeCanonical(contentValue(content))
  if (bytes.length > limits.MAX_OUTCOME_BYTES) throw malformed('outcome too large')
  return bytes
}

/** Whether `encodeOutcome` takes it for sure, without encoding it: larger ones are this node's own, and are not shared. */
export function isSmallEnough(outcome: Outcome): boolean {
  const first = outcome.kind === 'rrset' ? outcome.rrset : outcome.soa
  let bytes = 0
  for (const { name, rdatas, signatures } of first === undefined ? outcome.proofs : [first, ...outcome.proofs]) {
    bytes += name.wire.length + SET_OVERHEAD_BYTES
    for (const list of [rdatas, signatures]) for (const rdata of list) bytes += rdata.length + STRING_OVERHEAD_BYTES
  }
  return bytes + outcome.apex.wire.length + SET_OVERHEAD_BYTES <= limits.MAX_OUTCOME_BYTES
}

/** What CBOR needs at most beside the bytes: for the numbers and list heads of a set, for the head of a byte string. */
const SET_OVERHEAD_BYTES = 32
const STRING_OVERHEAD_BYTES = 3

/** An answer to a stub's question; throws EVIDENCE_MALFORMED for any other content, too. */
export function decodeOutcome(bytes: Uint8Array): Outcome {
  const content = decodeContent(bytes)
  if (!isOutcome(content)) throw malformed('not an answer')
  return content
}

export function isOutcome(content: Content): content is Outcome {
  return content.kind === 'rrset' || content.kind === 'absent'
}

/** Throws EVIDENCE_MALFORMED. Every RDATA is well-formed for its type (unknown types: any bytes, RFC 3597). */
export function decodeContent(bytes: Uint8Array): Content {
  const value = readCbor(bytes, limits.MAX_OUTCOME_BYTES, 'outcome')
  const kind = readInteger(Array.isArray(value) ? value[0] : undefined, 0, 3, 'kind of outcome')
  const row = readRow(value, FIELDS[kind]!, 'outcome')
  if (kind === 1)
    return { kind: 'rrset', rrset: readRRset(row[1]), apex: readName(row[2], 'apex'), proofs: readProofs(row[3]) }
  if (kind === 2) return readDelegated(row)
  if (kind === 3) return { kind: 'divergent', apex: readName(row[1], 'apex'), proofs: [] }
  const rcode = readInteger(row[1], 0, 3, 'rcode')
  if (rcode !== 0 && rcode !== 3) throw malformed('rcode')
  return {
    kind: 'absent',
    rcode,
    apex: readName(row[2], 'apex'),
    soa: row[3] === null ? undefined : readSet(row[3], Type.SOA, 'SOA', 1),
    proofs: readProofs(row[4]),
  }
}

const FIELDS = [5, 4, 8, 2] as const

/**
 * P10: whether an outcome can be an answer to the question at all. Undefined when it can, else what is wrong with it.
 * Says nothing about truth.
 */
export function misfit(question: Question, outcome: Content): string | undefined {
  if (!isSubdomain(question.name, outcome.apex)) return 'apex is not above the name'
  if ((outcome.kind === 'delegation') !== isDelegation(question)) return 'an answer is no delegation'
  if (outcome.kind === 'divergent') return undefined
  if (outcome.kind === 'delegation') return misfitDelegation(question, outcome)
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

function misfitDelegation({ name }: Question, delegated: Delegated): string | undefined {
  const { zone, apex, nameServers, ds, glue } = delegated
  if (!sameName(zone, name)) return 'delegation of another zone'
  if (sameName(zone, apex)) return 'apex is not above the name'
  if (nameServers.length === 0) return 'no name servers'
  if (ds !== undefined && (ds.type !== Type.DS || !sameName(ds.name, zone))) return 'DS of another zone'
  const known = new Set(nameServers.map((server) => server.key))
  // Other glue is under no signature: it would be one peer's word on where to ask.
  return glue.every(({ name: server }) => known.has(server.key) && isSubdomain(server, zone))
    ? undefined
    : 'glue of no name server inside the zone'
}

function contentValue(content: Content): CborValue {
  const proofs = content.proofs.map(rrsetValue)
  switch (content.kind) {
    case 'rrset':
      return [1, rrsetValue(content.rrset), content.apex.wire, proofs]
    case 'absent': {
      const soa = content.soa === undefined ? null : rrsetValue(content.soa)
      return [0, content.rcode, content.apex.wire, soa, proofs]
    }
    case 'delegation': {
      const { zone, apex, ttl, nameServers, ds, glue } = content
      return [
        2,
        zone.wire,
        apex.wire,
        ttl,
        nameServers.map((server) => server.wire),
        ds === undefined ? null : rrsetValue(ds),
        glue.map(({ name, addresses }): CborValue => [name.wire, [...addresses]]),
        proofs,
      ]
    }
    case 'divergent':
      return [3, content.apex.wire]
  }
}

function readDelegated(row: readonly CborValue[]): Delegated {
  return {
    kind: 'delegation',
    zone: readName(row[1], 'zone'),
    apex: readName(row[2], 'apex'),
    ttl: readInteger(row[3], 0, limits.MAX_TTL, 'TTL'),
    nameServers: readList(row[4], limits.MAX_NAME_SERVERS, 'name servers', (one) => readName(one, 'name server')),
    ds: row[5] === null ? undefined : readSet(row[5], Type.DS, 'DS', limits.MAX_RRSET_RECORDS),
    glue: readList(row[6], limits.MAX_NAME_SERVERS, 'glue', readGlue),
    proofs: readProofs(row[7]),
  }
}

function readGlue(value: CborValue | undefined): Glue {
  const row = readRow(value, 2, 'glue')
  const addresses = readList(row[1], limits.MAX_GLUE_ADDRESSES, 'glue', (one) => {
    const address = readBytes(one, 4, 16, 'address')
    if (address.length !== 4 && address.length !== 16) throw malformed('address')
    return address
  })
  return { name: readName(row[0], 'name server'), addresses }
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

function readSet(value: CborValue | undefined, type: number, what: string, maxRecords: number): RRset {
  const set = readRRset(value)
  if (set.type !== type || set.rdatas.length > maxRecords) throw malformed(what)
  return set
}

function readProofs(value: CborValue | undefined): RRset[] {
  return readList(value, limits.MAX_PROOFS, 'proofs', (one) => {
    const proof = readRRset(one)
    if (proof.type !== Type.NSEC && proof.type !== Type.NSEC3) throw malformed('proof of another type')
    return proof
  })
}
