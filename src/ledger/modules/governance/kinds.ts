/** Numbers of the governance module, for ever: its own, those of its payloads, of reasons and of what motions are about. */
export const GOVERNANCE = 30

export const GovernanceKind = {
  COMPLAIN: 240,
  PROPOSE: 241,
  REPLY: 242,
  WITHDRAW: 243,
  REPAIRED: 244,
} as const

/** By their numbers on the chain. */
export const REASONS = [
  'other',
  'abnormal block',
  'two things for one place',
  'silence',
  'false identity',
  'policy',
] as const
export type Reason = (typeof REASONS)[number]

/** What became of a motion, by number in the state. `void`: it was won, and could not be carried out any more. */
export const MOTION_STATES = ['open', 'won', 'lost', 'lapsed', 'withdrawn', 'void'] as const
export type MotionState = (typeof MOTION_STATES)[number]
