/**
 * What one member found, as it goes to the others: canonical CBOR `[version, [row ...]]`.
 *
 *     answer      [0, name, type, rank, what is left of it, outcome]
 *     delegation  [1, parent or null, TTL of the addresses or null, delegation]
 *
 * What is left is in ms in version 2, in seconds in version 1, which is for members of the release before: a name that lives for 20 s lost
 * half a second of them with each telling. Outcomes and delegations are in the codec of `evidence/`. Whoever takes a row validates it by its own anchors when it is used.
 */
import { ChordnsError, isChordnsError } from '../base/index.ts'
import { Rank } from '../cache/index.ts'
import { type CborValue, cborReader, encodeCanonical } from '../crypto/index.ts'
import {
  addressRdata,
  addressText,
  Class,
  type Delegation,
  isSubdomain,
  type Name,
  nameFromWire,
  type Question,
  sameName,
} from '../dns/index.ts'
import {
  type Content,
  type Delegated,
  decodeContent,
  encodeOutcome,
  evidenceLimits,
  type Glue,
  misfit,
  type Outcome,
} from '../evidence/index.ts'
import { limits } from './limits.ts'

/** Of a message, and of the rows in it. */
export type MessageVersion = 1 | 2
/** What a member says when nobody has said that it knows more. */
export const FIRST_VERSION: MessageVersion = 1
export const VERSION: MessageVersion = 2
/** Of what is left of an answer, in one second. */
const UNITS: Readonly<Record<MessageVersion, number>> = { 1: 1, 2: 1_000 }
const Kind = { ANSWER: 0, DELEGATION: 1 } as const

export interface AnswerRow {
  readonly kind: 'answer'
  readonly question: Question
  readonly outcome: Outcome
  readonly rank: Rank
  /** What is left of it, to the millisecond. */
  readonly seconds: number
}

export interface DelegationRow {
  readonly kind: 'delegation'
  readonly delegation: Delegation
  readonly parent: Name | undefined
}

export type ToldRow = AnswerRow | DelegationRow

/** Undefined for what is larger than a row may be, or has what the codec does not carry. */
export function encodeRow(row: ToldRow, version: MessageVersion = VERSION): Uint8Array | undefined {
  const bytes = row.kind === 'answer' ? answerBytes(row, version) : delegationBytes(row)
  return bytes !== undefined && bytes.length <= limits.MAX_ROW_BYTES ? bytes : undefined
}

/** Of rows that `encodeRow` made for the same version. */
export function encodeMessage(rows: readonly Uint8Array[], version: MessageVersion = VERSION): Uint8Array {
  return encodeCanonical([version, [...rows]])
}

/** Throws HOUSEHOLD_MALFORMED, or EVIDENCE_MALFORMED and DNS_* for what is in a row. */
export function decodeMessage(bytes: Uint8Array): ToldRow[] {
  const value = readCbor(bytes, limits.MESSAGE_BYTES + 1024, 'message')
  const message = readRow(value, 2, 'message')
  const [version] = message
  if (version !== 1 && version !== 2) throw malformed(`version ${String(version)}`)
  const rows = readList(message[1], limits.MAX_ROWS, 'rows', (row) =>
    decodeRow(readBytes(row, 1, limits.MAX_ROW_BYTES, 'row'), version),
  )
  // Or a source that sends no rows could go on for ever.
  if (rows.length === 0) throw malformed('no rows')
  return rows
}

function decodeRow(bytes: Uint8Array, version: MessageVersion): ToldRow {
  const value = readCbor(bytes, limits.MAX_ROW_BYTES, 'row')
  const kind = Array.isArray(value) ? value[0] : undefined
  if (kind === Kind.ANSWER) return readAnswer(readRow(value, 6, 'answer'), version)
  if (kind === Kind.DELEGATION) return readDelegation(readRow(value, 4, 'delegation'))
  throw malformed('kind of row')
}

function answerBytes({ question, outcome, rank, seconds }: AnswerRow, version: MessageVersion): Uint8Array | undefined {
  const content = contentBytes(outcome)
  if (content === undefined) return undefined
  const { name, type } = question
  return encodeCanonical([Kind.ANSWER, name.wire, type, rank, leftOf(seconds, version), content])
}

