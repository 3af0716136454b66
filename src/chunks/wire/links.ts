/** Links of chains of trust as CBOR: beside a reply, and in the row of a signed answer. Pure. */
import type { CborValue } from '../../crypto/index.ts'
import { Class, Type } from '../../dns/index.ts'
import { decodeOutcome, encodeOutcome, evidenceLimits, type ProofLink } from '../../evidence/index.ts'
import { limits } from '../limits.ts'
import { malformed, readBytes, readInteger, readList, readName } from './reading.ts'

/** At least the bytes that the heads of the items of one row take. */
export const LINK_OVERHEAD_BYTES = 16

/** As many links as fit into so many bytes. Whoever gets them can do without the rest. */
export function linkValues(links: readonly ProofLink[], room: number): CborValue[] {
  const rows: CborValue[] = []
  let left = room
  for (const { question, outcome } of links.slice(0, limits.MAX_LINKS)) {
    const bytes = encodeOutcome(outcome)
    left -= bytes.length + question.name.wire.length + LINK_OVERHEAD_BYTES
    if (left < 0) break
    rows.push([question.type, question.name.wire, bytes])
  }
  return rows
}

/** Throws CHUNK_MALFORMED or EVIDENCE_MALFORMED. Nothing is verified here. */
export function readLinkRows(value: CborValue | undefined): readonly ProofLink[] {
  return readList(value, limits.MAX_LINKS, 'links', (row): ProofLink => {
    if (!Array.isArray(row)) throw malformed('link')
    const type = readInteger(row[0], 1, 0xffff, 'type of link')
    if (type !== Type.DS && type !== Type.DNSKEY) throw malformed('type of link')
    return {
      question: { name: readName(row[1]), type, class: Class.IN },
      outcome: decodeOutcome(readBytes(row[2], 1, evidenceLimits.MAX_OUTCOME_BYTES, 'link')),
    }
  })
}
