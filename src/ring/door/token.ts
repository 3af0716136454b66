/**
 * The token of an invitation: one line of text, all that a machine needs to join. It is as good as its invitation, so it is
 * handled like a key until that is used, revoked or over; the secret of the ring is not in it. `chordns2.` | base64url(u16 length |
 * payload | first 4 bytes of SHA-256 over both); the payload is canonical CBOR.
 */
import { ChordnsError, concatBytes, equalBytes } from '../../base/index.ts'
import { type CborField, type CborValue, cborReader, encodeCanonical, sha256 } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import { invitationFromValue, invitationToValue } from '../members/invitations.ts'
import type { Invitation } from '../types.ts'

/** To a ring with a secret, which a member gives for the invitation; or to an open one, which anybody may join. */
export type JoinToken = {
  readonly ringId: string
  /** Multiaddrs of members. */
  readonly addresses: readonly string[]
} & (
  | { readonly admission: 'psk'; readonly invitation: Invitation; readonly secret: Uint8Array }
  | { readonly admission: 'open'; readonly replicas: number; readonly chunkBits: number }
)

const PREFIX = 'chordns2.'
const CHECK_BYTES = 4
const SECRET_BYTES = 32

export function encodeToken(token: JoinToken): string {
  const payload = encodeCanonical([token.ringId, token.admission, ...ownFields(token), [...token.addresses]])
  const counted = concatBytes(Uint8Array.of(payload.length >> 8, payload.length & 255), payload)
  return PREFIX + Buffer.from(concatBytes(counted, sha256(counted).subarray(0, CHECK_BYTES))).toString('base64url')
}

function ownFields(token: JoinToken): CborValue[] {
  if (token.admission === 'open') return [token.replicas, token.chunkBits]
  return [invitationToValue(token.invitation), token.secret]
}

/** Throws INVITATION_MALFORMED, whose text says what is wrong and never shows the token. */
export function decodeToken(text: string): JoinToken {
  // Mail and chat break lines.
  const token = text.replace(/\s+/g, '')
  if (!token.startsWith('chordns')) throw malformed(`it does not begin with "${PREFIX}"`)
  if (token.startsWith('chordns1.'))
    throw malformed(
      'it was made by the version before, whose tokens hold the secret of the ring and count for ever; upgrade the member that made it, and run `chordns invite` there again',
    )
  if (!token.startsWith(PREFIX)) throw malformed('it was made by a newer version of chordns; upgrade this machine')
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

function fieldsOf(payload: Uint8Array): JoinToken {
  const row = readRow(readCbor(payload, limits.MAX_TOKEN_BYTES, 'payload'), 5, 'payload')
  const text = (value: CborField) => readText(value, limits.MAX_TOKEN_BYTES, 'text')
  const about = { ringId: text(row[0]), addresses: readList(row[4], limits.MAX_INVITED_ADDRESSES, 'addresses', text) }
  const admission = readText(row[1], 4, 'admission')
  if (admission === 'open') {
    const number = (value: CborField) => readInteger(value, 0, Number.MAX_SAFE_INTEGER, 'number')
    return { ...about, admission, replicas: number(row[2]), chunkBits: number(row[3]) }
  }
  if (admission !== 'psk') throw malformed('its content cannot be read')
  return {
    ...about,
    admission,
    invitation: readInvitation(row[2]),
    secret: readBytes(row[3], SECRET_BYTES, SECRET_BYTES, 'secret'),
  }
}

function readInvitation(value: CborField): Invitation {
  try {
    return invitationFromValue(value)
  } catch (cause) {
    throw malformed('its content cannot be read', cause)
  }
}

function malformed(what: string, cause?: unknown) {
  return new ChordnsError('INVITATION_MALFORMED', `not an invitation: ${what}`, { what }, { cause })
}
