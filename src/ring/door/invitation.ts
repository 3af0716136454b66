/**
 * An invitation to a ring as one line of text: all that a new member needs. It holds the ring's secret, so it is handled like
 * one. `chordns1.` | base64url(u16 length | payload | first 4 bytes of SHA-256 over both); the payload is canonical CBOR.
 */
import { ChordnsError, concatBytes, equalBytes } from '../../base/index.ts'
import { type CborField, cborReader, encodeCanonical, sha256 } from '../../crypto/index.ts'

export interface Invitation {
  readonly ringId: string
  readonly admission: 'psk' | 'open'
  /** At least 16 bytes; empty in an open ring. */
  readonly secret: Uint8Array
  readonly replicas: number
  readonly chunkBits: number
  /** Multiaddrs of members. */
  readonly addresses: readonly string[]
}

const PREFIX = 'chordns1.'
const MAX_PAYLOAD_BYTES = 8_192
const CHECK_BYTES = 4
/** As many as `ring.bootstrap` may hold are more than a token needs; each is at most about 120 characters long. */
export const MAX_INVITED_ADDRESSES = 8

export function encodeInvitation(invitation: Invitation): string {
  const { ringId, admission, secret, replicas, chunkBits, addresses } = invitation
  const payload = encodeCanonical([ringId, admission, secret, replicas, chunkBits, [...addresses]])
  const counted = concatBytes(Uint8Array.of(payload.length >> 8, payload.length & 255), payload)
  return PREFIX + Buffer.from(concatBytes(counted, sha256(counted).subarray(0, CHECK_BYTES))).toString('base64url')
}

/** Throws INVITATION_MALFORMED, whose text says what is wrong and never shows the token. */
export function decodeInvitation(text: string): Invitation {
  // Mail and chat break lines.
  const token = text.replace(/\s+/g, '')
  if (!token.startsWith('chordns')) throw malformed('it does not begin with "chordns1."')
  if (!token.startsWith(PREFIX)) throw malformed('it was made by another version of chordns')
  const body = token.slice(PREFIX.length)
  const strange = /[^A-Za-z0-9_-]/.exec(body)
  if (strange !== null) throw malformed(`character ${PREFIX.length + strange.index + 1} does not belong into a token`)
  const bytes = new Uint8Array(Buffer.from(body, 'base64url'))
  const length = bytes.length < 2 ? 0 : bytes[0]! * 256 + bytes[1]!
  const missing = 2 + length + CHECK_BYTES - bytes.length
  if (bytes.length < 2 || missing > 0) throw malformed('its end is missing; copy the whole line')
  if (missing < 0) throw malformed('something follows its end')
  const counted = bytes.subarray(0, 2 + length)
  if (!equalBytes(sha256(counted).subarray(0, CHECK_BYTES), bytes.subarray(2 + length)))
    throw malformed('a character was changed on the way; copy it again')
  return fieldsOf(counted.subarray(2))
}

const { readCbor, readRow, readList, readInteger, readBytes, readText } = cborReader((_, cause) =>
  malformed('its content cannot be read', cause),
)

function fieldsOf(payload: Uint8Array): Invitation {
  const row = readRow(readCbor(payload, MAX_PAYLOAD_BYTES, 'payload'), 6, 'payload')
  const admission = readText(row[1], 4, 'admission')
  if (admission !== 'psk' && admission !== 'open') throw malformed('its content cannot be read')
  const text = (value: CborField) => readText(value, MAX_PAYLOAD_BYTES, 'text')
  return {
    ringId: text(row[0]),
    admission,
    secret: readBytes(row[2], 0, MAX_PAYLOAD_BYTES, 'secret'),
    replicas: readInteger(row[3], 0, Number.MAX_SAFE_INTEGER, 'replicas'),
    chunkBits: readInteger(row[4], 0, Number.MAX_SAFE_INTEGER, 'chunk bits'),
    addresses: readList(row[5], MAX_INVITED_ADDRESSES, 'addresses', text),
  }
}

function malformed(what: string, cause?: unknown) {
  return new ChordnsError('INVITATION_MALFORMED', `not an invitation: ${what}`, { what }, { cause })
}
