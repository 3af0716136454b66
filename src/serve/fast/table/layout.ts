/**
 * The shared answer table, as both sides see it: one thread writes, the workers read.
 *
 * Records lie in a log that is used round and round. A record's *place* is its position in the whole log, in units of 8 bytes: it says
 * where the record is (modulo the size), and, against the log's tail, whether it is still there. The tail moves on before anything is
 * overwritten, so whoever reads a record and finds the tail still below its place afterwards has read it whole.
 *
 * Slots find records: a name's hash gives the home slot, and all answers of a name lie in the slots from there on. The third word of a
 * slot is no part of its entry: it says when the cache was last changed under any name whose home this slot is.
 */
import { limits } from '../../limits.ts'

/** What a worker is handed. All buffers are shared. */
export interface SharedTable {
  readonly control: SharedArrayBuffer
  readonly slots: SharedArrayBuffer
  readonly records: SharedArrayBuffer
  readonly hashKey: readonly [number, number]
}

/** Words of `control`. */
export const CONTROL_TAIL = 0
/** The change at which everything was dropped last. */
export const CONTROL_DROPPED = 1
export const CONTROL_BYTES = 64

/**
 * Words of a slot: tag | place, 0 is empty | last change under this home | marks, which workers write. Those are not in the records, since one
 * that comes late must not fall on another answer's bytes; and not apart, since that would be one more wait for memory.
 */
export const SLOT_WORDS = 4
export const SLOT_TAG = 0
export const SLOT_PLACE = 1
export const SLOT_CHANGED = 2
export const SLOT_MARKS = 3
/** Slots that are looked at for one question, by both sides. */
export const MAX_PROBES = limits.TABLE_PROBES
/** Answers of one name: who asks one name for all types there are gets no more of the table. */
export const MAX_PER_NAME = limits.TABLE_ANSWERS_PER_NAME

/**
 * Words of a record: units u16, links u8 | type u16, variant u8, bytes of the name u8 | the change it was
 * written at | when it ends | when it is worth fetching again | bytes of the answer u16, word where it begins u16 | flags u8, answers u8,
 * authorities u8, groups of TTLs u8 | bytes of the options of OPT. Then the name in lower case, the homes of the further links, the groups, the
 * answer, the options. A group: when it ends, most TTL, number of places, places as u16.
 */
export const RECORD_WORDS = 8
export const AT_HEAD = 0
export const AT_KEY = 1
export const AT_WRITTEN = 2
export const AT_EXPIRES = 3
export const AT_HINT = 4
export const AT_SIZES = 5
export const AT_COUNTS = 6
export const AT_OPTIONS = 7
export const GROUP_WORDS = 3
/** Bits of a mark: the answer was given since it was written; the main thread was told that it is worth fetching again. */
export const MARK_READ = 1
export const MARK_HINTED = 2

/** Bits of `flags`; the rcode stands above them. */
export const FLAG_SECURE = 1
/** Too long for any UDP answer: it goes out cut. */
export const FLAG_TOO_LONG = 2
/** AA: from what the operator configured. */
export const FLAG_AUTHORITATIVE = 4
export const RCODE_SHIFT = 4

/** Bits of a variant. The client's policy group will stand above them: there is one group now. */
export const VARIANT_DO = 1
export const VARIANT_CD = 2

/** Of two moments or changes that are 32 bits wide and go round: true when `a` is later. */
export function isLater(a: number, b: number): boolean {
  return ((a - b) | 0) > 0
}

/** What a slot is found by: name, type and variant in 32 bits. */
export function tagOf(hash: number, key: number): number {
  let tag = Math.imul(hash ^ (key >>> 8), 0x85ebca6b)
  tag ^= tag >>> 15
  return tag | 0
}

/** Type, variant and length of the name in one word. */
export function keyWord(type: number, variant: number, nameBytes: number): number {
  return (type << 16) | (variant << 8) | nameBytes
}
