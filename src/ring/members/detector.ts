/**
 * This node's own failure detector. It decides whom to ask and how long to wait; it never takes anybody out of the set.
 * Waiting times follow RFC 6298: smoothed round trip plus four deviations.
 */
import type { RingId } from '../../base/index.ts'
import { limits } from '../limits.ts'

interface Record {
  smoothed: number | undefined
  deviation: number
  failures: number
  /** When the first request after the last answer failed. Unix ms. */
  failingSince: number | undefined
  /** Of the last answer, and of the last request that came from it. Unix ms. */
  answeredAt: number
  heardAt: number
}

export class Detector {
  readonly #records = new Map<RingId, Record>()
  readonly #suspects = new Set<RingId>()

  /** suspect -> trusted. `elapsedMs`: undefined when another room asked. Returns true when it was suspect until now. */
  answered(id: RingId, now: number, elapsedMs?: number): boolean {
    const record = this.#record(id)
    record.answeredAt = now
    record.failures = 0
    record.failingSince = undefined
    if (elapsedMs !== undefined) {
      if (record.smoothed === undefined) {
        record.smoothed = elapsedMs
        record.deviation = elapsedMs / 2
      } else {
        record.deviation += (Math.abs(record.smoothed - elapsedMs) - record.deviation) / 4
        record.smoothed += (elapsedMs - record.smoothed) / 8
      }
    }
    return this.#suspects.delete(id)
  }

  /** trusted -> suspect, after some failures in a row. Returns true when this failure makes it suspect. */
  failed(id: RingId, now: number): boolean {
    const record = this.#record(id)
    record.failures += 1
    record.failingSince ??= now
    if (record.failures < limits.SUSPECT_FAILURES || this.#suspects.has(id)) return false
    this.#suspects.add(id)
    return true
  }

  /** The member spoke to us, although we may not reach it: it is alive, so its silence starts anew. */
  heard(id: RingId, now: number): void {
    const record = this.#records.get(id)
    if (record === undefined) return
    record.heardAt = now
    if (record.failingSince !== undefined) record.failingSince = now
  }

  isSuspect(id: RingId): boolean {
    return this.#suspects.has(id)
  }

  suspects(): RingId[] {
    return [...this.#suspects]
  }

  /** How long nothing has come from a member that is suspect; 0 for others. Ms. */
  silentFor(id: RingId, now: number): number {
    const since = this.#records.get(id)?.failingSince
    return since === undefined || !this.#suspects.has(id) ? 0 : now - since
  }

  /** Whether it has answered within so long, whatever it was asked, and has failed nothing since. */
  hasAnswered(id: RingId, withinMs: number, now: number): boolean {
    const record = this.#records.get(id)
    if (record === undefined || record.failures > 0) return false
    // A clock set back must not keep us from looking.
    return now >= record.answeredAt && now - record.answeredAt < withinMs
  }

  /**
   * The same, or it has asked us something: of two who watch each other one asks. Whoever only asks is asked after HEARD_PERIODS times as
   * long: it must be able to answer, too.
   */
  isThere(id: RingId, withinMs: number, now: number): boolean {
    if (this.hasAnswered(id, withinMs, now)) return true
    const heardAt = this.#records.get(id)?.heardAt ?? Number.NEGATIVE_INFINITY
    return now >= heardAt && now - heardAt < withinMs && this.hasAnswered(id, limits.HEARD_PERIODS * withinMs, now)
  }

  /** How long to wait for an answer of this member. Ms, at most `longest`. */
  timeout(id: RingId, longest: number): number {
    const record = this.#records.get(id)
    if (record?.smoothed === undefined) return longest
    // A failure doubles the wait, so that a path that became slower is not taken for a dead one.
    const wait = (record.smoothed + 4 * record.deviation) * 2 ** Math.min(record.failures, 6)
    return Math.min(longest, Math.max(limits.MIN_TIMEOUT_MS, Math.ceil(wait)))
  }

  /** Call when a member leaves the table, or its incarnation is new. */
  forget(id: RingId): void {
    this.#records.delete(id)
    this.#suspects.delete(id)
  }

  #record(id: RingId): Record {
    let record = this.#records.get(id)
    if (record === undefined) {
      record = {
        smoothed: undefined,
        deviation: 0,
        failures: 0,
        failingSince: undefined,
        answeredAt: Number.NEGATIVE_INFINITY,
        heardAt: Number.NEGATIVE_INFINITY,
      }
      this.#records.set(id, record)
    }
    return record
  }
}
