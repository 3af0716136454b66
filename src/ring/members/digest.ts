/**
 * What two members compare of their tables: fingerprints over ranges of ids, so that what differs is found in a few small messages
 * whatever the table holds. A range is named by the first hex digits that its ids share.
 *
 * A change counts here only when it is due: in a large ring the telling of it takes a minute, and tables that are compared as
 * they were before that are equal unless something was lost.
 */
import type { RingId } from '../../base/index.ts'
import { sha256 } from '../../crypto/index.ts'
import { idToBytes } from '../chord/ids.ts'
import type { MemberEntry } from '../types.ts'

/** Ranges of two hex digits: what of a table changes is worked out anew for one of them. */
export const BUCKETS = 256
/** Bytes of one bucket's digest: against accidents, not against a member, who can only delay its own gossip with it. */
export const DIGEST_BYTES = 16
/** Of the fingerprint of a range: one in 2^64 differences stays unseen until the next change. */
export const FINGERPRINT_BYTES = 8
/** Ranges into which one is split: by the next hex digit. */
export const SPLIT = 16
/** Hex digits that name a row: 8 bytes tell 100,000 ids apart, and who makes two that share them only hides himself. */
export const HINT_DIGITS = 16

/** One row as the other side hears of it. */
export interface Mark {
  /** The first HINT_DIGITS hex digits of the id. */
  readonly hint: string
  readonly incarnation: number
}

interface Item {
  readonly incarnation: number
  readonly hash: Uint8Array
}

export class TableDigest {
  readonly #sums = new Uint8Array(BUCKETS * DIGEST_BYTES)
  readonly #items: Map<RingId, Item>[] = Array.from({ length: BUCKETS }, () => new Map())
  readonly #waiting = new Map<RingId, { readonly due: number; readonly entry: MemberEntry | undefined }>()
  #nextDue = Number.POSITIVE_INFINITY
  #summary: Uint8Array | undefined

  /** `entry` is the alive row of this id from `due` on, or there is none. */
  set(id: RingId, entry: MemberEntry | undefined, due: number, now: number): void {
    this.#waiting.delete(id)
    if (due <= now) {
      this.#apply(id, entry)
      return
    }
    this.#waiting.set(id, { due, entry })
    this.#nextDue = Math.min(this.#nextDue, due)
  }

  /** Lets count what is due. */
  settle(now: number): void {
    if (now < this.#nextDue) return
    this.#nextDue = Number.POSITIVE_INFINITY
    for (const [id, { due, entry }] of this.#waiting) {
      if (due > now) {
        this.#nextDue = Math.min(this.#nextDue, due)
        continue
      }
      this.#waiting.delete(id)
      this.#apply(id, entry)
    }
  }

  /** Ids whose last change does not count yet. */
  waiting(): RingId[] {
    return [...this.#waiting.keys()]
  }

  /** One hash over all (id, incarnation): equal when two tables agree. */
  summary(): Uint8Array {
    this.#summary ??= sha256(this.#sums).slice(0, DIGEST_BYTES)
    return this.#summary
  }

  /** The digests of all buckets, one after the other. */
  sums(): Uint8Array {
    return this.#sums.slice()
  }

  fingerprint(range: string): Uint8Array {
    const sum = new Uint8Array(FINGERPRINT_BYTES)
    if (range.length <= 2) for (const bucket of bucketsOf(range)) addSum(sum, this.#sums, bucket)
    else for (const [id, { hash }] of this.#itemsOf(range)) if (id.startsWith(range)) mix(sum, 0, hash)
    return sum
  }

  /** The fingerprints of the SPLIT parts of a range, one after the other. */
  split(range: string): Uint8Array {
    const out = new Uint8Array(SPLIT * FINGERPRINT_BYTES)
    if (range.length < 2) {
      for (let i = 0; i < SPLIT; i++) out.set(this.fingerprint(`${range}${i.toString(SPLIT)}`), i * FINGERPRINT_BYTES)
      return out
    }
    for (const [id, { hash }] of this.#itemsOf(range)) {
      if (id.startsWith(range)) mix(out, Number.parseInt(id.charAt(range.length), SPLIT) * FINGERPRINT_BYTES, hash)
    }
    return out
  }

  count(range: string): number {
    let count = 0
    if (range.length <= 2) for (const bucket of bucketsOf(range)) count += this.#items[bucket]!.size
    else for (const id of this.#itemsOf(range).keys()) if (id.startsWith(range)) count += 1
    return count
  }

  /** All rows of a range. */
  ids(range: string): RingId[] {
    const out: RingId[] = []
    for (const bucket of bucketsOf(range.slice(0, 2)))
      for (const id of this.#items[bucket]!.keys()) if (id.startsWith(range)) out.push(id)
    return out
  }

  /** The incarnation that counts for this id here. */
  incarnation(id: RingId): number | undefined {
    return this.#itemsOf(id).get(id)?.incarnation
  }

  #itemsOf(range: string): Map<RingId, Item> {
    return this.#items[Number.parseInt(range.slice(0, 2), 16)]!
  }

  /** XOR makes entering and leaving the same operation. */
  #apply(id: RingId, entry: MemberEntry | undefined): void {
    const bucket = Number.parseInt(id.slice(0, 2), 16)
    const items = this.#items[bucket]!
    const before = items.get(id)
    if (before?.incarnation === entry?.incarnation) return
    if (before !== undefined) this.#toggle(bucket, before.hash)
    if (entry === undefined) items.delete(id)
    else {
      const hash = hashOf(entry)
      items.set(id, { incarnation: entry.incarnation, hash })
      this.#toggle(bucket, hash)
    }
  }

  #toggle(bucket: number, hash: Uint8Array): void {
    for (let i = 0; i < DIGEST_BYTES; i++) this.#sums[bucket * DIGEST_BYTES + i]! ^= hash[i]!
    this.#summary = undefined
  }
}

function* bucketsOf(range: string): Iterable<number> {
  const width = 16 ** (2 - range.length)
  const first = range === '' ? 0 : Number.parseInt(range, 16) * width
  for (let i = 0; i < width; i++) yield first + i
}

function addSum(sum: Uint8Array, sums: Uint8Array, bucket: number): void {
  for (let i = 0; i < FINGERPRINT_BYTES; i++) sum[i]! ^= sums[bucket * DIGEST_BYTES + i]!
}

function mix(out: Uint8Array, at: number, hash: Uint8Array): void {
  for (let i = 0; i < FINGERPRINT_BYTES; i++) out[at + i]! ^= hash[i]!
}

const hashes = new WeakMap<MemberEntry, Uint8Array>()

/** Of id and incarnation. A row does not change, so it is worked out once. */
function hashOf(entry: MemberEntry): Uint8Array {
  let hash = hashes.get(entry)
  if (hash === undefined) {
    const incarnation = new TextEncoder().encode(String(entry.incarnation))
    hash = sha256(idToBytes(entry.id), incarnation).slice(0, DIGEST_BYTES)
    hashes.set(entry, hash)
  }
  return hash
}
