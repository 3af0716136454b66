/**
 * The member table: every row this node believes, in ring order, with a digest for the exchange between neighbours.
 * It holds state and has no effects; rows must be verified before they are put in (`machine/membership.ts`).
 */
import { asRingId, latin1, type PeerId, type RingId } from '../../base/index.ts'
import { compareFrom, compareIds, successorIndex } from '../chord/ids.ts'
import { limits } from '../limits.ts'
import type { MemberEntry, Welcome } from '../types.ts'
import { BUCKETS, DIGEST_BYTES, TableDigest } from './digest.ts'
import { supersedes } from './member.ts'

export interface Row {
  readonly entry: MemberEntry
  /** When this node first saw the member alive without a gap; of others, when it learned that they are gone. Unix ms. */
  readonly since: number
}

/** Hex digits of an id by which a row is found that is not alive. */
const LEAST_HINT = 12

export class MemberTable {
  readonly #rows = new Map<RingId, Row>()
  readonly #byPeer = new Map<PeerId, RingId>()
  readonly #byKey = new Map<string, RingId>()
  /** Ids of the alive rows, sorted. */
  readonly #ring: RingId[] = []
  /** Rows that are not alive, the oldest first; and by the first digits of their ids, the latest of several. */
  readonly #gone = new Set<RingId>()
  readonly #goneByHint = new Map<string, RingId>()
  /** What others compare with theirs: of the alive rows. */
  readonly digest = new TableDigest()
  /** Witnesses that were asked for since the last change. */
  readonly #nearest = new Map<RingId, readonly MemberEntry[]>()
  #alive: readonly MemberEntry[] | undefined
  #version = 0

  get size(): number {
    return this.#rows.size
  }

  get aliveCount(): number {
    return this.#ring.length
  }

  row(id: RingId): Row | undefined {
    return this.#rows.get(id)
  }

  get(id: RingId): MemberEntry | undefined {
    return this.#rows.get(id)?.entry
  }

  isAlive(id: RingId): boolean {
    return this.get(id)?.status === 'alive'
  }

  /** The alive member of this id, if there is one. */
  aliveMember(id: RingId): MemberEntry | undefined {
    const entry = this.get(id)
    return entry?.status === 'alive' ? entry : undefined
  }

  byPeer(peer: PeerId): MemberEntry | undefined {
    const id = this.#byPeer.get(peer)
    return id === undefined ? undefined : this.get(id)
  }

  byKey(publicKey: Uint8Array): MemberEntry | undefined {
    const id = this.#byKey.get(latin1(publicKey))
    return id === undefined ? undefined : this.get(id)
  }

  /** Changes whenever somebody enters or leaves the alive members. */
  get version(): number {
    return this.#version
  }

  /** The alive member at this index in id order. */
  aliveAt(index: number): MemberEntry | undefined {
    const id = this.#ring[index]
    return id === undefined ? undefined : this.get(id)
  }

