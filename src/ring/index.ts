export { createRing, type PersistedRing, type RingParts, type RunningRing } from './driver.ts'
export { HELLO_VERSION, openDoorkeeper, pskDoorkeeper } from './hello.ts'
export { addPowerOfTwo, between, distance, idFromBytes, keyOfPrefix, owns, parseRingId } from './ids.ts'
export { limits as ringLimits } from './limits.ts'
export { initialState, type StepResult, statusOf, step } from './machine.ts'
export { entryFromValue, entryToValue, memberId } from './member.ts'
export { type Pointers, type Rules, zaveRules } from './rules.ts'
export type { RingContext, RingEffect, RingEvent, RingState } from './state.ts'
export type {
  MemberEntry,
  MemberStatus,
  ReplicaSet,
  Ring,
  RingOptions,
  RingStats,
  RingStatus,
} from './types.ts'
