/**
 * One row of the member table: its bytes, its signatures, and which of two rows counts.
 * Rows travel as canonical CBOR {1: public key, 2: salt, 3: addresses, 4: status, 5: incarnation, 6: signatures, 7: welcomes};
 * the id and the peer id follow from key and salt and are never sent.
 */
import { compareBytes, type PeerId, type RingId } from '../../base/index.ts'
import {
  type CborField,
  type CborValue,
  encodeCanonical,
  peerIdFromPublicKey,
  type SignatureScheme,
  type Signer,
  sha256,
  signedBytes,
} from '../../crypto/index.ts'
import { idFromBytes } from '../chord/ids.ts'
import { limits } from '../limits.ts'
import type { MemberEntry, MemberStatus } from '../types.ts'
import { malformed, readBytes, readHash, readList, readMap, readNatural, readRow, readSignature } from './reading.ts'
import { welcomesFromValue, welcomeToValue } from './welcomes.ts'

/** What every signature of a ring is bound to, and who checks it. */
export interface SigningContext {
  readonly ringId: string
  readonly scheme: SignatureScheme
}

export const STATUS_CODES = { alive: 1, left: 2, dead: 3 } as const satisfies Record<MemberStatus, number>

/** SHA-256(public key || salt): the place on the ring. */
export function memberId(publicKey: Uint8Array, salt: Uint8Array): RingId {
  return idFromBytes(sha256(publicKey, salt))
}

/** A row about oneself, signed. */
export function signEntry(
  ringId: string,
  signer: Signer,
  row: {
    readonly salt: Uint8Array
    readonly addresses: readonly string[]
    readonly status: 'alive' | 'left'
    readonly incarnation: number
  },
): MemberEntry {
  const publicKey = signer.publicKey
  const peer = peerIdFromPublicKey(publicKey)
  const unsigned: MemberEntry = {
    id: memberId(publicKey, row.salt),
    peer,
    publicKey,
    salt: row.salt,
    addresses: boundedAddresses(row.addresses).map((address) => withPeer(address, peer)),
    status: row.status,
    incarnation: row.incarnation,
    signatures: [],
  }
  const signature = signer.sign(rowBytes(ringId, unsigned))
  return { ...unsigned, signatures: [{ signer: publicKey, signature }] }
}

/**
 * True when an `alive` or `left` row is signed by the member it is about. Rows of the status `dead` have accusers
 * instead: `isCondemned`.
 */
export function verifyEntry(context: SigningContext, entry: MemberEntry): boolean {
  const [own] = entry.signatures
  if (entry.status === 'dead' || entry.signatures.length !== 1 || own === undefined) return false
  if (compareBytes(own.signer, entry.publicKey) !== 0) return false
  return context.scheme.verify(entry.publicKey, rowBytes(context.ringId, entry), own.signature)
}

/**
 * True when `next` replaces `current`: a higher incarnation wins, so a newer `alive` refutes `dead`; within one
 * incarnation dead beats left beats alive. Two different rows of one rank come from a member that signs two stories:
 * every node keeps the same one, the greater bytes.
 */
export function supersedes(next: MemberEntry, current: MemberEntry): boolean {
  if (next.incarnation !== current.incarnation) return next.incarnation > current.incarnation
  const rank = STATUS_CODES[next.status] - STATUS_CODES[current.status]
  if (rank !== 0) return rank > 0
  if (next.status === 'dead' || sameSignature(next, current)) return false
  return compareBytes(encodeCanonical(rowValue(next)), encodeCanonical(rowValue(current))) > 0
}

/** The signature covers the whole row: the usual case, a row that is told again, needs no encoding. */
function sameSignature(a: MemberEntry, b: MemberEntry): boolean {
  const [first, second] = [a.signatures[0]?.signature, b.signatures[0]?.signature]
  return first !== undefined && second !== undefined && compareBytes(first, second) === 0
}

/** True when the row already says where its member can be reached; without any address there is nothing new to say. */
export function tellsAddresses(entry: MemberEntry, addresses: readonly string[]): boolean {
  const wanted = boundedAddresses(addresses).map((address) => withPeer(address, entry.peer))
  return wanted.length === 0 || wanted.join() === entry.addresses.join()
}

/** The next incarnation of oneself: max(stored + 1, unix ms), unless the stored one is one that nobody would believe. */
export function nextIncarnation(stored: number, now: number): number {
  const wall = Math.floor(now)
  return stored > wall + limits.MAX_INCARNATION_AHEAD_MS ? wall : Math.max(stored + 1, wall)
}

