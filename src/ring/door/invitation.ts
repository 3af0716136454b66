/**
 * An invitation to a ring as one line of text: all that a new member needs. It holds the ring's secret, so it is handled like
 * one. `chordns1.` | base64url(u16 length | payload | first 4 bytes of SHA-256 over both); the payload is canonical CBOR.
 */
import { ChordnsError, concatBytes, equalBytes, isChordnsError } from '../../base/index.ts'
import { type CborValue, decodeCanonical, encodeCanonical, sha256 } from '../../crypto/index.ts'

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

function fieldsOf(payload: Uint8Array): Invitation {
  let value: CborValue
  try {
    value = decodeCanonical(payload, { maxBytes: MAX_PAYLOAD_BYTES })
  } catch (error) {
    if (!isChordnsError(error)) throw error
    throw malformed('its content cannot be read')
  }
  if (!Array.isArray(value)) throw malformed('its content cannot be read')
  const [ringId, admission, secret, replicas, chunkBits, addresses] = value as readonly CborValue[]
  const sound =
    value.length === 6 &&
    typeof ringId === 'string' &&
    (admission === 'psk' || admission === 'open') &&
    secret instanceof Uint8Array &&
    typeof replicas === 'number' &&
    typeof chunkBits === 'number' &&
    Array.isArray(addresses) &&
    addresses.length <= MAX_INVITED_ADDRESSES
  if (!sound) throw malformed('its content cannot be read')
  const texts = (addresses as readonly CborValue[]).filter((address) => typeof address === 'string')
  if (texts.length !== addresses.length) throw malformed('its content cannot be read')
  return { ringId, admission, secret, replicas, chunkBits, addresses: texts }
}

function malformed(what: string) {
  return new ChordnsError('INVITATION_MALFORMED', `not an invitation: ${what}`, { what })
}
