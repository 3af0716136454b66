/** Peer ids: the identity multihash of the libp2p protobuf of an Ed25519 key, in base58btc. */
import { base58btc } from 'multiformats/bases/base58'
import { asPeerId, ChordnsError, concatBytes, latin1, type PeerId } from '../base/index.ts'
import { limits } from './limits.ts'

/** identity multihash, 36 bytes: key type 1 (Ed25519), 32 bytes of key. */
const PREFIX = Uint8Array.from([0, 36, 8, 1, 18, 32])

/** By key: the replicas of a chunk are looked up with each message of its chain, and base58 is long division. */
const known = new Map<string, PeerId>()

export function peerIdFromPublicKey(publicKey: Uint8Array): PeerId {
  if (publicKey.length !== 32)
    throw new ChordnsError('KEY_MALFORMED', 'an Ed25519 key has 32 bytes', { length: publicKey.length })
  const key = latin1(publicKey)
  let peer = known.get(key)
  if (peer === undefined) {
    peer = asPeerId(base58btc.baseEncode(concatBytes(PREFIX, publicKey)))
    if (known.size >= limits.MAX_KNOWN_PEER_IDS) known.delete(known.keys().next().value!)
    known.set(key, peer)
  }
  return peer
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
