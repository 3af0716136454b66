/**
 * Rows that have no seat yet: signed as they must be, but nobody whom this node believes has spoken to their members. They are
 * pinged in turn, one bringer's after another's, so that a peer that brings thousands keeps only its own waiting.
 */
import type { PeerId, RingId } from '../../base/index.ts'
import { limits } from '../limits.ts'
import type { MemberEntry } from '../types.ts'
import { supersedes } from './member.ts'

export interface Waiting {
  readonly entry: MemberEntry
  /** Who brought it. */
  readonly bringer: PeerId
  /** Pings that were not answered. */
  readonly tries: number
}

export class WaitingRows {
  readonly #rows = new Map<RingId, Waiting>()
  /** Ids by bringer, the oldest first; the bringer whose turn is next comes first. */
  readonly #queues = new Map<PeerId, Set<RingId>>()
  /** Under way: not pinged again meanwhile. */
  readonly #pinged = new Set<RingId>()
  /** Dropped since nobody answered; `until` then they are not taken up again. Unix ms. */
  readonly #unreached = new Map<RingId, { readonly until: number; readonly pauseMs: number }>()

  get size(): number {
    return this.#rows.size
  }

  get(id: RingId): MemberEntry | undefined {
    return this.#rows.get(id)?.entry
  }

  /** Takes a row up, or the newer one of the same member. Of two bringers it takes the turn of the one who brought less. */
  add(entry: MemberEntry, bringer: PeerId, now: number): void {
    const { id } = entry
    const queue = this.#queues.get(bringer) ?? new Set()
    const before = this.#rows.get(id)
    if (before !== undefined) {
      const row = supersedes(entry, before.entry) ? { ...before, entry } : before
      const crowd = this.#queues.get(before.bringer)?.size ?? 0
      if (crowd > queue.size + 1) this.remove(id)
      else {
        this.#rows.set(id, row)
        return
      }
    }
    if ((this.#unreached.get(id)?.until ?? 0) > now) return
    const oldest = queue.size >= limits.MAX_WAITING_OF_ONE ? first(queue) : undefined
    if (oldest !== undefined) this.remove(oldest)
    if (this.#rows.size >= limits.MAX_WAITING) return
    this.#rows.set(id, { entry, bringer, tries: before?.tries ?? 0 })
    queue.add(id)
    this.#queues.set(bringer, queue)
  }

  remove(id: RingId): void {
    const row = this.#rows.get(id)
    if (row === undefined) return
    this.#rows.delete(id)
    const queue = this.#queues.get(row.bringer)
    queue?.delete(id)
    if (queue?.size === 0) this.#queues.delete(row.bringer)
  }

  /** Drops all others. */
  retain(admits: (entry: MemberEntry) => boolean): void {
    for (const [id, { entry }] of [...this.#rows]) if (!admits(entry)) this.remove(id)
  }

  /** The next one to ping; it counts as pinged until `answered` or `silent` is called. */
  next(): MemberEntry | undefined {
    for (const [bringer, queue] of [...this.#queues]) {
      for (const id of queue) {
        if (this.#pinged.has(id)) continue
        this.#pinged.add(id)
        queue.delete(id)
        queue.add(id)
        this.#queues.delete(bringer)
        this.#queues.set(bringer, queue)
        return this.get(id)
      }
    }
    return undefined
  }

  /** Its member answered. Returns the row as it is now. */
  answered(id: RingId): Waiting | undefined {
    this.#pinged.delete(id)
    return this.#rows.get(id)
  }

  /** Its member did not. Returns true when it is dropped. */
  silent(id: RingId, now: number): boolean {
    this.#pinged.delete(id)
    const row = this.#rows.get(id)
    if (row === undefined) return false
    if (row.tries + 1 < limits.PROBE_TRIES) {
      this.#rows.set(id, { ...row, tries: row.tries + 1 })
      return false
    }
    this.remove(id)
    const before = this.#unreached.get(id)
    const pauseMs = before === undefined ? limits.UNREACHED_MS : Math.min(limits.UNREACHED_MAX_MS, 2 * before.pauseMs)
    this.#unreached.delete(id)
    this.#unreached.set(id, { until: now + pauseMs, pauseMs })
    if (this.#unreached.size > limits.MAX_UNREACHED) this.#unreached.delete(first(this.#unreached.keys())!)
    return true
  }
}

function first<T>(items: Iterable<T>): T | undefined {
  for (const item of items) return item
  return undefined
}
