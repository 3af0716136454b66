/** Peer ids: the identity multihash of the libp2p protobuf of an Ed25519 key, in base58btc. */
import { base58btc } from 'multiformats/bases/base58'
import { asPeerId, ChordnsError, concatBytes, type PeerId } from '../base/index.ts'

/** identity multihash, 36 bytes: key type 1 (Ed25519), 32 bytes of key. */
const PREFIX = Uint8Array.from([0, 36, 8, 1, 18, 32])

export function peerIdFromPublicKey(publicKey: Uint8Array): PeerId {
  if (publicKey.length !== 32)
    throw new ChordnsError('KEY_MALFORMED', 'an Ed25519 key has 32 bytes', { length: publicKey.length })
  return asPeerId(base58btc.baseEncode(concatBytes(PREFIX, publicKey)))
}

/** Throws PEER_ID_MALFORMED for anything but an Ed25519 peer id. */
export function publicKeyFromPeerId(peer: PeerId): Uint8Array {
  const malformed = (cause?: unknown) =>
    new ChordnsError('PEER_ID_MALFORMED', `not an Ed25519 peer id: ${peer.slice(0, 80)}`, {}, { cause })
  if (peer.length > 60) throw malformed()
  let bytes: Uint8Array
  try {
    bytes = base58btc.baseDecode(peer)
  } catch (cause) {
    throw malformed(cause)
  }
  if (bytes.length !== 38 || !PREFIX.every((byte, i) => bytes[i] === byte)) throw malformed()
  return bytes.slice(PREFIX.length)
}
