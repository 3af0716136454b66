/** Reading what somebody else encoded: everything that does not fit throws EVIDENCE_MALFORMED. */
import { ChordnsError } from '../base/index.ts'
import { type CborField, cborReader } from '../crypto/index.ts'
import { type Name, nameFromWire, viewRdata } from '../dns/index.ts'

export type EvidenceMalformed = ChordnsError<'EVIDENCE_MALFORMED', { what: string }>

export function malformed(what: string, cause?: unknown): EvidenceMalformed {
  return new ChordnsError('EVIDENCE_MALFORMED', `malformed evidence: ${what}`, { what }, { cause })
}

export const { readCbor, readRow, readList, readInteger, readBytes, readHash, readSignature, readUtf8 } =
  cborReader(malformed)

export function readName(value: CborField, what: string): Name {
  const wire = readBytes(value, 1, 255, what)
  try {
    return nameFromWire(wire)
  } catch (error) {
    throw malformed(what, error)
  }
}

/** RDATA that its type allows (unknown types: any bytes, RFC 3597). */
export function wellFormed(type: number, rdata: Uint8Array): Uint8Array {
  try {
    viewRdata(type, rdata)
  } catch (error) {
    throw malformed(`RDATA of type ${type}`, error)
  }
  return rdata
}
