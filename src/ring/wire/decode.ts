/** Bytes as ring messages. Everything that does not fit throws RING_MALFORMED. */
import { asRingId, type RingId, toHex } from '../../base/index.ts'
import type { CborField, CborMap } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import type { Accusation } from '../members/accusations.ts'
import { BUCKETS, DIGEST_BYTES, FINGERPRINT_BYTES, HINT_DIGITS, SPLIT } from '../members/digest.ts'
import { voteFromValue } from '../members/expulsions.ts'
import { statementFromValue } from '../members/invitations.ts'
import type { SignedList } from '../members/list.ts'
import { entryFromValue, readStatus } from '../members/member.ts'
import {
  malformed,
  readBoolean,
  readBytes,
  readCbor,
  readHash,
  readId,
  readInteger,
  readList,
  readMap,
  readNatural,
  readRow,
  readSignature,
} from '../members/reading.ts'
import { welcomeFromValue } from '../members/welcomes.ts'
import type { ExpulsionVote, InvitationStatement, MemberEntry } from '../types.ts'
import { unpackDead, unpackSigned } from './brief.ts'
import {
  type BriefRow,
  CODES,
  type Pair,
  type RangeAnswer,
  type RangeMark,
  type RingReply,
  type RingRequest,
  VERSION,
} from './messages.ts'

/** Throws RING_MALFORMED, also when the message is a reply. */
export function decodeRequest(bytes: Uint8Array): RingRequest {
  const map = openMessage(bytes)
  switch (map.get(1)) {
    case CODES.ping:
      return { type: 'ping' }
    case CODES['ask-state']:
      return {
        type: 'ask-state',
        summary: readSummary(map.get(2)),
        ...(map.has(3) && { seen: readStamp(map.get(3)) }),
      }
    case CODES.notify:
      return { type: 'notify', entry: entryFromValue(map.get(2)) }
    case CODES['ask-welcome']:
      return { type: 'ask-welcome', entry: entryFromValue(map.get(2)) }
    case CODES.push:
      return {
        type: 'push',
        entries: readEntries(map.get(2)),
        accusations: readAccusations(map.get(3)),
        ...(map.has(4) && { votes: readVotes(map.get(4)) }),
        ...(map.has(5) && { until: asRingId(readHint(map.get(5)).padEnd(64, '0')) }),
        ...readBriefRows(map),
        ...(map.has(7) && { statements: readStatements(map.get(7)) }),
      }
    case CODES.reconcile:
      return {
        type: 'reconcile',
        ranges: readList(map.get(2), limits.MAX_RANGES, 'ranges', readRangeMark),
        ...readStatementDigest(map.get(3)),
      }
    case CODES['ask-statements']:
      return { type: 'ask-statements', marks: readMarks(map.get(2), limits.MAX_STATEMENTS) }
    case CODES['ask-page']:
      return {
        type: 'ask-page',
        entry: entryFromValue(map.get(2)),
        after: readOptionalId(map.get(3), 'after'),
        ...(map.has(4) && { recent: readBoolean(map.get(4), 'recent') }),
        ...(map.has(5) && { bare: readBoolean(map.get(5), 'bare') }),
      }
    case CODES['ask-digests']:
      return { type: 'ask-digests', summary: readSummary(map.get(2)) }
    case CODES.compare:
      return {
        type: 'compare',
        buckets: readBuckets(map.get(2)),
        pairs: readPairs(map.get(3)),
        ...(map.has(4) && { hints: readList(map.get(4), limits.MAX_HINTS, 'hints', readHint) }),
      }
    case CODES.find:
      return {
        type: 'find',
        key: readId(map.get(2), 'key'),
        shortCut: readBoolean(map.get(3), 'shortCut'),
        ...(map.has(4) && { proof: readBoolean(map.get(4), 'proof') }),
      }
    default:
      throw malformed('type')
  }
}

