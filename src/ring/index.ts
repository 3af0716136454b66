/**
 * Chord: who is a member, who follows whom, and which members hold a key. When to use what:
 *
 * - `createRing` makes a node's ring on its transport: `replicasOf` a key, `members`, `handle` what peers send.
 * - `createRingMemory` keeps what a node must know after a restart; hand it to `createRing`, then let it `follow` the ring.
 * - `pskDoorkeeper` and `openDoorkeeper` decide at the door, `guestDoorkeeper` knocks there with an invitation. `signInvitation`
 *   makes one, `encodeToken` is what a new member is given of it.
 * - `beginLookup`, `directions`, `fingersOf` and the ids are pure functions, also for models of large rings.
 * - `initialState`, `step` and `statusOf` are the machine itself, for simulations that play the driver.
 *
 * Inside: `run/` (driver) over `machine/` (the protocol) over `wire/` over `members/` over `chord/`; `door/` stands by itself.
 */
export { type FingerSpace, fingersOf } from './chord/fingers.ts'
export {
  addPowerOfTwo,
  between,
  distance,
  idFromBytes,
  keyOfPrefix,
  owns,
  parseRingId,
  type RingPlace,
} from './chord/ids.ts'
export {
  answered,
  beginLookup,
  type Directions,
  directions,
  type Lookup,
  type NextContact,
  nextContact,
  skipped,
  unanswered,
  type View,
} from './chord/lookup.ts'
export { type PointerRules, type Pointers, zaveRules } from './chord/rules.ts'
export { decodeClaim, decodeClaimReply, encodeClaim, encodeClaimReply, type RingKey } from './door/claim.ts'
export { PROTOCOL_VERSIONS, type RingConstants, type Spoken, type VersionRange } from './door/greeting.ts'
export { endorsedDoorkeeper, type GuestDoor, guestDoorkeeper, openDoorkeeper, pskDoorkeeper } from './door/hello.ts'
export { decodeToken, encodeToken, type JoinToken } from './door/token.ts'
export { limits as ringLimits } from './limits.ts'
export { initialState, type RingStep, statusOf, step } from './machine/machine.ts'
export type { RingContext, RingEffect, RingEvent, RingState } from './machine/state.ts'
export {
  invitationFromBytes,
  invitationSecret,
  invitationToValue,
  signClaim,
  signInvitation,
  signRevocation,
  statementFromValue,
  statementToValue,
} from './members/invitations.ts'
export { entryFromValue, entryToValue, memberId } from './members/member.ts'
export type { RememberedRing, RingDeps, RingHooks } from './run/deps.ts'
export { createRingMemory, type RingMemory, type RingMemoryDeps } from './run/memory.ts'
export { createRing, type RunningRing } from './run/ring.ts'
export type {
  ExpulsionState,
  Invitation,
  InvitationFault,
  InvitationState,
  InvitationStatement,
  LookupMode,
  LookupResult,
  MemberEntry,
  MemberStatus,
  PersistedRing,
  RememberedInvitations,
  ReplicaSet,
  Revocation,
  Ring,
  RingAdmission,
  RingInvitations,
  RingOptions,
  RingStats,
  RingStatus,
} from './types.ts'
