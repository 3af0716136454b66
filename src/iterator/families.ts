/** IPv6 `auto`: a host whose IPv6 leads nowhere must not lose questions or their budget to it. */
import { limits } from './limits.ts'

export interface Ipv6State {
  /** Time-outs since the last IPv6 success, and sends that are still open. */
  readonly timeouts: number
  readonly open: number
  /** An IPv6 server has answered since the last time-out series: sends are ordinary, and cost budget. */
  readonly proven: boolean
  /** An IPv4 server has answered: only then is silence on IPv6 the fault of IPv6. */
  readonly ipv4Works: boolean
  /** Monotonic ms. */
  readonly offUntil: number
  /** How often in a row it was switched off: each time for twice as long. */
  readonly rests: number
}

export const IPV6_UNKNOWN: Ipv6State = { timeouts: 0, open: 0, proven: false, ipv4Works: false, offUntil: 0, rests: 0 }

export type Ipv6Event = 'ipv6-sent' | 'ipv6-reply' | 'ipv6-timeout' | 'ipv6-other' | 'ipv4-reply'

/** `ipv6-other`: the query ended in a way that does not show whether IPv6 works (it was aborted). */
export function stepIpv6(state: Ipv6State, event: Ipv6Event, now: number): Ipv6State {
  if (event === 'ipv4-reply') return state.ipv4Works ? state : { ...state, ipv4Works: true }
  if (event === 'ipv6-sent') return { ...state, open: state.open + 1 }
  const open = Math.max(0, state.open - 1)
  if (event === 'ipv6-reply') return { ...state, open, timeouts: 0, proven: true, offUntil: 0, rests: 0 }
  if (event === 'ipv6-other') return { ...state, open }
  const timeouts = state.timeouts + 1
  if (timeouts < limits.IPV6_TIMEOUTS || !state.ipv4Works) return { ...state, open, timeouts }
  const restMs = Math.min(limits.MAX_IPV6_REST_MS, limits.IPV6_REST_MS * 2 ** Math.min(state.rests, 16))
  return { ...state, open, timeouts: 0, proven: false, offUntil: now + restMs, rests: state.rests + 1 }
}

/** May a query go out over IPv6 now? While nothing is proven, at most 8 sends are out on trial. */
export function ipv6Usable(state: Ipv6State, now: number): boolean {
  if (now < state.offUntil) return false
  return state.proven || !state.ipv4Works || state.open + state.timeouts < limits.IPV6_TIMEOUTS
}

/** Sends on trial cost no budget; `ipv6Usable` bounds how many there are. */
export function ipv6OnTrial(state: Ipv6State): boolean {
  return !state.proven && state.open + state.timeouts < limits.IPV6_TIMEOUTS
}