/** Throws RING_MALFORMED, also when the message is a request. */
export function decodeReply(bytes: Uint8Array): RingReply {
  const map = openMessage(bytes)
  switch (map.get(1)) {
    case CODES.ok:
      return { type: 'ok' }
    case CODES.state:
      return {
        type: 'state',
        member: readBoolean(map.get(2), 'member'),
        busy: readBoolean(map.get(3), 'busy'),
        id: readId(map.get(4)),
        predecessor: readOptionalId(map.get(5), 'predecessor'),
        successors: readIds(map.get(6), limits.MAX_SUCCESSORS, 'successors'),
        summary: readSummary(map.get(7)),
        entries: readEntries(map.get(8)),
        ...(map.has(9) && { stamp: readStamp(map.get(9)) }),
      }
    case CODES.unchanged:
      return {
        type: 'unchanged',
        member: readBoolean(map.get(2), 'member'),
        busy: readBoolean(map.get(3), 'busy'),
        summary: readSummary(map.get(4)),
      }
    case CODES.ranges:
      return {
        type: 'ranges',
        answers: readList(map.get(2), limits.MAX_RANGES, 'answers', readRangeAnswer),
        ...readStatementDigest(map.get(3)),
      }
    case CODES.statements:
      return {
        type: 'statements',
        statements: readStatements(map.get(2)),
        wanted: readMarks(map.get(3), limits.MAX_STATEMENTS_OF_A_MESSAGE),
      }
    case CODES.page:
      return {
        type: 'page',
        member: readBoolean(map.get(2), 'member'),
        self: entryFromValue(map.get(3)),
        entries: readEntries(map.get(4)),
        next: readOptionalId(map.get(5), 'next'),
        ...(map.has(6) && { votes: readVotes(map.get(6)) }),
      }
    case CODES.digests: {
      const digests = map.get(2)
      const length = BUCKETS * DIGEST_BYTES
      return {
        type: 'digests',
        digests: digests === undefined ? undefined : readBytes(digests, length, length, 'digests'),
      }
    }
    case CODES.welcome:
      return { type: 'welcome', welcome: map.has(2) ? welcomeFromValue(map.get(2)) : undefined }
    case CODES.compared:
      return {
        type: 'compared',
        entries: readEntries(map.get(2)),
        wanted: readIds(map.get(3), limits.MAX_PAIRS, 'wanted'),
      }
    case CODES.directions:
      return {
        type: 'directions',
        way: readIds(map.get(2), limits.LOOKUP_IDS, 'way'),
        owners: readIds(map.get(3), limits.LOOKUP_IDS, 'owners'),
        predecessor: readOptionalId(map.get(4), 'predecessor'),
        entry: map.has(5) ? entryFromValue(map.get(5)) : undefined,
        ...(map.has(6) && { list: readSignedList(map.get(6)) }),
      }
    default:
      throw malformed('type')
  }
}

function openMessage(bytes: Uint8Array): CborMap {
  const map = readMap(readCbor(bytes, limits.MAX_MESSAGE_BYTES, 'message'), 'message')
  if (map.get(0) !== VERSION) throw malformed('version')
  return map
}

function readEntries(value: CborField): MemberEntry[] {
  return value === undefined ? [] : readList(value, limits.MAX_ENTRIES, 'entries', entryFromValue)
}

function readIds(value: CborField, most: number, what: string): RingId[] {
  return readList(value, most, what, (one) => readId(one, what))
}

function readOptionalId(value: CborField, what: string): RingId | undefined {
  return value === undefined ? undefined : readId(value, what)
}

function readSignedList(value: CborField): SignedList {
  const [at, successors, signature] = readRow(value, 3, 'successor list')
  return {
    at: readNatural(at, 'time of a list'),
    successors: readIds(successors, limits.MAX_SUCCESSORS, 'successors'),
    signature: readSignature(signature, 'signature of a list'),
  }
}

function readAccusations(value: CborField): Accusation[] {
  if (value === undefined) return []
  return readList(value, limits.MAX_ACCUSATIONS, 'accusations', (item) => {
    const [accused, incarnation, signer, signature] = readRow(item, 4, 'accusation')
    return {
      accused: readId(accused, 'accused'),
      incarnation: readNatural(incarnation, 'incarnation'),
      signer: readHash(signer, 'accuser'),
      signature: readSignature(signature, 'signature of an accusation'),
    }
  })
}

