/** One entry as bytes: on disk, and in memory where there is no disk. Certificate and outcome are in their own codecs. */
import { isChordnsError } from '../../base/index.ts'
import { encodeCanonical } from '../../crypto/index.ts'
import { nameFromWire } from '../../dns/index.ts'
import {
  decodeCertificate,
  decodeContent,
  encodeCertificate,
  encodeOutcome,
  evidenceLimits,
} from '../../evidence/index.ts'
import { limits } from '../limits.ts'
import { readBytes, readCbor, readRow as readFields, readInteger } from '../wire/reading.ts'
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
    const row = readFields(readCbor(bytes, limits.MAX_ARCHIVED_BYTES, 'row'), 7, 'row')
    const [version, name, type, classNumber, certificate, outcome, expires] = row
    if (version !== VERSION) return undefined
    return {
      question: {
        name: nameFromWire(readBytes(name, 1, 255, 'name')),
        type: readInteger(type, 0, 0xffff, 'type'),
        class: readInteger(classNumber, 1, 0xffff, 'class'),
      },
      certificate: decodeCertificate(readBytes(certificate, 1, evidenceLimits.MAX_CERTIFICATE_BYTES, 'certificate')),
      outcome: decodeContent(readBytes(outcome, 1, evidenceLimits.MAX_OUTCOME_BYTES, 'outcome')),
      expires: readInteger(expires, 0, Number.MAX_SAFE_INTEGER, 'time'),
    }
  } catch (error) {
    if (isChordnsError(error)) return undefined
    throw error
  }
}
