export { createRing, type PersistedRing, type RingParts, type RunningRing } from './driver.ts'
export { type FingerSpace, fingersOf } from './fingers.ts'
export { HELLO_VERSION, openDoorkeeper, pskDoorkeeper } from './hello.ts'
export { addPowerOfTwo, between, distance, idFromBytes, keyOfPrefix, owns, type Place, parseRingId } from './ids.ts'
export { decodeInvitation, encodeInvitation, type Invitation, MAX_INVITED_ADDRESSES } from './invitation.ts'
export { limits as ringLimits } from './limits.ts'
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
} from './lookup.ts'
export { initialState, type StepResult, statusOf, step } from './machine.ts'
export { entryFromValue, entryToValue, memberId } from './member.ts'
export { createRingMemory, type RingMemory, type RingMemoryModules } from './memory.ts'
export { type Pointers, type Rules, zaveRules } from './rules.ts'
export type { RingContext, RingEffect, RingEvent, RingState } from './state.ts'
export type {
  LookupMode,
  LookupResult,
  MemberEntry,
  MemberStatus,
  ReplicaSet,
  Ring,
  RingOptions,
  RingStats,
  RingStatus,
} from './types.ts'
