/**
 * Hashing, signing, canonical CBOR. When to use what:
 *
 * - `encodeCanonical` for all that is signed, stored or sent; `cborReader` (or bare `decodeCanonical`) for what comes back.
 * - `encodeByteList` and `EncodedCbor` where thousands of byte strings are encoded once, and written in several places; `GrowingByteList` where that would stop the thread that answers.
 * - `signedBytes` before signing: a tag says what the signature is for. `ed25519` verifies; `keyedHashScheme` in simulations.
 * - `rememberingScheme` where the same statement comes again and again.
 * - `decideAhead` and `SchemeAhead` where a check of many signatures would stop the thread that answers.
 * - `sha256` and `hmacSha256`; `shortKeyedHash` only for fixed layouts where speed counts; `timingSafeEqual` for secrets.
 * - `sealTo` and `openSealed` (in sealed.ts) for a few bytes that only the holder of an Ed25519 key is to read.
 * - `zoneKeyPair` for keys that sign zones; `growingSha384` for the digest of a zone.
 * - `dnssecVerifier`, `dsDigest`, `nsec3Digest`: the algorithms of DNSSEC, by their IANA numbers.
 */
export { decideAhead, SchemeAhead, type SignatureCheck, type VerifyMany } from './ahead.ts'
export {
  type CborSource,
  type CborValue,
  EncodedCbor,
  encodeByteList,
  encodeCanonical,
  GrowingByteList,
} from './cbor.ts'
export { decodeCanonical } from './cbor-decode.ts'
export { type CborField, type CborMap, type CborReader, cborReader, type MalformedError } from './cbor-reader.ts'
export {
  DNSSEC_ALGORITHMS,
  type DnssecVerifier,
  DS_DIGESTS,
  dnssecVerifier,
  dsDigest,
  nsec3Digest,
} from './dnssec-verify.ts'
export { type GrowingHash, growingSha384, hmacSha256, sha256, shortKeyedHash, timingSafeEqual } from './hash.ts'
export { peerIdFromPublicKey, publicKeyFromPeerId } from './peer-id.ts'
export { rememberingScheme } from './remembering.ts'
export { ed25519, ed25519Signer, keyedHashScheme, type SignatureScheme, type Signer, signedBytes } from './sign.ts'
export { verifyEd25519Elsewhere } from './verify-many.ts'
export { type ZoneKeyAlgorithm, type ZoneKeyPair, zoneKeyPair } from './zone-key.ts'