function leftOf(seconds: number, version: MessageVersion): number {
  // Thousandths are whole but for what floating point does to them.
  return version === 1 ? Math.floor(seconds) : Math.round(seconds * 1_000)
}

function readAnswer(row: readonly CborValue[], version: MessageVersion): AnswerRow {
  const question: Question = {
    name: readName(row[1], 'name'),
    type: readInteger(row[2], 1, 0xffff, 'type'),
    class: Class.IN,
  }
  const outcome = decodeContent(readBytes(row[5], 1, limits.MAX_ROW_BYTES, 'outcome'))
  if (outcome.kind !== 'rrset' && outcome.kind !== 'absent') throw malformed('not an answer')
  const wrong = misfit(question, outcome)
  if (wrong !== undefined) throw malformed(wrong)
  return {
    kind: 'answer',
    question,
    outcome,
    // Higher ranks are for what this node has validated, or the ring has agreed on; glue answers nobody.
    rank: readInteger(row[3], Rank.AUTHORITY_SECTION, Rank.AUTHORITATIVE, 'rank') as Rank,
    seconds: readInteger(row[4], 0, limits.MAX_SECONDS * UNITS[version], 'what is left') / UNITS[version],
  }
}

function delegationBytes({ delegation, parent }: DelegationRow): Uint8Array | undefined {
  const { zone, nameServers, addresses, ds, proofs, ttl, glueTtl } = delegation
  const servers = nameServers.slice(0, evidenceLimits.MAX_NAME_SERVERS)
  const glue = servers.flatMap((name): Glue[] => {
    const texts = addresses.get(name.key)?.slice(0, evidenceLimits.MAX_GLUE_ADDRESSES) ?? []
    return texts.length === 0 ? [] : [{ name, addresses: texts.map((text) => addressRdata(text).rdata) }]
  })
  const content = contentBytes({
    kind: 'delegation',
    zone,
    apex: parent ?? zone,
    nameServers: servers,
    ds,
    glue,
    ttl,
    proofs,
  })
  if (content === undefined) return undefined
  return encodeCanonical([Kind.DELEGATION, parent?.wire ?? null, glueTtl ?? null, content])
}

function readDelegation(row: readonly CborValue[]): DelegationRow {
  const content = decodeContent(readBytes(row[3], 1, limits.MAX_ROW_BYTES, 'delegation'))
  if (content.kind !== 'delegation') throw malformed('not a delegation')
  const parent = row[1] === null ? undefined : readName(row[1], 'parent')
  const glueTtl = row[2] === null ? undefined : readInteger(row[2], 0, limits.MAX_SECONDS, 'TTL')
  const { zone, nameServers, ds, proofs, ttl } = content
  if (nameServers.length === 0) throw malformed('no name servers')
  if (parent !== undefined && (!isSubdomain(zone, parent) || sameName(zone, parent)))
    throw malformed('the parent is not above the zone')
  if (ds !== undefined && !sameName(ds.name, zone)) throw malformed('DS of another zone')
  return {
    kind: 'delegation',
    delegation: {
      zone,
      nameServers,
      addresses: addressesOf(content),
      ds,
      proofs,
      ttl,
      ...(glueTtl !== undefined && { glueTtl }),
    },
    parent,
  }
}

function addressesOf({ nameServers, glue }: Delegated): Map<string, readonly string[]> {
  const known = new Set(nameServers.map(({ key }) => key))
  const own = glue.filter(({ name }) => known.has(name.key))
  return new Map(own.map(({ name, addresses }) => [name.key, addresses.map(addressText)]))
}

/** Undefined where it has more than the codec carries. */
function contentBytes(content: Content): Uint8Array | undefined {
  try {
    return encodeOutcome(content)
  } catch (error) {
    if (isChordnsError(error, 'EVIDENCE_MALFORMED')) return undefined
    throw error
  }
}

function malformed(what: string, cause?: unknown): ChordnsError<'HOUSEHOLD_MALFORMED', { what: string }> {
  return new ChordnsError('HOUSEHOLD_MALFORMED', `malformed message of the household: ${what}`, { what }, { cause })
}

const { readCbor, readRow, readList, readInteger, readBytes } = cborReader(malformed)

function readName(value: CborValue | undefined, what: string): Name {
  return nameFromWire(readBytes(value, 1, 255, what))
}