/** True when the incarnation is neither of a clock far ahead nor one that has lapsed. */
export function isTimely(entry: MemberEntry, now: number): boolean {
  return entry.incarnation <= now + limits.MAX_INCARNATION_AHEAD_MS && entry.incarnation > now - limits.LAPSE_MS
}

/** The row as a CBOR value, for messages. */
export function entryToValue(entry: MemberEntry): CborValue {
  const signatures: CborValue =
    entry.status === 'dead'
      ? entry.signatures.map(({ signer, signature }) => [signer, signature])
      : entry.signatures.map(({ signature }) => signature)
  const { welcomes = [] } = entry
  return new Map<number, CborValue>([
    ...rowValue(entry),
    [6, signatures],
    ...(welcomes.length === 0 ? [] : [[7, welcomes.map(welcomeToValue)] as const]),
  ])
}

/** A bound on the bytes of a row in a message. */
export function entryBytes(entry: MemberEntry): number {
  const addresses = entry.addresses.reduce((sum, address) => sum + address.length + 3, 0)
  return 64 + entry.salt.length + addresses + 104 * entry.signatures.length + 90 * (entry.welcomes ?? []).length
}

/**
 * Reads one row; its form is checked, its signatures are not. Throws RING_MALFORMED. An address without `/p2p/` gets the
 * member's own.
 */
export function entryFromValue(value: CborField): MemberEntry {
  const row = readMap(value, 'entry')
  const publicKey = readHash(row.get(1), 'public key')
  const salt = readBytes(row.get(2), 0, limits.MAX_SALT_BYTES, 'salt')
  const peer = peerIdFromPublicKey(publicKey)
  const status = readStatus(row.get(4))
  const welcomes = welcomesFromValue(row.get(7))
  return {
    id: memberId(publicKey, salt),
    peer,
    publicKey,
    salt,
    addresses: readAddresses(row.get(3)).map((address) => withPeer(address, peer)),
    status,
    incarnation: readNatural(row.get(5), 'incarnation'),
    signatures: readSignatures(row.get(6), status, publicKey),
    ...(welcomes !== undefined && welcomes.length > 0 && { welcomes }),
  }
}

export function readStatus(value: CborField): MemberStatus {
  if (value === STATUS_CODES.alive) return 'alive'
  if (value === STATUS_CODES.left) return 'left'
  if (value === STATUS_CODES.dead) return 'dead'
  throw malformed('status')
}

function readAddresses(value: CborField): string[] {
  return readList(value, limits.MAX_ADDRESSES, 'addresses', (address) => {
    if (typeof address !== 'string' || !isAddress(address)) throw malformed('address')
    return address
  })
}

function readSignatures(value: CborField, status: MemberStatus, publicKey: Uint8Array): MemberEntry['signatures'] {
  const signatures = readList(value, limits.WITNESSES, 'signatures', (item) => {
    if (status !== 'dead') return { signer: publicKey, signature: readSignature(item, 'signature') }
    const [signer, signature] = readRow(item, 2, 'signature')
    return { signer: readHash(signer, 'signer'), signature: readSignature(signature, 'signature') }
  })
  if (signatures.length === 0) throw malformed('signatures')
  return signatures
}

/** What the member signs. A dead row has no addresses: nobody's signature would cover them. */
function rowValue(entry: MemberEntry): Map<number, CborValue> {
  const addresses = entry.status === 'dead' ? [] : entry.addresses.map((address) => withoutPeer(address, entry.peer))
  return new Map<number, CborValue>([
    [1, entry.publicKey],
    [2, entry.salt],
    [3, addresses],
    [4, STATUS_CODES[entry.status]],
    [5, entry.incarnation],
  ])
}

function rowBytes(ringId: string, entry: MemberEntry): Uint8Array {
  return signedBytes('chordns/member/1', encodeCanonical(new Map<number, CborValue>([[0, ringId], ...rowValue(entry)])))
}

function boundedAddresses(addresses: readonly string[]): string[] {
  return [...new Set(addresses)].filter(isAddress).slice(0, limits.MAX_ADDRESSES)
}

function isAddress(address: string): boolean {
  return address.startsWith('/') && address.length <= limits.MAX_ADDRESS_BYTES && /^[\x21-\x7e]+$/.test(address)
}

function withPeer(address: string, peer: PeerId): string {
  return address.includes('/p2p/') ? address : `${address}/p2p/${peer}`
}

function withoutPeer(address: string, peer: PeerId): string {
  const suffix = `/p2p/${peer}`
  return address.endsWith(suffix) ? address.slice(0, -suffix.length) : address
}
