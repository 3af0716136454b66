/** What others may know of the admission lists: the application, modules further down, rings, commands. */
import { equalBytes } from '../../../base/index.ts'
import { sha256 } from '../../../crypto/index.ts'
import { readerOf } from '../../draft.ts'
import { limits } from '../../limits.ts'
import type { StateReader } from '../../types.ts'
import { ADMISSION } from './admission.ts'
import { type Beacon, epochOf, readBeacon, readDraw } from './beacon.ts'
import { type Endorser, type EndorserList, readListOf, voicesThatCount } from './lists.ts'
import { isAdmitted, readAccountOfKey, readOrganisation, readPage } from './organisations.ts'
import { saltFrom } from './statements.ts'

/** An organisation that is admitted, as others see it. */
export interface Admitted {
  readonly account: Uint8Array
  readonly name: string
  readonly contact: string
  /** Public key of its machine in the ring. */
  readonly ringKey: Uint8Array
  /** Accounts of the endorsers whose endorsement counts. */
  readonly endorsers: readonly Uint8Array[]
  /** Undefined: not drawn yet, so it has no place on the ring. */
  readonly salt: Uint8Array | undefined
}

/** One who may be in the ring. */
export interface RingMember {
  readonly account: Uint8Array
  readonly ringKey: Uint8Array
  readonly salt: Uint8Array
  /** SHA-256(ring key || salt). */
  readonly nodeId: Uint8Array
}

/** Whose transactions the chain takes: endorsers and admitted organisations of list 0 (D73). */
export function mayCarry(state: StateReader, account: Uint8Array): boolean {
  return isEndorser(state, account) || isMember(state, account)
}

export function isEndorser(state: StateReader, account: Uint8Array, list = 0): boolean {
  return endorsersOf(state, list).some((one) => equalBytes(one.account, account))
}

export function endorsersOf(state: StateReader, list = 0): readonly Endorser[] {
  return endorserListOf(state, list)?.endorsers ?? []
}

export function endorserListOf(state: StateReader, list = 0): EndorserList | undefined {
  return readListOf(readerOf(state, ADMISSION), list)
}

export function isMember(state: StateReader, account: Uint8Array, list = 0): boolean {
  return admittedOf(state, account, list) !== undefined
}

export function admittedOf(state: StateReader, account: Uint8Array, list = 0): Admitted | undefined {
  const own = readerOf(state, ADMISSION)
  const record = readListOf(own, list)
  const known = record && readOrganisation(own, list, account)
  if (record === undefined || known === undefined || !isAdmitted(record, known)) return undefined
  const { name, contact, ringKey, draw, endorsements } = known
  const endorsers = voicesThatCount(record, endorsements).map((one) => one.account)
  return { account, name, contact, ringKey, endorsers, salt: saltOf(own, list, ringKey, draw) }
}

/** Whose machine has this ring key, if it is admitted. */
export function admittedByRingKey(state: StateReader, ringKey: Uint8Array, list = 0): Admitted | undefined {
  const account = readAccountOfKey(readerOf(state, ADMISSION), list, ringKey)
  return account && admittedOf(state, account, list)
}

/** All who may be in the ring of a list, in the order of their places. Those whose salt is not drawn yet come with the draw. */
export function ringMembersOf(state: StateReader, list = 0): RingMember[] {
  return everybodyOf(state, list).flatMap(({ account, ringKey, salt }) =>
    salt === undefined ? [] : [{ account, ringKey, salt, nodeId: sha256(ringKey, salt) }],
  )
}

/** All admitted organisations of a list. */
export function everybodyOf(state: StateReader, list = 0): Admitted[] {
  const own = readerOf(state, ADMISSION)
  const pages = Math.ceil((readListOf(own, list)?.count ?? 0) / limits.PAGE_ROWS)
  const rows = Array.from({ length: pages }, (_, page) => readPage(own, list, page)).flat()
  return rows.flatMap(({ account }) => admittedOf(state, account, list) ?? [])
}

/** Where draws are: which validators have still to send what. */
export function beaconOf(state: StateReader): Beacon {
  return readBeacon(readerOf(state, ADMISSION))
}

/** The epoch of a height, by the beacon's count. */
export function epochAt(state: StateReader, height: number): number {
  return epochOf(beaconOf(state), height)
}

function saltOf(own: StateReader, list: number, ringKey: Uint8Array, draw: number): Uint8Array | undefined {
  const randomness = readDraw(own, draw)
  return randomness && saltFrom(randomness, list, ringKey)
}
