/**
 * What is known of an answer, and why it may be believed. In the order of a round, and of a read:
 *
 * - `signObservation` what was fetched, `commitTo` it, `opens` what others reveal;
 * - `buildCertificate` of equal observations, `buildDiffering` of others; `encodeCertificate` and `encodeOutcome` for the way;
 * - `decodeCertificate` and `checkCertificate`: what it proves to this verifier now; `contentDigest` compares contents;
 * - `accept`: whether that suffices, by configuration; `weakest` and `weakestSecurity` for answers of several parts.
 */
export {
  agreedExpiry,
  agreedTtl,
  buildCertificate,
  buildDiffering,
  type CertificateCheck,
  type CertificateContext,
  type CertificateHolds,
  type CertificateRefusal,
  checkCertificate,
  maxAgreedSeconds,
  observersOf,
  trimmed,
  whatWasSeen,
} from './certificate.ts'
export { decodeCertificate, encodeCertificate } from './certificate-codec.ts'
export { quorum, withinPrefixes } from './classes.ts'
export {
  type Commitment,
  type CommitmentSubject,
  commitmentValue,
  commitTo,
  opens,
  readCommitment,
  roundNonce,
  verifyCommitment,
} from './commitment.ts'
export { contentDigest, seenSet } from './content.ts'
export { limits as evidenceLimits } from './limits.ts'
export {
  decodeObservation,
  encodeObservation,
  signObservation,
  type UnsignedObservation,
  verifyObservation,
} from './observation.ts'
export { decodeContent, decodeOutcome, encodeOutcome, isOutcome, isSmallEnough, misfit } from './outcome.ts'
export { type Acceptance, accept, type PolicyContext, trustRank, weakest, weakestSecurity } from './policy.ts'
export { delegationQuestion, isDelegation } from './subject.ts'
export { outcomeTtl } from './ttl.ts'
export type {
  Absence,
  Certificate,
  CertificateKind,
  Content,
  Delegated,
  Divergence,
  Evidence,
  FetchStart,
  Finding,
  Glue,
  Observation,
  Outcome,
  Prefix,
  Presence,
  ProofLink,
  Provenance,
  Security,
  SeenSet,
} from './types.ts'
