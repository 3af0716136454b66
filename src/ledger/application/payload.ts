/** What is in a ledger's transaction: CBOR [kind, ...fields]. */
import { type CborValue, encodeCanonical } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import { ledgerReader } from '../refusal.ts'
import type { Payload } from '../types.ts'

export function encodePayload(payload: Payload): Uint8Array {
  return encodeCanonical([...payload])
}

/** Throws LEDGER_MALFORMED. */
export function decodePayload(bytes: Uint8Array): { readonly kind: number; readonly fields: readonly CborValue[] } {
  const { readCbor, readList, readInteger } = ledgerReader
  const [kind, ...fields] = readList(readCbor(bytes, limits.MAX_PAYLOAD_BYTES, 'payload'), 64, 'payload', (one) => one)
  return { kind: readInteger(kind, 0, limits.MAX_KIND, 'kind'), fields }
}
