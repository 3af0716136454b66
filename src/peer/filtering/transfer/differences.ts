/**
 * Differences of a zone (RFC 1995), put into its text: a line that goes must be there, and one that comes must not, or nothing is changed. A record is its line, as zone-text.ts
 * wrote it. Pure.
 */
import {
  decodeReply,
  isSubdomain,
  type Name,
  nameToText,
  type ResourceRecord,
  recordToText,
  Type,
} from '../../../dns/index.ts'
import { broken } from './walk.ts'

/** What is to be done with a text, all steps together. */
export interface LineChanges {
  /** The SOA line that must be the first one now, and the one that takes its place. */
  readonly from: string
  readonly to: string
  readonly deleted: ReadonlySet<string>
  readonly added: ReadonlySet<string>
}

/** `frames`: messages with two bytes of length before each, in the order that `Incoming` has checked. Throws TRANSFER_FAILED or DNS_MALFORMED. */
export function readDifferences(frames: Uint8Array, zone: Name): LineChanges {
  const deleted = new Set<string>()
  const added = new Set<string>()
  let to: string | undefined
  let from: string | undefined
  let isAdding = true
  for (const record of recordsOf(frames)) {
    if (!isSubdomain(record.name, zone)) throw broken(`${nameToText(record.name)} is not of the zone`)
    const line = recordToText(record)
    if (record.type === Type.SOA) {
      if (to === undefined) {
        to = line
        continue
      }
      from ??= line
      isAdding = !isAdding
    } else if (isAdding) change(line, { into: added, outOf: deleted })
    else change(line, { into: deleted, outOf: added })
  }
  if (to === undefined || from === undefined) throw broken('differences without an SOA')
  return { from, to, deleted, added }
}

/** What an earlier step did may be undone, and must not be done twice. */
function change(line: string, { into, outOf }: { readonly into: Set<string>; readonly outOf: Set<string> }): void {
  if (outOf.delete(line)) return
  if (into.has(line)) throw broken('differences that do one thing twice')
  into.add(line)
}

function* recordsOf(frames: Uint8Array): Generator<ResourceRecord> {
  for (let at = 0; at < frames.length; ) {
    const end = at + 2 + frames[at]! * 256 + frames[at + 1]!
    yield* decodeReply(frames.subarray(at + 2, end)).answers
    at = end
  }
}

const NEWLINE = 10

/** Pieces of the new text. Throws TRANSFER_FAILED where the differences are not those of this text; what came before is of no use then. */
export function* changedText(text: Uint8Array, { from, to, deleted, added }: LineChanges): Generator<Uint8Array> {
  // Bytes as they are: a line is compared as it was written.
  const bytes = Buffer.from(text.buffer, text.byteOffset, text.length)
  const firstEnd = bytes.indexOf(NEWLINE)
  if (firstEnd < 0 || bytes.toString('utf8', 0, firstEnd) !== from) throw broken('differences from another SOA')
  yield Buffer.from(`${to}\n`)
  let gone = 0
  let kept = firstEnd + 1
  for (let at = kept; at < bytes.length; ) {
    const found = bytes.indexOf(NEWLINE, at)
    const end = found < 0 ? bytes.length : found
    const line = bytes.toString('utf8', at, end)
    if (added.has(line)) throw broken('differences that add what is there')
    if (deleted.has(line)) {
      gone++
      yield bytes.subarray(kept, at)
      kept = end + 1
    }
    at = end + 1
  }
  if (gone !== deleted.size) throw broken('differences that delete what is not there')
  yield bytes.subarray(kept)
  if (added.size > 0) yield Buffer.from(`${[...added].join('\n')}\n`)
}
