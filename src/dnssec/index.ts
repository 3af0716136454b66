export { type Aggressive, aggressiveAnswer } from './aggressive.ts'
export { anchorTags, parseTrustAnchors, ROOT_ANCHORS, supportedAlgorithms, supportedDigests } from './anchors.ts'
export { nearestAnchor } from './chain.ts'
export { type Nsec3Params, nsec3Hash } from './hash.ts'
export { dsOf, keyTag, validateDnskeySet } from './keys.ts'
export { learn } from './learn.ts'
export { limits as dnssecLimits } from './limits.ts'
export { type NsecRecord, readNsec, sightOf } from './nsec.ts'
export { hashPrice, type Nsec3Record, Nsec3Set, readNsec3 } from './nsec3.ts'
export { loadProofs, type ProofSet, readProofs } from './proofs.ts'
export {
  type FollowedKey,
  type FollowedState,
  followedAnchor,
  followKeys,
  type Rollover,
  type RolloverStep,
  startRollover,
} from './rollover.ts'
export { rolloverFromText, rolloverToText } from './rollover-text.ts'
export { type Verified, type VerifyInput, verifyRRset } from './rrsig.ts'
export { type SentinelState, sentinelFails } from './sentinel.ts'
export type {
  ChainView,
  Claim,
  Need,
  TrustAnchor,
  TrustPoint,
  ValidationContext,
  Verdict,
  ZoneKey,
  ZoneSecurity,
} from './types.ts'
export { validateFinding } from './validate.ts'
export { checkZonemd, simpleDigest, type ZonemdResult } from './zonemd.ts'
