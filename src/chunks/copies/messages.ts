/**
 * Marks on the wire: canonical CBOR, `[1, 26, reads, after, [[hint, at], ...]]` asks for marks that were learned lately, save those that
 * are named; with `after`, a hint, for all of the hints after it. `[1, 26, reads, [mark, ...]]` answers. `reads`: how many of the
 * ring the sender makes in a day.
 */
import { type CborValue, encodeCanonical } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import { malformed, readBytes, readCbor, readInteger, readList } from '../wire/reading.ts'
import { hintToBytes, markFromValue, markToValue, type NameHint, type PopularMark, readHint } from './mark.ts'

const VERSION = 1
const POPULAR = 26

export interface PopularRequest {
  readonly readsADay: number
  /** Undefined: what was learned lately. */
  readonly after: Uint8Array | undefined
  readonly known: readonly Pick<PopularMark, 'hint' | 'at'>[]
}

export interface PopularReply {
  readonly readsADay: number
  readonly marks: readonly PopularMark[]
}

/** Its second item is another one than that of other requests. */
export function isPopularRequest(body: Uint8Array): boolean {
  // An array of five, 1, and 26 in two bytes.
  return body[0] === 0x85 && body[1] === VERSION && body[2] === 0x18 && body[3] === POPULAR
}

export function encodePopularRequest({ readsADay, after, known }: PopularRequest): Uint8Array {
  const marks = known.slice(0, limits.MAX_MARKS_NAMED).map(({ hint, at }): CborValue => [hintToBytes(hint), at])
  return encodeCanonical([VERSION, POPULAR, Math.floor(readsADay), after ?? null, marks])
}

/** Throws CHUNK_MALFORMED. */
export function decodePopularRequest(bytes: Uint8Array): PopularRequest {
  const row = open(bytes)
  return {
    readsADay: readInteger(row[2], 0, limits.MAX_READS_A_DAY, 'reads'),
    after: row[3] === null ? undefined : readBytes(row[3], 0, 8, 'hint'),
    known: readList(row[4], limits.MAX_MARKS_NAMED, 'marks', readNamed),
  }
}

export function encodePopularReply({ readsADay, marks }: PopularReply): Uint8Array {
  return encodeCanonical([
    VERSION,
    POPULAR,
    Math.floor(readsADay),
    marks.slice(0, limits.MARKS_OF_A_PAGE).map(markToValue),
  ])
}

/** Throws CHUNK_MALFORMED. */
export function decodePopularReply(bytes: Uint8Array): PopularReply {
  const row = open(bytes)
  return {
    readsADay: readInteger(row[2], 0, limits.MAX_READS_A_DAY, 'reads'),
    marks: readList(row[3], limits.MARKS_OF_A_PAGE, 'marks', markFromValue),
  }
}

function readNamed(value: CborValue): { readonly hint: NameHint; readonly at: number } {
  if (!Array.isArray(value)) throw malformed('mark')
  return { hint: readHint(value[0]), at: readInteger(value[1], 0, 2 ** 40, 'time of a mark') }
}

function open(bytes: Uint8Array): readonly CborValue[] {
  const value = readCbor(bytes, limits.MAX_MESSAGE_BYTES, 'message about popular names')
  if (!Array.isArray(value) || value[0] !== VERSION || value[1] !== POPULAR) throw malformed('not about popular names')
  return value
}
