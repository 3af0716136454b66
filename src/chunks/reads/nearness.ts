/**
 * How far other members are, by the round trips of earlier reads: who is asked first, and from when on it is late. Smoothed as TCP
 * does (RFC 6298). Pure: the time is handed in.
 */
import type { PeerId } from '../../base/index.ts'
import { limits } from '../limits.ts'

interface Row {
  smoothedMs: number
  /** It answered once. Otherwise all that is known is that it is not nearer. */
  measured: boolean
  deviationMs: number
  /** How often in a row it was asked first, and what it said was not enough. */
  disappointed: number
  /** Monotonic ms. */
  at: number
}

/** Bounded memory of round trips by peer; the peer that was heard longest ago is forgotten first. */
export class Nearness {
  readonly #rows = new Map<PeerId, Row>()

  /** It answered after so long. */
  heard(peer: PeerId, roundTripMs: number, now: number): void {
    const before = this.#rows.get(peer)
    if (before?.measured !== true) {
      const { disappointed } = before ?? FRESH
      this.#put(peer, { smoothedMs: roundTripMs, measured: true, deviationMs: roundTripMs / 2, disappointed, at: now })
      return
    }
    before.deviationMs += (Math.abs(before.smoothedMs - roundTripMs) - before.deviationMs) / 4
    before.smoothedMs += (roundTripMs - before.smoothedMs) / 8
    before.at = now
    this.#put(peer, before)
  }

  /** Nobody waited for it any more after so long, since another one was enough: it is farther away than that. */
  outlasted(peer: PeerId, waitedMs: number, now: number): void {
    const before = this.#rows.get(peer)
    if (before?.measured === true) {
      if (waitedMs > before.smoothedMs) this.heard(peer, waitedMs, now)
      return
    }
    const smoothedMs = Math.max(before?.smoothedMs ?? 0, waitedMs * BEYOND)
    this.#put(peer, { ...FRESH, ...before, smoothedMs, deviationMs: 0, at: now })
  }

  /** Whether what it said was enough. Who has nothing although its digest names the question is not asked first for long. */
  proved(peer: PeerId, isEnough: boolean): void {
    const row = this.#rows.get(peer)
    if (row === undefined) return
    row.disappointed = isEnough ? row.disappointed >> 1 : Math.min(limits.MAX_DISAPPOINTED, row.disappointed + 1)
  }

  /** What the order of asking goes by: the round trip, times how often it disappointed. Undefined: not measured lately. */
  distanceOf(peer: PeerId, now: number): number | undefined {
    const row = this.#fresh(peer, now)
    return row && row.smoothedMs * (1 + row.disappointed)
  }

  /** Ms after which its reply is late, and another one is asked beside it. */
  lateAfter(peer: PeerId, now: number): number {
    const row = this.#fresh(peer, now)
    if (row === undefined) return limits.HEDGE_FIRST_MS
    return row.smoothedMs + Math.min(limits.LATE_MAX_MS, Math.max(limits.LATE_MIN_MS, 4 * row.deviationMs))
  }

  #put(peer: PeerId, row: Row): void {
    this.#rows.delete(peer)
    this.#rows.set(peer, row)
    if (this.#rows.size > limits.MAX_NEAR_PEERS) this.#rows.delete(this.#rows.keys().next().value!)
  }

  #fresh(peer: PeerId, now: number): Row | undefined {
    const row = this.#rows.get(peer)
    return row !== undefined && now - row.at <= limits.NEAR_OLD_MS ? row : undefined
  }
}

/** Who did not answer while another one did is supposed to be so many times as far away, until it is measured. */
const BEYOND = 1.5

const FRESH = { measured: false, disappointed: 0 } as const
