export {
  agreedExpiry,
  agreedTtl,
  buildCertificate,
  type CertificateCheck,
  type CertificateContext,
  type CertificateRefusal,
  checkCertificate,
  decodeCertificate,
  encodeCertificate,
  quorum,
} from './certificate.ts'
export { contentDigest } from './content.ts'
export { limits as evidenceLimits } from './limits.ts'
export {
  decodeObservation,
  encodeObservation,
  signObservation,
  type UnsignedObservation,
  verifyObservation,
} from './observation.ts'
export { decodeOutcome, encodeOutcome, misfit, outcomeTtl } from './outcome.ts'
export { type Judgement, judge, type PolicyContext, trustRank, weakest } from './policy.ts'
export type {
  Absence,
  Certificate,
  Evidence,
  Finding,
  Observation,
  Outcome,
  Presence,
  Provenance,
  Security,
} from './types.ts'
