/** One entry as bytes: on disk, and in memory where there is no disk. Certificate and outcome are in their own codecs. */
import { isChordnsError } from '../../base/index.ts'
import { type CborValue, decodeCanonical, encodeCanonical } from '../../crypto/index.ts'
import { nameFromWire } from '../../dns/index.ts'
import { decodeCertificate, decodeContent, encodeCertificate, encodeOutcome } from '../../evidence/index.ts'
import { limits } from '../limits.ts'
import type { ChunkEntry, EntryClaim } from './entry.ts'

const VERSION = 2

export function rowOf({ question, certificate, outcome, expires }: ChunkEntry): Uint8Array {
  const { name, type, class: classNumber } = question
  const evidence = [encodeCertificate(certificate), encodeOutcome(outcome)]
  return encodeCanonical([VERSION, name.wire, type, classNumber, ...evidence, expires])
}

/** Undefined for what this version cannot read. */
export function readRow(bytes: Uint8Array): EntryClaim | undefined {
  try {
    const row = decodeCanonical(bytes, { maxBytes: limits.MAX_ARCHIVED_BYTES })
    if (!Array.isArray(row)) return undefined
    const [version, name, type, classNumber, certificate, outcome, expires] = row as readonly CborValue[]
    const sound =
      version === VERSION &&
      name instanceof Uint8Array &&
      typeof type === 'number' &&
      typeof classNumber === 'number' &&
      certificate instanceof Uint8Array &&
      outcome instanceof Uint8Array &&
      typeof expires === 'number'
    if (!sound) return undefined
    return {
      question: { name: nameFromWire(name), type, class: classNumber },
      certificate: decodeCertificate(certificate),
      outcome: decodeContent(outcome),
      expires,
    }
  } catch (error) {
    if (isChordnsError(error)) return undefined
    throw error
  }
}
