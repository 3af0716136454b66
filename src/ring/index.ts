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
export { HELLO_VERSION, openDoorkeeper, pskDoorkeeper } from './door/hello.ts'
export { decodeInvitation, encodeInvitation, type Invitation, MAX_INVITED_ADDRESSES } from './door/invitation.ts'
export { limits as ringLimits } from './limits.ts'
export { initialState, type RingStep, statusOf, step } from './machine/machine.ts'
export type { RingContext, RingEffect, RingEvent, RingState } from './machine/state.ts'
export { entryFromValue, entryToValue, memberId } from './members/member.ts'
export {
  createRing,
  type RememberedRing,
  type RingAdmission,
  type RingDeps,
  type RingHooks,
  type RunningRing,
} from './run/driver.ts'
export { createRingMemory, type RingMemory, type RingMemoryModules } from './run/memory.ts'
export type {
  LookupMode,
  LookupResult,
  MemberEntry,
  MemberStatus,
  PersistedRing,
  ReplicaSet,
  Ring,
  RingOptions,
  RingStats,
  RingStatus,
} from './types.ts'