  /** The index of the first alive member at or after `id` in id order; `aliveCount` when there is none. */
  indexOf(id: RingId): number {
    return lowerBound(this.#ring, id)
  }

  /** Alive members in id order. The same array until something changes. */
  alive(): readonly MemberEntry[] {
    this.#alive ??= this.#ring.map((id) => this.get(id)!)
    return this.#alive
  }

  /** Rows of the dead: `watch.ts` pings them, since they may have come back. */
  *dead(): Iterable<MemberEntry> {
    for (const id of this.#gone) {
      const entry = this.get(id)!
      if (entry.status === 'dead') yield entry
    }
  }

  rows(): Iterable<Row> {
    return this.#rows.values()
  }

  /**
   * Puts a verified row in if it supersedes what is there; returns the row it replaced, or `undefined` for a new member,
   * or `'unchanged'`. One key has one row: a second id of the same key replaces the first when it is newer. `now` is noted as
   * when it was learned; what is compared with others changes when it is `due`, a time before `clock` being at once.
   */
  put(entry: MemberEntry, now: number, due = 0, clock = now): MemberEntry | undefined | 'unchanged' {
    const current = this.#rows.get(entry.id)
    if (current !== undefined && !supersedes(entry, current.entry)) return 'unchanged'
    const twin = this.byPeer(entry.peer)
    if (twin !== undefined && twin.id !== entry.id) {
      if (twin.incarnation >= entry.incarnation) return 'unchanged'
      this.remove(twin.id)
    }
    if (current === undefined && !this.#makeRoom()) return 'unchanged'
    const wasAlive = current?.entry.status === 'alive'
    if (wasAlive) this.#leaveRing(entry.id)
    const since = wasAlive && entry.status === 'alive' ? current.since : now
    this.#rows.set(entry.id, { entry, since })
    this.#byPeer.set(entry.peer, entry.id)
    this.#byKey.set(latin1(entry.publicKey), entry.id)
    this.#isBack(entry.id)
    if (entry.status === 'alive') this.#enterRing(entry.id)
    else this.#isGone(entry.id)
    this.digest.set(entry.id, entry.status === 'alive' ? entry : undefined, due, clock)
    return current?.entry
  }

  /** Puts welcomes beside the row that is there: no newer row, and nothing that a digest covers. */
  attach(id: RingId, welcomes: readonly Welcome[]): MemberEntry | undefined {
    const row = this.#rows.get(id)
    if (row === undefined) return undefined
    const entry = { ...row.entry, welcomes }
    this.#rows.set(id, { ...row, entry })
    this.#alive = undefined
    this.#nearest.clear()
    return entry
  }

  remove(id: RingId): void {
    const row = this.#rows.get(id)
    if (row === undefined) return
    if (row.entry.status === 'alive') this.#leaveRing(id)
    this.#isBack(id)
    this.digest.set(id, undefined, 0, 0)
    this.#rows.delete(id)
    this.#byPeer.delete(row.entry.peer)
    this.#byKey.delete(latin1(row.entry.publicKey))
  }

  /** Up to `count` alive members at or after `key`, clockwise. */
  successors(key: RingId, count: number): MemberEntry[] {
    const start = successorIndex(this.#ring, key)
    const length = Math.min(count, this.#ring.length)
    return Array.from({ length }, (_, i) => this.get(this.#ring[(start + i) % this.#ring.length]!)!)
  }

  /** Up to `count` alive members after `id` in id order, from the smallest on when it is left out; does not wrap. */
  page(after: RingId | undefined, count: number): MemberEntry[] {
    let start = after === undefined ? 0 : lowerBound(this.#ring, after)
    if (this.#ring[start] === after) start += 1
    return this.#ring.slice(start, start + count).map((id) => this.get(id)!)
  }

  /** The alive members after `id`, clockwise and without `id` itself. */
  *after(id: RingId): Iterable<MemberEntry> {
    const start = successorIndex(this.#ring, id)
    for (let i = 0; i < this.#ring.length; i++) {
      const next = this.#ring[(start + i) % this.#ring.length]!
      if (next !== id) yield this.get(next)!
    }
  }

  /** The alive members before `id`, counter-clockwise and without `id` itself. */
  *before(id: RingId): Iterable<MemberEntry> {
    const start = successorIndex(this.#ring, id)
    const size = this.#ring.length
    for (let i = 1; i <= size; i++) {
      const next = this.#ring[(start - i + size) % size]!
      if (next !== id) yield this.get(next)!
    }
  }

  /**
   * The members that may bear witness about `id`: half of `count` nearest on each side, all others if they are fewer.
   * `beside` are rows to count as present although they are not alive now (accusers that are gone since).
   */
  nearest(id: RingId, count: number = limits.WITNESSES, beside: readonly MemberEntry[] = []): readonly MemberEntry[] {
    const plain = count === limits.WITNESSES && beside.length === 0
    const known = plain ? this.#nearest.get(id) : undefined
    if (known !== undefined) return known
    const around = new Map<RingId, MemberEntry>()
    for (const entry of [...first(this.after(id), count), ...first(this.before(id), count), ...beside]) {
      if (entry.id !== id) around.set(entry.id, entry)
    }
    const clockwise = [...around.values()].sort((a, b) => compareFrom(id, a.id, b.id))
    const half = Math.floor(count / 2)
    const found =
      clockwise.length <= count ? clockwise : [...clockwise.slice(0, half), ...clockwise.slice(half - count)]
    if (plain) this.#nearest.set(id, found)
    return found
  }

  /** Whose id begins with these hex digits, LEAST_HINT or more, alive or not; the first of several. */
  byHint(hint: string): MemberEntry | undefined {
    const id = this.#ring[lowerBound(this.#ring, asRingId(hint.padEnd(64, '0')))]
    if (id?.startsWith(hint)) return this.get(id)
    const gone = this.#goneByHint.get(hint.slice(0, LEAST_HINT))
    return gone?.startsWith(hint) === true ? this.get(gone) : undefined
  }

  /** One hash over all alive (id, incarnation): equal when two tables agree. */
  summary(): Uint8Array {
    return this.digest.summary()
  }

  /** The digests of all buckets, one after the other. */
  digests(): Uint8Array {
    return this.digest.sums()
  }

  /** Buckets in which `digests` differs from this table's. */
  differing(digests: Uint8Array): number[] {
    const mine = this.digest.sums()
    const out = new Set<number>()
    for (let i = 0; i < BUCKETS * DIGEST_BYTES; i++) if (mine[i] !== digests[i]) out.add(Math.floor(i / DIGEST_BYTES))
    return [...out]
  }

  /** Alive members of one bucket, in id order. */
  bucket(bucket: number): MemberEntry[] {
    const prefix = bucket.toString(16).padStart(2, '0')
    const out: MemberEntry[] = []
    for (
      let i = lowerBound(this.#ring, asRingId(prefix.padEnd(64, '0')));
      i < this.#ring.length && this.#ring[i]!.startsWith(prefix);
      i++
    )
      out.push(this.get(this.#ring[i]!)!)
    return out
  }

  /** False when all rows are of members who are alive, and there is room for no more. */
  #isGone(id: RingId): void {
    this.#gone.add(id)
    this.#goneByHint.set(id.slice(0, LEAST_HINT), id)
  }

  #isBack(id: RingId): void {
    if (!this.#gone.delete(id)) return
    const hint = id.slice(0, LEAST_HINT)
    if (this.#goneByHint.get(hint) === id) this.#goneByHint.delete(hint)
  }

  #makeRoom(): boolean {
    if (this.#rows.size < limits.MAX_MEMBERS + limits.MAX_GONE) return this.#ring.length < limits.MAX_MEMBERS
    for (const id of this.#gone) {
      this.remove(id)
      return true
    }
    return false
  }

  #enterRing(id: RingId): void {
    this.#ring.splice(lowerBound(this.#ring, id), 0, id)
    this.#changed()
  }

  #leaveRing(id: RingId): void {
    this.#ring.splice(lowerBound(this.#ring, id), 1)
    this.#changed()
  }

  #changed(): void {
    this.#version += 1
    this.#alive = undefined
    this.#nearest.clear()
  }
}

function lowerBound(sorted: readonly RingId[], id: RingId): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareIds(sorted[middle]!, id) < 0) low = middle + 1
    else high = middle
  }
  return low
}

function* first<T>(items: Iterable<T>, count: number): Iterable<T> {
  let left = count
  if (left <= 0) return
  for (const item of items) {
    yield item
    left -= 1
    if (left === 0) return
  }
}
