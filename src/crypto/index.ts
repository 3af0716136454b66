export { type CborValue, decodeCanonical, encodeCanonical } from './cbor.ts'
export { type CborField, type CborMap, type CborReader, cborReader, type MalformedError } from './cbor-reader.ts'
export {
  DNSSEC_ALGORITHMS,
  type DnssecVerifier,
  DS_DIGESTS,
  dnssecVerifier,
  dsDigest,
  nsec3Digest,
} from './dnssec-verify.ts'
export { hmacSha256, sha256, shortKeyedHash, timingSafeEqual } from './hash.ts'
export { peerIdFromPublicKey, publicKeyFromPeerId } from './peer-id.ts'
export { ed25519, ed25519Signer, keyedHashScheme, type SignatureScheme, type Signer, signedBytes } from './sign.ts'
