/**
 * DNSSEC validation, pure: data in, verdict out. How it is used:
 *
 * 1. `validateFinding` takes a question with what came for it. It returns a `Verdict`, or a `Need`: the DS or DNSKEY set of one zone
 *    that must be fetched first.
 * 2. The caller fetches it, hands it to `learn`, and puts the `ZoneSecurity` that comes back into its `ChainView` under the zone.
 * 3. And again from 1, until there is a verdict. Each round adds one link of the chain of trust.
 *
 * Parts: `validate.ts`, `learn.ts` and `chain.ts` are the above; `signatures/` checks RRSIGs, keys and DS; `denial/` proves what is
 * absent, and answers from such proofs (`aggressiveAnswer`, RFC 8198); `anchors/` is where chains begin, and how anchors change; `signing/` is the
 * other side: `finishZone` signs a zone that this node writes.
 */
export {
  anchorTags,
  parseTrustAnchors,
  ROOT_ANCHORS,
  supportedAlgorithms,
  supportedDigests,
} from './anchors/anchors.ts'
export {
  type FollowedKey,
  type FollowedState,
  followedAnchor,
  followKeys,
  type Rollover,
  type RolloverStep,
  startRollover,
} from './anchors/rollover.ts'
export { rolloverFromText, rolloverToText } from './anchors/rollover-text.ts'
export { type SentinelState, sentinelFails } from './anchors/sentinel.ts'
export { anchorOf, linkOf, nearestAnchor } from './chain.ts'
export { type Aggressive, aggressiveAnswer } from './denial/aggressive.ts'
export { type NsecRecord, nsecStatusOf, readNsec } from './denial/nsec.ts'
export { type Nsec3Record, Nsec3Set, readNsec3 } from './denial/nsec3.ts'
export { hashPrice, type Nsec3Params, nsec3Hash } from './denial/nsec3-hash.ts'
export { loadProofs, type ProofSet, readProofs } from './denial/proof-set.ts'
export { learn } from './learn.ts'
export { limits as dnssecLimits } from './limits.ts'
export { dsOf, keyTag, validateDnskeySet } from './signatures/keys.ts'
export { type Verified, type VerifyInput, verifyRRset } from './signatures/rrsig.ts'
export { checkZonemd, simpleDigest, type ZonemdResult } from './signatures/zonemd.ts'
export { recordHead, type SigningKey, type TermRules, termAt } from './signing/rrsig.ts'
export { finishZone, type OwnerSets, recordsOf, type UnfinishedZone, type ZoneSigning } from './signing/zone.ts'
export type {
  ChainView,
  Claim,
  Need,
  SigningZone,
  TrustAnchor,
  TrustPoint,
  ValidationContext,
  Verdict,
  ZoneKey,
  ZoneSecurity,
} from './types.ts'
export { validateFinding, zoneLackingKey } from './validate.ts'
