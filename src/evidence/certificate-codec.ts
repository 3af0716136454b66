/** Certificates as bytes: the subject once, each content once, then a row an observation. */
import { equalBytes, latin1 } from '../base/index.ts'
import { type CborValue, encodeCanonical } from '../crypto/index.ts'
import { seenDigest } from './content.ts'
import { limits } from './limits.ts'
import { readStatement, readSubject, statementFields, subjectFields } from './observation.ts'
import { malformed, readBytes, readCbor, readHash, readInteger, readList, readRow, wellFormed } from './reading.ts'
import type { Certificate, CertificateKind, SeenSet } from './types.ts'

const KINDS: readonly CertificateKind[] = ['agreed', 'rotating', 'divergent']

/**
 * `[kind, subject, contents, rows]`: a content is `[type, RDATAs]`, or the digest of one that cannot be shown; a row is the
 * number of its content, start, apex, TTL, time, nonce, observer, signature. Throws EVIDENCE_MALFORMED when the observations
 * are not of one subject, an agreement not of one content, or there are none.
 */
export function encodeCertificate({ kind, observations, contents }: Certificate): Uint8Array {
  const first = observations[0]
  if (first === undefined) throw malformed('empty certificate')
  const subject = subjectFields(first)
  const subjectBytes = encodeCanonical(subject)
  const numbers = new Map(contents.map((set, i) => [latin1(seenDigest(first.question, set)), i]))
  const items: CborValue[] = contents.map(({ type, rdatas }) => [type, [...rdatas]])
  const rows: CborValue[] = observations.map((one) => {
    if (!equalBytes(encodeCanonical(subjectFields(one)), subjectBytes)) throw malformed('mixed certificate')
    const digest = latin1(one.digest)
    if (!numbers.has(digest)) numbers.set(digest, items.push(one.digest) - 1)
    return [numbers.get(digest)!, ...statementFields(one), one.signature]
  })
  if (kind === 'agreed' && items.length !== 1) throw malformed('mixed certificate')
  const bytes = encodeCanonical([KINDS.indexOf(kind), subject, items, rows])
  if (bytes.length > limits.MAX_CERTIFICATE_BYTES) throw malformed('certificate too large')
  return bytes
}

/** Throws EVIDENCE_MALFORMED. Nothing is verified here. */
export function decodeCertificate(bytes: Uint8Array): Certificate {
  const top = readRow(readCbor(bytes, limits.MAX_CERTIFICATE_BYTES, 'certificate'), 4, 'certificate')
  const kind = KINDS[readInteger(top[0], 0, KINDS.length - 1, 'kind of certificate')]!
  const subject = readSubject(readRow(top[1], 5, 'subject of certificate'))
  const contents: SeenSet[] = []
  const digests = readList(top[2], limits.MAX_OBSERVATIONS, 'contents', (one) => {
    if (one instanceof Uint8Array) return readHash(one, 'digest')
    const set = readSet(one)
    contents.push(set)
    return seenDigest(subject.question, set)
  })
  if (kind === 'agreed' && (digests.length !== 1 || contents.length > 0)) throw malformed('mixed certificate')
  const observations = readList(top[3], limits.MAX_OBSERVATIONS, 'observations', (one) => {
    const row = readRow(one, 8, 'observation')
    const digest = digests[readInteger(row[0], 0, digests.length - 1, 'content')]!
    return { ...subject, digest, ...readStatement(row.slice(1)) }
  })
  if (observations.length === 0) throw malformed('empty certificate')
  return { kind, observations, contents }
}

function readSet(value: CborValue | undefined): SeenSet {
  const row = readRow(value, 2, 'content')
  const type = readInteger(row[0], 1, 0xffff, 'type')
  return {
    type,
    rdatas: readList(row[1], limits.MAX_RRSET_RECORDS, 'content', (one) =>
      wellFormed(type, readBytes(one, 0, 0xffff, 'RDATA')),
    ),
  }
}
