/**
 * What each side says of itself in hello: which ring, which versions of the protocol it speaks, what it can do besides, and the
 * constants that all members of a ring must have in common.
 */
import { ChordnsError, equalBytes } from '../../base/index.ts'
import { type CborMap, type CborValue, cborReader } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import { invitationFromValue, invitationToValue } from '../members/invitations.ts'
import type { Invitation } from '../types.ts'

/** Of the form of hello itself; never raised while the fields below can say what is new. */
const HELLO_FORM = 1

/** Protocol versions that this build speaks. `highest` is raised when messages between peers change; `lowest` a release later. */
export const PROTOCOL_VERSIONS: VersionRange = { lowest: 1, highest: 1 }

export interface VersionRange {
  readonly lowest: number
  readonly highest: number
}

/** Numbers that members must have in common, by name: `chunkBits`, `replicas`. */
export type RingConstants = Readonly<Record<string, number>>

export interface Greeting {
  readonly ringId: string
  readonly nonce: Uint8Array
  /** Undefined: a build that knows of version 1 only, and says nothing of the rest. */
  readonly speaks: Speaks | undefined
  /** Of a machine that has no secret yet: by this invitation it wants to be let in. */
  readonly invitation?: Invitation
}

export interface Speaks {
  readonly versions: VersionRange
  /** What the peer can do besides, in short words; those that are not known are passed over. */
  readonly capabilities: readonly string[]
  readonly constants: RingConstants
}

/** What two peers have in common. */
export interface Spoken {
  readonly version: number
  readonly capabilities: readonly string[]
}

export const NONCE_BYTES = 32
export const Key = {
  KIND: 0,
  FORM: 1,
  RING: 2,
  NONCE: 3,
  MAC: 4,
  VERSIONS: 5,
  CAPABILITIES: 6,
  CONSTANTS: 7,
  INVITATION: 8,
  FAULT: 9,
} as const
/** The format has 32 bits for each. */
const MAX_NUMBER = 0xffff_ffff

export function greetingFields({ ringId, nonce, speaks, invitation }: Greeting): [number, CborValue][] {
  const plain: [number, CborValue][] = [
    [Key.FORM, HELLO_FORM],
    [Key.RING, ringId],
    [Key.NONCE, nonce],
  ]
  if (speaks === undefined) return plain
  const { versions, capabilities, constants } = speaks
  const rows = Object.entries(constants).sort(([a], [b]) => (a < b ? -1 : 1))
  return [
    ...plain,
    [Key.VERSIONS, [versions.lowest, versions.highest]],
    [Key.CAPABILITIES, [...capabilities]],
    [Key.CONSTANTS, rows],
    ...(invitation === undefined ? [] : [[Key.INVITATION, invitationToValue(invitation)] as [number, CborValue]]),
  ]
}

const { readRow, readList, readInteger, readBytes, readText } = cborReader(malformed)

/** The form and the ring come first: a peer of another form may mean something else by the rest. */
export function readGreeting(fields: CborMap, ringId: string): Greeting {
  const form = fields.get(Key.FORM)
  if (form !== HELLO_FORM)
    throw refused(
      `the peer says hello in form ${typeof form === 'number' ? form : 'unknown'}, this node in ${HELLO_FORM}`,
    )
  if (fields.get(Key.RING) !== ringId) throw refused('the peer is a member of another ring')
  const nonce = readBytes(fields.get(Key.NONCE), NONCE_BYTES, NONCE_BYTES, 'nonce')
  const invitation = fields.get(Key.INVITATION)
  return {
    ringId,
    nonce,
    speaks: readSpeaks(fields),
    ...(invitation !== undefined && { invitation: readInvitation(invitation) }),
  }
}

function readInvitation(value: CborValue): Invitation {
  try {
    return invitationFromValue(value)
  } catch (cause) {
    throw malformed('invitation', cause)
  }
}

function readSpeaks(fields: CborMap): Speaks | undefined {
  const range = fields.get(Key.VERSIONS)
  if (range === undefined) return undefined
  const row = readRow(range, 2, 'versions')
  const lowest = readInteger(row[0], 0, MAX_NUMBER, 'lowest version')
  const highest = readInteger(row[1], lowest, MAX_NUMBER, 'highest version')
  const capabilities = readList(fields.get(Key.CAPABILITIES) ?? [], limits.MAX_HELLO_ITEMS, 'capabilities', (one) =>
    readText(one, limits.MAX_HELLO_WORD_BYTES, 'capability'),
  )
  const constants = readList(fields.get(Key.CONSTANTS) ?? [], limits.MAX_HELLO_ITEMS, 'constants', (one) => {
    const pair = readRow(one, 2, 'constant')
    const name = readText(pair[0], limits.MAX_HELLO_WORD_BYTES, 'name of a constant')
    return [name, readInteger(pair[1], 0, MAX_NUMBER, 'constant')] as const
  })
  return { versions: { lowest, highest }, capabilities, constants: Object.fromEntries(constants) }
}

/** Version 1 and nothing besides, with a peer that says nothing of itself. Throws HELLO_REFUSED, whose text says what differs. */
export function inCommon(own: Speaks, theirs: Speaks | undefined): Spoken {
  const range = theirs?.versions ?? { lowest: 1, highest: 1 }
  const version = Math.min(own.versions.highest, range.highest)
  if (version < own.versions.lowest || version < range.lowest)
    throw refused(`the peer speaks ${nameOf(range)}, this node ${nameOf(own.versions)}; upgrade the older of the two`)
  const unequal = differences(own.constants, theirs?.constants ?? {})
  if (unequal.length > 0) throw refused(`all members of a ring need the same constants: ${unequal.join(', ')}`)
  const capabilities = own.capabilities.filter((one) => theirs?.capabilities.includes(one) ?? false)
  return { version, capabilities }
}

/** A constant that one of the two does not name is new to it, and is passed over. */
function differences(own: RingConstants, theirs: RingConstants): string[] {
  return Object.entries(own).flatMap(([name, value]) => {
    const other = Object.hasOwn(theirs, name) ? theirs[name] : undefined
    return other === undefined || other === value ? [] : [`${name} is ${value} here and ${other} there`]
  })
}

function nameOf({ lowest, highest }: VersionRange): string {
  return lowest === highest ? `version ${lowest}` : `versions ${lowest} to ${highest}`
}

/** True for our own nonce, sent back. */
export function isEcho(a: Greeting, b: Greeting): boolean {
  return equalBytes(a.nonce, b.nonce)
}

export function refused(why: string) {
  return new ChordnsError('HELLO_REFUSED', `hello refused: ${why}`, { why })
}

export function malformed(what: string, cause?: unknown) {
  return new ChordnsError('HELLO_MALFORMED', `malformed hello: ${what}`, { what }, { cause })
}