function readVotes(value: CborField): ExpulsionVote[] {
  return readList(value, limits.MAX_VOTES_OF_A_MESSAGE, 'votes', voteFromValue)
}

function readStatements(value: CborField): InvitationStatement[] {
  return readList(value, limits.MAX_STATEMENTS_OF_A_MESSAGE, 'statements', statementFromValue)
}

function readStatementDigest(value: CborField): { readonly statements?: Uint8Array } {
  const bytes = limits.STATEMENT_DIGEST_BYTES
  return value === undefined ? {} : { statements: readBytes(value, bytes, bytes, 'digest of statements') }
}

function readMarks(value: CborField, most: number): Uint8Array[] {
  const bytes = limits.STATEMENT_MARK_BYTES
  return readList(value, most, 'marks', (mark) => readBytes(mark, bytes, bytes, 'mark'))
}

function readPairs(value: CborField): Pair[] {
  return readList(value, limits.MAX_PAIRS, 'pairs', (item) => {
    const [id, incarnation] = readRow(item, 2, 'pair')
    return { id: readId(id), incarnation: readNatural(incarnation, 'incarnation') }
  })
}

function readBuckets(value: CborField): number[] {
  return readList(value, BUCKETS, 'buckets', (item) => readInteger(item, 0, BUCKETS - 1, 'bucket'))
}

/** Signed rows are in 8, those of the dead in 9; the release before has signed ones as a list in 6. */
function readBriefRows(map: CborMap): { readonly brief?: readonly BriefRow[] } {
  const rows: BriefRow[] = map.has(6) ? readList(map.get(6), limits.MAX_ENTRIES, 'brief rows', readBrief) : []
  if (map.has(8)) rows.push(...unpackSigned(readBytes(map.get(8), 6, limits.MAX_ENTRIES_BYTES, 'brief rows')))
  if (map.has(9)) rows.push(...readList(map.get(9), limits.MAX_BRIEF_ROWS, 'rows of the dead', readDead))
  return rows.length === 0 ? {} : { brief: rows }
}

function readDead(value: CborField): BriefRow {
  return unpackDead(readBytes(value, 1, limits.MAX_MESSAGE_BYTES, 'row of the dead'))
}

function readBrief(value: CborField): BriefRow {
  const [hint, incarnation, code, signature] = readRow(value, 4, 'brief row')
  const status = readStatus(code)
  if (status === 'dead') throw malformed('status')
  return {
    hint: readHint(hint),
    incarnation: readNatural(incarnation, 'incarnation'),
    status,
    signature: readSignature(signature, 'signature'),
  }
}

function readRangeMark(value: CborField): RangeMark {
  const [range, fingerprint] = readRow(value, 2, 'range')
  if (typeof range !== 'string' || range.length > limits.NARROWEST_RANGE || !/^[0-9a-f]*$/.test(range))
    throw malformed('range')
  return { range, fingerprint: readStamp(fingerprint) }
}

function readRangeAnswer(value: CborField): RangeAnswer {
  if (value === true) return { kind: 'same' }
  const bytes = SPLIT * FINGERPRINT_BYTES
  if (value instanceof Uint8Array) return { kind: 'split', fingerprints: readBytes(value, bytes, bytes, 'parts') }
  return {
    kind: 'rows',
    marks: readList(value, limits.MAX_PAIRS, 'rows of a range', (item) => {
      const [hint, incarnation] = readRow(item, 2, 'mark')
      return { hint: readHint(hint), incarnation: readNatural(incarnation, 'incarnation') }
    }),
  }
}

function readHint(value: CborField): string {
  return toHex(readBytes(value, HINT_DIGITS / 2, HINT_DIGITS / 2, 'hint'))
}

function readStamp(value: CborField): Uint8Array {
  return readBytes(value, FINGERPRINT_BYTES, FINGERPRINT_BYTES, 'fingerprint')
}

function readSummary(value: CborField): Uint8Array {
  return readBytes(value, DIGEST_BYTES, DIGEST_BYTES, 'summary')
}
