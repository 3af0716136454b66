/** Which server of a zone to ask next, and how long to wait for it. */
import type { Random } from '../base/index.ts'
import { limits } from './limits.ts'
import type { Server, ServerState } from './types.ts'

export const UNKNOWN_SERVER: ServerState = {
  srttMs: undefined,
  rttVarMs: 0,
  timeouts: 0,
  restsUntil: 0,
  updated: Number.NEGATIVE_INFINITY,
}

/** RFC 6298: SRTT += (R - SRTT) / 8, RTTVAR += (|R - SRTT| - RTTVAR) / 4. A reply ends any rest. */
export function afterReply(state: ServerState, rttMs: number, now: number): ServerState {
  const { srttMs } = state
  if (srttMs === undefined) return { srttMs: rttMs, rttVarMs: rttMs / 2, timeouts: 0, restsUntil: 0, updated: now }
  return {
    srttMs: srttMs + (rttMs - srttMs) / 8,
    rttVarMs: state.rttVarMs + (Math.abs(rttMs - srttMs) - state.rttVarMs) / 4,
    timeouts: 0,
    restsUntil: 0,
    updated: now,
  }
}

/** A server that stays silent three times in a row rests for a second, then twice as long with each further time-out. */
export function afterTimeout(state: ServerState, now: number): ServerState {
  const timeouts = state.timeouts + 1
  const beyond = timeouts - limits.DEAD_AFTER_TIMEOUTS
  const rest = beyond < 0 ? 0 : Math.min(limits.MAX_REST_MS, limits.MIN_REST_MS * 2 ** Math.min(beyond, 16))
  return { ...state, timeouts, restsUntil: now + rest, updated: now }
}

/** An ICMP error or a reset is a sure sign, but a forgeable one: a short rest. */
export function afterRefusal(state: ServerState, now: number): ServerState {
  return { ...state, restsUntil: Math.max(state.restsUntil, now + limits.MIN_REST_MS), updated: now }
}

/**
 * Ms to wait for a server we know nothing of. `nearestMs`: the shortest round trip of the last replies, from anybody: where that is
 * long, the way out is long for all. Silence says nothing: a reply that is late is still taken, and tells how far its server is.
 */
export function firstTimeout(nearestMs: number | undefined): number {
  const byDistance = nearestMs === undefined ? 0 : 1.5 * nearestMs + 100
  return Math.min(limits.MAX_INITIAL_TIMEOUT_MS, Math.max(limits.INITIAL_TIMEOUT_MS, byDistance))
}

/** Ms to wait for a reply: SRTT + 4 RTTVAR, doubled with each time-out in a row. `firstMs`: for a server we know nothing of. */
export function timeoutFor(state: ServerState, now: number, firstMs: number = limits.INITIAL_TIMEOUT_MS): number {
  const known = remembered(state, now)
  const base =
    known.srttMs === undefined
      ? firstMs
      : Math.max(limits.MIN_TIMEOUT_MS, known.srttMs + Math.max(10, 4 * known.rttVarMs))
  return Math.min(limits.MAX_TIMEOUT_MS, base * 2 ** Math.min(known.timeouts, 8))
}

export interface Candidate {
  readonly server: Server
  readonly state: ServerState
  /** Times it was asked for this very question. */
  readonly tries: number
}

/**
 * The candidate to ask: the least tried ones first, of those the ones that do not rest, of those one at random whose time-out
 * lies within 400 ms of the best. Servers we know nothing of stand in the band of most zones, so they are probed as we go.
 */
export function pickServer<T extends Candidate>(
  candidates: readonly T[],
  random: Random,
  now: number,
  firstMs: number = limits.INITIAL_TIMEOUT_MS,
): T | undefined {
  if (candidates.length === 0) return undefined
  const awake = candidates.filter((candidate) => candidate.state.restsUntil <= now)
  const pool = awake.length > 0 ? awake : candidates
  const leastTries = Math.min(...pool.map((candidate) => candidate.tries))
  const fresh = pool.filter((candidate) => candidate.tries === leastTries)
  const timeouts = fresh.map((candidate) => timeoutFor(candidate.state, now, firstMs))
  const limit = Math.min(...timeouts) + limits.RTT_BAND_MS
  const band = fresh.filter((_, index) => timeouts[index]! <= limit)
  return band[random.below(band.length)]
}

/** What is older than 15 minutes does not count. */
function remembered(state: ServerState, now: number): ServerState {
  return now - state.updated > limits.SERVER_MEMORY_MS ? UNKNOWN_SERVER : state
}

/** `count` of `items` drawn at random, in random order (Fisher-Yates). All of them when there are fewer. */
export function sample<T>(items: readonly T[], count: number, random: Random): T[] {
  const drawn = [...items]
  const most = Math.min(count, drawn.length)
  for (let i = 0; i < most; i++) {
    const j = i + random.below(drawn.length - i)
    const item = drawn[i]!
    drawn[i] = drawn[j]!
    drawn[j] = item
  }
  return drawn.slice(0, most)
}
